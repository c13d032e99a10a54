"""Whether pairs and lists that were kept are still those that all orders give."""

from collections.abc import Sequence

import polars as pl

from retention.affinity import bought_next, bought_together
from retention.columns import KIND, TOTAL
from retention.kept_lists import LIST_KEY, PAIR_KEY, KeptLists
from retention.recommend import listed, orders_with


def drifted_pairs(
    pairs: pl.DataFrame, lines: pl.DataFrame, window_days: int, totals: tuple[int, int]
) -> int:
    """Return in how many rows `pairs` (`PAIRS`) are not those of all `lines` (`LINES`).

    `totals` are the orders and the customers that the rows were to be of.
    """
    return _differing(pairs, _all_pairs(lines, window_days, totals), PAIR_KEY)


def drifted_lists(recommendations: pl.DataFrame, lines: pl.DataFrame, kept: KeptLists) -> int:
    """Return in how many rows `recommendations` are not those of all `lines` (`LINES`).

    The store as a whole, its products and the merchant's choices are taken as `kept` has them.
    """
    totals = (kept.around.orders, kept.around.customers)
    pairs = _all_pairs(lines, kept.options.next_purchase_days, totals)
    expected = listed(pairs, orders_with(lines), kept.products, kept.around, kept.rules)
    return _differing(recommendations, expected, LIST_KEY)


def likely_totals(pairs: pl.DataFrame) -> tuple[int, int]:
    """Return of how many orders and customers `pairs` (`PAIRS`) are, as most rows say."""
    found = [
        pairs.filter(pl.col(KIND) == kind)[TOTAL].mode().to_list() for kind in ("together", "next")
    ]
    orders, customers = (max(totals, default=0) for totals in found)
    return orders, customers


def _all_pairs(lines: pl.DataFrame, window_days: int, totals: tuple[int, int]) -> pl.DataFrame:
    return pl.concat(
        [
            bought_together(lines, total=totals[0]),
            bought_next(lines, window_days, total=totals[1]),
        ]
    )


def _differing(found: pl.DataFrame, expected: pl.DataFrame, key: Sequence[str]) -> int:
    wrong = expected.join(found, on=expected.columns, how="anti")
    too_many = found.join(expected, on=key, how="anti")
    return wrong.height + too_many.height
