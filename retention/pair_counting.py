"""Counting pairs of products and keeping each product's best ones: the part that takes long.

Weights are whole multiples of `WEIGHT_UNIT`, so that their sums are exact: they are the same in
whichever sequence orders are added or taken away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from retention.arrays import Cells, Floats, Integers
from retention.baskets import Baskets
from retention.compiled import cores, in_threads
from retention.kernels import counting
from retention.kernels.counting import MOST_PRODUCTS, PRODUCT_BITS, Found
from retention.kernels.orders import turn
from retention.kernels.sums import WEIGHT_UNIT

PAIRS_AT_ONCE = 1 << 28
"""How many pairs are held at once, in 4 bytes each; more are counted for some products after
the other."""

PARTS_PER_CORE = 8

LONGEST_SIZE = (1 << (32 - PRODUCT_BITS)) - 1


@dataclass(frozen=True, slots=True)
class Ranking:
    """How pairs become scores and which are kept.

    The score of a pair is its weight / (`base_power` of the product times `other_power` of the
    other one). Of the pairs counted at least `smallest_count` times the `top` best are kept:
    those of higher score, then of higher count, then of the other product's smaller identifier.
    """

    base_power: Floats
    other_power: Floats
    smallest_count: int
    top: int


@dataclass(frozen=True, slots=True)
class BestPairs:
    """Pairs by the places of their products, sorted by product and rank."""

    product: Integers
    other: Cells
    count: Integers
    score: Floats


@dataclass(frozen=True, slots=True)
class Later:
    """What each order's customer bought later: `products[begins[k] : ends[k]]` after order k."""

    begins: Integers
    ends: Integers
    products: Cells


def weights_of_sizes(weights: Floats) -> Integers:
    """Return the weights in whole units; the weight of orders of n products is at n, 0 if none.

    Raises ValueError when there are more sizes than a pair can tell.
    """
    if len(weights) > LONGEST_SIZE + 1:
        raise ValueError(f"weights: {len(weights) - 1} sizes; orders count up to {LONGEST_SIZE}")
    return np.rint(weights / WEIGHT_UNIT).astype(np.int64)


def best_together(orders: Baskets, weights: Integers, ranking: Ranking) -> BestPairs:
    """Return the best pairs of products within one order.

    `weights` (see `weights_of_sizes`) says what a pair in an order of each size weighs; larger
    orders make no pairs. Each pair of each order is first written to a place of its product, so
    that then only one product's pairs are summed at a time, in the processor's cache. Raises
    ValueError when there are too many products.
    """
    if len(orders.product_ids) > MOST_PRODUCTS:
        raise ValueError(
            f"{len(orders.product_ids):,} products; pairs are counted of {MOST_PRODUCTS:,} at most"
        )
    cuts = _even_cuts(orders.starts, cores())
    lengths = np.zeros((len(cuts) - 1, len(orders.product_ids)), dtype=np.int64)
    in_threads(
        lambda part: counting.count_pairs(
            orders.starts, orders.products, part[1], len(weights), lengths[part[0]]
        ),
        enumerate(pairwise(cuts)),
    )
    found = [
        part
        for some in _portions(lengths.sum(axis=0))
        for part in _best_of_some(orders, weights, ranking, some, cuts, lengths)
    ]
    return _joined(found)


def best_next(first: Baskets, later: Later, ranking: Ranking) -> BestPairs:
    """Return the best pairs of a product and another one bought later; each order weighs 1.

    `first` has of each order the products that its customer bought for the first time. What
    occurs more than once in what was bought later counts once.
    """
    starts, orders = orders_of_products(first)
    work = np.concatenate([[0], np.cumsum((later.ends - later.begins)[orders])])[starts]
    cuts = _even_cuts(work, PARTS_PER_CORE * cores())
    return _joined(
        in_threads(
            lambda rows: counting.rank_next(
                rows,
                (starts, orders),
                (later.begins, later.ends, later.products),
                (ranking.base_power, ranking.other_power, first.product_ids),
                (ranking.smallest_count, ranking.top),
            ),
            pairwise(cuts),
        )
    )


def _portions(lengths: Integers) -> Iterator[tuple[int, int]]:
    """Yield ranges of products whose pairs, so many of each, can be held at once."""
    ends = np.cumsum(lengths)
    first = 0
    while first < len(lengths):
        held = ends[first - 1] if first else 0
        last = max(int(np.searchsorted(ends, held + PAIRS_AT_ONCE, "right")), first + 1)
        yield first, last
        first = last


def _best_of_some(
    orders: Baskets,
    weights: Integers,
    ranking: Ranking,
    some: tuple[int, int],
    cuts: Sequence[int],
    lengths: Integers,
) -> list[Found]:
    """Return the best pairs of the products of one range."""
    inside = lengths[:, slice(*some)]
    starts = np.concatenate([[0], np.cumsum(inside.sum(axis=0))])
    # Each thread writes the pairs of its orders to places of its own, in the orders' sequence.
    free = starts[:-1] + np.cumsum(inside, axis=0) - inside
    pairs = np.empty(starts[-1], dtype=np.uint32)
    in_threads(
        lambda part: counting.write_pairs(
            orders.starts, orders.products, part[1], len(weights), some, free[part[0]], pairs
        ),
        enumerate(pairwise(cuts)),
    )
    return in_threads(
        lambda rows: counting.rank_together(
            rows,
            (some[0], starts, pairs),
            weights,
            (ranking.base_power, ranking.other_power, orders.product_ids),
            (ranking.smallest_count, ranking.top),
        ),
        pairwise(_even_cuts(starts, PARTS_PER_CORE * cores())),
    )


def _even_cuts(ends: Integers, parts: int) -> list[int]:
    """Return where to cut rows, which end at `ends` (0 first), for parts of about equal length."""
    wanted = np.linspace(0, ends[-1], parts + 1).astype(np.int64)
    return [int(cut) for cut in np.unique(np.searchsorted(ends, wanted))]


def orders_of_products(orders: Baskets) -> tuple[Integers, Cells]:
    """Return where each product's orders start, and the orders."""
    starts = np.concatenate([[0], np.cumsum(orders.base)])
    places = np.empty(len(orders.products), dtype=np.int32)
    turn(orders.starts, orders.products, starts[:-1].copy(), places)
    return starts, places


def _joined(found: Sequence[Found]) -> BestPairs:
    if not found:
        nothing = np.empty(0, dtype=np.int64)
        return BestPairs(nothing, np.empty(0, dtype=np.int32), nothing, np.empty(0))
    return BestPairs(*(np.concatenate(column) for column in zip(*found, strict=True)))
