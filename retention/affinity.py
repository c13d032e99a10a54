"""Products bought together in one order, and products bought next in a later one.

Pairs are ranked by an asymmetric cosine (F. Aiolli, "Efficient top-N recommendation for very
large scale binary rated datasets", RecSys 2013): the count divided by base^0.85 times
other_base^0.15. Lift and plain cosine would put pairs first that occurred a few times by
chance; lift is therefore shown and never ranked by. In a basket of n products each pair weighs
1 / sqrt(n - 1), because one product more in a long list says little about another.
"""

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention.arrays import Integers
from retention.baskets import Histories, baskets, histories
from retention.columns import (
    BASE,
    BASE_RATE,
    CONFIDENCE,
    COUNT,
    KIND,
    LIFT,
    LINES,
    OTHER_BASE,
    OTHER_ID,
    PAIRS,
    PRODUCT_ID,
    SCORE,
    SUPPORT,
    TOTAL,
    require,
)
from retention.kernels.orders import note_first
from retention.pair_counting import (
    BestPairs,
    Later,
    Ranking,
    best_next,
    best_together,
    weights_of_sizes,
)

LONGEST_ORDER = 200
"""An order of more distinct products (a wholesale list, an import) makes no pairs: it counts
only in how many orders and buyers each product has."""

LONGEST_HISTORY = 1000
"""A customer of more orders (a till whose sales all go to one account) makes no pairs of what was
bought next: it counts only in how many buyers each product has."""

SMALLEST_COUNT = 2
"""A pair seen once is no pattern."""

BASE_EXPONENT = 0.85

MICROSECONDS_PER_DAY = 86_400_000_000


def bought_together(lines: pl.DataFrame, top: int = 20, total: int | None = None) -> pl.DataFrame:
    """Return each product's `top` best pairs (columns `PAIRS`) within one order.

    `lines` has the columns `LINES`. All numbers count orders, of which there are `total` if that
    is given. Rows are sorted by product and falling score. Raises ValueError when a column is
    missing or `top` is below 1.
    """
    _check(lines, top)
    orders = baskets(lines)
    best = best_together(orders, weights_of_sizes(pair_weights()), ranking(orders.base, top))
    count = len(orders.starts) - 1 if total is None else total
    return pairs_table("together", best, orders.base, count, orders.product_ids)


def bought_next(
    lines: pl.DataFrame, window_days: int = 180, top: int = 20, total: int | None = None
) -> pl.DataFrame:
    """Return each product's `top` best pairs (columns `PAIRS`) with a later order.

    A customer who first bought the product at time t counts for the other one when any of the
    customer's orders later than t, and at most `window_days` later, has it. Orders of more than
    200 products and customers of more than 1,000 orders make no pairs. `lines` has the columns
    `LINES`; lines without a customer are left out. All numbers count customers, of whom there are
    `total` if that is given. Rows are sorted by product and falling score. Raises ValueError when
    a column is missing, or `top` or `window_days` is below 1.
    """
    _check(lines, top)
    bought = histories(lines)
    best, base = best_next_of(bought, window_days, top)
    customers = len(bought.customer_ids) if total is None else total
    return pairs_table("next", best, base, customers, bought.orders.product_ids)


def best_next_of(bought: Histories, window_days: int, top: int) -> tuple[BestPairs, Integers]:
    """Return the best pairs of what was bought next, and how many buyers each product has.

    Raises ValueError when `window_days` is below 1.
    """
    if window_days < 1:
        raise ValueError(f"window_days is {window_days}; give at least one day")
    first = _first_purchases(bought)
    base = _buyers(bought, first)
    held = np.repeat(makes_pairs(bought), bought.orders.sizes)
    short = bought.orders.only(held)
    starts, ends = _later_orders(bought, window_days)
    best = best_next(
        bought.orders.only(held & first),
        Later(short.starts[starts], short.starts[ends], short.products),
        ranking(base, top),
    )
    return best, base


def buyers(bought: Histories) -> Integers:
    """Return how many customers bought each product."""
    return _buyers(bought, _first_purchases(bought))


def makes_pairs(bought: Histories) -> NDArray[np.bool_]:
    """Return for each order whether it is neither too long itself nor in too long a history."""
    orders = np.bincount(bought.customers)[bought.customers]
    fits: NDArray[np.bool_] = (bought.orders.sizes <= LONGEST_ORDER) & (orders <= LONGEST_HISTORY)
    return fits


def pair_weights() -> NDArray[np.float64]:
    """What a pair weighs in an order of n distinct products, at n; larger orders weigh nothing."""
    sizes = np.arange(2, LONGEST_ORDER + 1)
    return np.concatenate([[0, 0], 1 / np.sqrt(sizes - 1)])


def ranking(base: Integers, top: int) -> Ranking:
    """How pairs are scored and how many are kept, of products with so many orders or buyers."""
    bought = np.maximum(base, 1)
    return Ranking(
        base_power=bought**BASE_EXPONENT,
        other_power=bought ** (1 - BASE_EXPONENT),
        smallest_count=SMALLEST_COUNT,
        top=top,
    )


def _check(lines: pl.DataFrame, top: int) -> None:
    require(lines, LINES, "lines")
    if top < 1:
        raise ValueError(f"top is {top}; keep at least one pair per product")


def _buyers(bought: Histories, first: NDArray[np.bool_]) -> Integers:
    products = bought.orders.products[first]
    return np.bincount(products, minlength=len(bought.orders.product_ids)).astype(np.int64)


def _first_purchases(bought: Histories) -> NDArray[np.bool_]:
    """Return for each cell of the orders whether its customer bought the product first there."""
    first = np.zeros(len(bought.orders.products), dtype=np.bool_)
    last_buyer = np.full(len(bought.orders.product_ids), -1, dtype=np.int64)
    note_first(bought.orders.starts, bought.orders.products, bought.customers, last_buyer, first)
    return first


def _later_orders(orders: Histories, window_days: int) -> tuple[Integers, Integers]:
    """Return for each order where its customer's later orders in the window start and end."""
    times, rank = np.unique(orders.placed_at, return_inverse=True)
    within = np.searchsorted(times, orders.placed_at + window_days * MICROSECONDS_PER_DAY, "right")
    # Customer and time in one rising number: all of a customer's times lie below the next one's.
    customer = orders.customers * (len(times) + 1)
    keys = customer + rank
    starts = np.searchsorted(keys, keys, "right")
    ends = np.searchsorted(keys, customer + within, "left")
    return starts, np.maximum(starts, ends)


def pairs_table(
    kind: Literal["together", "next"],
    best: BestPairs,
    base: Integers,
    total: int,
    product_ids: Integers,
) -> pl.DataFrame:
    """Return the pairs as `PAIRS`, with rates taken by numpy, so that 3 of 5 are exactly 0.6."""
    count, own, other = best.count, base[best.product], base[best.other]
    return pl.DataFrame(
        {
            KIND: pl.repeat(kind, len(count), dtype=pl.String, eager=True),
            PRODUCT_ID: product_ids[best.product],
            OTHER_ID: product_ids[best.other],
            COUNT: count,
            BASE: own,
            OTHER_BASE: other,
            TOTAL: np.full(len(count), total, dtype=np.int64),
            SUPPORT: count / max(total, 1),
            CONFIDENCE: count / own,
            BASE_RATE: other / max(total, 1),
            LIFT: (count * total) / (own * other),
            SCORE: best.score,
        },
        schema=PAIRS,
    )
