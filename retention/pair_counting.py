"""Counting pairs of products and keeping each product's best ones: the part that takes long.

Weights are whole multiples of `WEIGHT_UNIT`, so that their sums are exact: they are the same in
whichever sequence orders are added or taken away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from retention.baskets import Baskets, Cells, Integers
from retention.compiled import compiled, cores, in_threads

Floats = NDArray[np.float64]
Packed = NDArray[np.uint32]
Found = tuple[Integers, Integers, Integers, Floats]

WEIGHT_UNIT = 2.0**-38
"""Sums stay exact up to 33 million orders of one pair."""

SCORE_DIGITS = 1e10
"""Scores are rounded to ten decimals: equal numbers stay equal when weights are whole units."""

PAIRS_AT_ONCE = 1 << 28
"""How many pairs are held at once, in 4 bytes each; more are counted for some products after
the other."""

PARTS_PER_CORE = 8

PRODUCT_BITS = 24
"""A pair's other product takes 24 bits and the size of the order 8."""

MOST_PRODUCTS = 1 << PRODUCT_BITS
LONGEST_SIZE = (1 << (32 - PRODUCT_BITS)) - 1


@dataclass(frozen=True, slots=True)
class Ranking:
    """How pairs become scores and which are kept.

    The score of a pair is its weight / (`base_power` of the product times `other_power` of the
    other one). Of the pairs counted at least `smallest_count` times the `top` best are kept:
    those of higher score, then of higher count, then of the other product that comes first.
    """

    base_power: Floats
    other_power: Floats
    smallest_count: int
    top: int


@dataclass(frozen=True, slots=True)
class BestPairs:
    """Pairs by the places of their products, sorted by product and rank."""

    product: Integers
    other: Integers
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
        lambda part: _count_pairs(
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
    starts, orders = _orders_of_products(first)
    work = np.concatenate([[0], np.cumsum((later.ends - later.begins)[orders])])[starts]
    cuts = _even_cuts(work, PARTS_PER_CORE * cores())
    return _joined(
        in_threads(
            lambda rows: _rank_next(
                rows,
                (starts, orders),
                (later.begins, later.ends, later.products),
                (ranking.base_power, ranking.other_power),
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
        lambda part: _write_pairs(
            orders.starts, orders.products, part[1], len(weights), some, free[part[0]], pairs
        ),
        enumerate(pairwise(cuts)),
    )
    return in_threads(
        lambda rows: _rank_together(
            rows,
            (some[0], starts, pairs),
            weights,
            (ranking.base_power, ranking.other_power),
            (ranking.smallest_count, ranking.top),
        ),
        pairwise(_even_cuts(starts, PARTS_PER_CORE * cores())),
    )


def _even_cuts(ends: Integers, parts: int) -> list[int]:
    """Return where to cut rows, which end at `ends` (0 first), for parts of about equal length."""
    wanted = np.linspace(0, ends[-1], parts + 1).astype(np.int64)
    return [int(cut) for cut in np.unique(np.searchsorted(ends, wanted))]


def _orders_of_products(orders: Baskets) -> tuple[Integers, Cells]:
    """Return where each product's orders start, and the orders."""
    starts = np.concatenate([[0], np.cumsum(orders.base)])
    places = np.empty(len(orders.products), dtype=np.int32)
    _turn(orders.starts, orders.products, starts[:-1].copy(), places)
    return starts, places


def _joined(found: Sequence[Found]) -> BestPairs:
    if not found:
        nothing = np.empty(0, dtype=np.int64)
        return BestPairs(nothing, nothing, nothing, np.empty(0))
    return BestPairs(*(np.concatenate(column) for column in zip(*found, strict=True)))


@compiled
def _turn(starts: Integers, products: Cells, free: Integers, orders: Cells) -> None:
    for order in range(len(starts) - 1):
        for cell in range(starts[order], starts[order + 1]):
            product = products[cell]
            orders[free[product]] = order
            free[product] += 1


@compiled
def _count_pairs(
    starts: Integers, products: Cells, part: tuple[int, int], sizes: int, lengths: Integers
) -> None:
    for order in range(part[0], part[1]):
        size = starts[order + 1] - starts[order]
        if 1 < size < sizes:
            for cell in range(starts[order], starts[order + 1]):
                lengths[products[cell]] += size - 1


@compiled
def _write_pairs(
    starts: Integers,
    products: Cells,
    part: tuple[int, int],
    sizes: int,
    some: tuple[int, int],
    free: Integers,
    pairs: Packed,
) -> None:
    """Write each pair of some products, packed with the size of its order, where it belongs."""
    for order in range(part[0], part[1]):
        begin, end = starts[order], starts[order + 1]
        size = end - begin
        if not 1 < size < sizes:
            continue
        packed_size = np.uint32(size) << np.uint32(PRODUCT_BITS)
        for cell in range(begin, end):
            row = products[cell] - some[0]
            if row < 0 or products[cell] >= some[1]:
                continue
            place = free[row]
            free[row] += size - 1
            for other in range(begin, cell):
                pairs[place] = np.uint32(products[other]) | packed_size
                place += 1
            for other in range(cell + 1, end):
                pairs[place] = np.uint32(products[other]) | packed_size
                place += 1


@compiled
def _rank_together(
    rows: tuple[int, int],
    written: tuple[int, Integers, Packed],
    weights: Integers,
    powers: tuple[Floats, Floats],
    limits: tuple[int, int],
) -> Found:
    """Sum each row's pairs, one row after the other, and keep the best."""
    first, starts, pairs = written
    totals = np.zeros((len(powers[0]), 2), dtype=np.int64)
    seen = np.empty(len(powers[0]), dtype=np.int32)
    kept = _room(starts, rows, limits[1])
    filled = 0
    for row in range(rows[0], rows[1]):
        many = 0
        for place in range(starts[row], starts[row + 1]):
            other = pairs[place] & np.uint32(MOST_PRODUCTS - 1)
            if totals[other, 0] == 0:
                seen[many] = other
                many += 1
            totals[other, 0] += 1
            totals[other, 1] += weights[pairs[place] >> np.uint32(PRODUCT_BITS)]
        filled = _keep_best(
            first + row, seen[:many], (totals, WEIGHT_UNIT), powers, limits, kept, filled
        )
    return kept[0][:filled], kept[1][:filled], kept[2][:filled], kept[3][:filled]


@compiled
def _rank_next(
    rows: tuple[int, int],
    bought: tuple[Integers, Cells],
    later: tuple[Integers, Integers, Cells],
    powers: tuple[Floats, Floats],
    limits: tuple[int, int],
) -> Found:
    """Count for each product what its buyers bought later, each other product once a buyer."""
    starts, orders = bought
    begins, ends, products = later
    totals = np.zeros((len(powers[0]), 2), dtype=np.int64)
    seen = np.empty(len(powers[0]), dtype=np.int32)
    counted_for = np.full(len(powers[0]), -1, dtype=np.int64)
    kept = _room(np.arange(len(starts)) * limits[1], rows, limits[1])
    filled = 0
    for row in range(rows[0], rows[1]):
        many = 0
        for place in range(starts[row], starts[row + 1]):
            for cell in range(begins[orders[place]], ends[orders[place]]):
                other = products[cell]
                if counted_for[other] == place or other == row:
                    continue
                counted_for[other] = place
                if totals[other, 0] == 0:
                    seen[many] = other
                    many += 1
                totals[other, 0] += 1
                totals[other, 1] += 1
        filled = _keep_best(row, seen[:many], (totals, 1.0), powers, limits, kept, filled)
    return kept[0][:filled], kept[1][:filled], kept[2][:filled], kept[3][:filled]


@compiled
def _room(starts: Integers, rows: tuple[int, int], top: int) -> Found:
    size = 0
    for row in range(rows[0], rows[1]):
        size += min(top, starts[row + 1] - starts[row])
    return (
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.float64),
    )


@compiled
def _keep_best(
    product: int,
    seen: Cells,
    counted: tuple[Integers, float],
    powers: tuple[Floats, Floats],
    limits: tuple[int, int],
    kept: Found,
    begin: int,
) -> int:
    """Keep the product's best pairs from `begin` on and return where they end; empty `totals`."""
    totals, unit = counted
    smallest_count, top = limits
    _, others, counts, scores = kept
    end = begin
    for other in seen:
        count, weight = totals[other, 0], totals[other, 1]
        totals[other, 0] = totals[other, 1] = 0
        if count < smallest_count:
            continue
        score = _score(weight * unit, powers[0][product], powers[1][other])
        place = end
        while place > begin and (
            score > scores[place - 1]
            or (
                score == scores[place - 1]
                and (
                    count > counts[place - 1]
                    or (count == counts[place - 1] and other < others[place - 1])
                )
            )
        ):
            place -= 1
        if place == begin + top:
            continue
        end = min(end + 1, begin + top)
        for moved in range(end - 1, place, -1):
            others[moved], counts[moved] = others[moved - 1], counts[moved - 1]
            scores[moved] = scores[moved - 1]
        others[place], counts[place], scores[place] = other, count, score
    kept[0][begin:end] = product
    return end


@compiled
def _score(weight: float, base_power: float, other_power: float) -> float:
    score: float = np.rint(weight / (base_power * other_power) * SCORE_DIGITS) / SCORE_DIGITS
    return score
