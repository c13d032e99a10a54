"""Products bought together in one order, and products bought next in a later one.

Pairs are ranked by an asymmetric cosine (F. Aiolli, "Efficient top-N recommendation for very
large scale binary rated datasets", RecSys 2013): the count divided by base^0.85 times
other_base^0.15. Lift and plain cosine would put pairs first that occurred a few times by
chance; lift is therefore shown and never ranked by. In a basket of n products each pair weighs
1 / sqrt(n - 1), because one product more in a long list says little about another.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from retention.baskets import Baskets, Counts, Integers, baskets, matrix
from retention.columns import (
    BASE,
    BASE_RATE,
    CONFIDENCE,
    COUNT,
    CUSTOMER_ID,
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

LONGEST_ORDER = 200
"""An order of more distinct products (a wholesale list, an import) makes no pairs: it counts
only in how many orders and buyers each product has."""

SMALLEST_COUNT = 2
"""A pair seen once is no pattern."""

BASE_EXPONENT = 0.85

CHUNK_CELLS = 10_000_000
"""How many products in later orders are held at once while pairs bought next are counted."""

MICROSECONDS_PER_DAY = 86_400_000_000


def bought_together(lines: pl.DataFrame, top: int = 20) -> pl.DataFrame:
    """Return each product's `top` best pairs (columns `PAIRS`) within one order.

    `lines` has the columns `LINES`. All numbers count orders. Rows are sorted by product and
    falling score. Raises ValueError when a column is missing or `top` is below 1.
    """
    _check(lines, top)
    orders = baskets(lines)
    held = orders.without_long_orders(LONGEST_ORDER)
    # The weight of a pair is the product of the weights of its two cells.
    root_weight = np.maximum(orders.sizes - 1, 1) ** -0.25
    weighted = sparse.csr_array(sparse.diags_array(root_weight) @ held)
    base = _column_sums(orders.held)
    counts = sparse.csr_array(held.T @ held)
    weights = sparse.csr_array(weighted.T @ weighted)
    return _best_pairs(
        "together", counts, weights, base, orders.held.shape[0], orders.product_ids, top
    )


def bought_next(lines: pl.DataFrame, window_days: int = 180, top: int = 20) -> pl.DataFrame:
    """Return each product's `top` best pairs (columns `PAIRS`) with a later order.

    A customer who first bought the product at time t counts for the other one when any of the
    customer's orders later than t, and at most `window_days` later, has it. `lines` has the
    columns `LINES`; lines without a customer are left out. All numbers count customers. Rows are
    sorted by product and falling score. Raises ValueError when a column is missing, or `top` or
    `window_days` is below 1.
    """
    _check(lines, top)
    if window_days < 1:
        raise ValueError(f"window_days is {window_days}; give at least one day")
    orders = baskets(lines.filter(pl.col(CUSTOMER_ID).is_not_null()))
    buyers = _first_purchases(orders)
    held = orders.without_long_orders(LONGEST_ORDER)
    first = sparse.csr_array(buyers.multiply(held))
    starts, ends = _later_orders(orders, window_days)
    nowhere = np.empty(0, dtype=np.int64)
    counts = matrix(nowhere, nowhere, (first.shape[1], first.shape[1]))
    for rows in _chunks(first, held, starts, ends):
        later = _union(held, starts[rows], ends[rows])
        counts = sparse.csr_array(counts + first[rows].T @ later)
    total = len(np.unique(orders.customers))
    return _best_pairs("next", counts, counts, _column_sums(buyers), total, orders.product_ids, top)


def _check(lines: pl.DataFrame, top: int) -> None:
    require(lines, LINES, "lines")
    if top < 1:
        raise ValueError(f"top is {top}; keep at least one pair per product")


def _column_sums(table: Counts) -> Integers:
    return np.bincount(table.indices, minlength=table.shape[1]).astype(np.int64)


def _first_purchases(orders: Baskets) -> Counts:
    """Return orders x products: 1 where this order is its customer's first of the product."""
    rows, columns = orders.held.nonzero()
    # Rows are sorted by customer and time, so that a customer's first cell of a product, whose
    # index np.unique returns, is the first purchase.
    key = orders.customers[rows] * orders.held.shape[1] + columns
    _, first = np.unique(key, return_index=True)
    return matrix(rows[first], columns[first], orders.held.shape)


def _later_orders(orders: Baskets, window_days: int) -> tuple[Integers, Integers]:
    """Return for each order where its customer's later orders in the window start and end."""
    times, rank = np.unique(orders.placed_at, return_inverse=True)
    within = np.searchsorted(times, orders.placed_at + window_days * MICROSECONDS_PER_DAY, "right")
    # Customer and time in one rising number: all of a customer's times lie below the next one's.
    customer = orders.customers * (len(times) + 1)
    keys = customer + rank
    starts = np.searchsorted(keys, keys, "right")
    ends = np.searchsorted(keys, customer + within, "left")
    return starts, np.maximum(starts, ends)


def _chunks(first: Counts, held: Counts, starts: Integers, ends: Integers) -> Iterator[Integers]:
    """Yield rows that have a first purchase and later orders, few enough to hold at once."""
    rows = np.flatnonzero((np.diff(first.indptr) > 0) & (ends > starts))
    cells = held.indptr.astype(np.int64)
    filled = np.cumsum(cells[ends[rows]] - cells[starts[rows]] + (ends[rows] - starts[rows]))
    cuts = np.flatnonzero(np.diff(filled // CHUNK_CELLS)) + 1
    yield from (part for part in np.split(rows, cuts) if len(part))


def _union(held: Counts, starts: Integers, ends: Integers) -> Counts:
    """Return one row per range of orders: 1 for each product that any of them has."""
    lengths = ends - starts
    pointers = np.concatenate([[0], np.cumsum(lengths)])
    places = np.arange(pointers[-1]) + np.repeat(starts - pointers[:-1], lengths)
    ones = np.ones(len(places), dtype=np.int32)
    ranges = sparse.csr_array((ones, places, pointers), shape=(len(starts), held.shape[0]))
    union = sparse.csr_array(ranges @ held)
    union.data[:] = 1
    return union


def _best_pairs(
    kind: Literal["together", "next"],
    counts: Counts,
    weights: Counts,
    base: Integers,
    total: int,
    product_ids: Integers,
    top: int,
) -> pl.DataFrame:
    """Return the table of the pairs that `counts` and `weights`, of one pattern, hold."""
    counts.sort_indices()
    weights.sort_indices()
    product = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    chosen = (counts.data >= SMALLEST_COUNT) & (product != counts.indices)
    product, other = product[chosen], counts.indices[chosen]
    table = pl.DataFrame(
        {
            PRODUCT_ID: product_ids[product],
            OTHER_ID: product_ids[other],
            COUNT: counts.data[chosen].astype(np.int64),
            BASE: base[product],
            OTHER_BASE: base[other],
            SCORE: _score(weights.data[chosen], base[product], base[other]),
        }
    )
    best = table.sort(
        PRODUCT_ID, SCORE, COUNT, OTHER_ID, descending=[False, True, True, False]
    ).filter(pl.int_range(pl.len()).over(PRODUCT_ID) < top)
    return _with_rates(best.with_columns(pl.lit(kind).alias(KIND)), total)


def _with_rates(pairs: pl.DataFrame, total: int) -> pl.DataFrame:
    """Return the pairs as `PAIRS`.

    The rates are taken by numpy, for polars multiplies by the reciprocal of a constant: 3 of 5
    would not be 0.6, nor the lift exactly 1 where the other product is bought as often as usual.
    """
    count, base, other = (pairs[name].to_numpy() for name in (COUNT, BASE, OTHER_BASE))
    rates = {
        TOTAL: np.full(pairs.height, total, dtype=np.int64),
        SUPPORT: count / max(total, 1),
        CONFIDENCE: count / base,
        BASE_RATE: other / max(total, 1),
        LIFT: (count * total) / (base * other),
    }
    return pairs.with_columns(pl.Series(name, rate) for name, rate in rates.items()).select(
        PAIRS.names()
    )


def _score(weight: NDArray[np.float64], base: Integers, other: Integers) -> NDArray[np.float64]:
    score = weight / (base**BASE_EXPONENT * other ** (1 - BASE_EXPONENT))
    # Sums of the same weights in another sequence differ in the last digits: they are ties.
    return np.round(score, 12)
