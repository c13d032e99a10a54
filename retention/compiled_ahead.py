"""Having what counts pairs compiled before the first store waits for it.

Compiling takes half a minute on a machine that never did, and half a second when the code is kept.
"""

from datetime import UTC, datetime, timedelta

import polars as pl

from retention.columns import LINES, PRODUCTS
from retention.kept_lists import KeptLists, Options

ORDERS = ((1, 1, (1, 2, 3)), (2, 1, (1, 2)), (3, 2, (1, 2, 4)), (4, 2, (2, 3)), (5, 3, (1, 3)))
"""Order, customer and products: whatever has a pair within orders and one with later orders."""


def compile_ahead() -> None:
    """Make lists of a few orders, and take in that one changes, one comes, and it goes."""
    products = pl.DataFrame([(one, 1, True) for one in range(1, 6)], schema=PRODUCTS, orient="row")
    lists = KeptLists(_lines(*ORDERS), products, Options(180, 5, 60))
    lists.take_in([2, 6], _lines((2, 1, (1,)), (6, 3, (2, 5))), products)
    lists.take_in([6], _lines(), products)


def _lines(*orders: tuple[int, int, tuple[int, ...]]) -> pl.DataFrame:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        (order, customer, start + timedelta(days=order), position, product, 1, 1)
        for order, customer, held in orders
        for position, product in enumerate(held)
    ]
    return pl.DataFrame(rows, schema=LINES, orient="row")
