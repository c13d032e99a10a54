"""The compiled loops of `retention.pair_counting` and `retention.pair_index`.

Products and orders are told by their places.
"""

import numpy as np
from numpy.typing import NDArray

from retention.baskets import Cells, Integers
from retention.compiled import compiled

Floats = NDArray[np.float64]
Packed = NDArray[np.uint32]
Found = tuple[Integers, Integers, Integers, Floats]
"""Pairs: product, other product, count and score."""

Measure = tuple[Floats, Floats, Integers]
"""The powers of each product's base as the product and as the other one, and its identifier."""

WEIGHT_UNIT = 2.0**-38
"""Sums stay exact up to 33 million orders of one pair."""

SCORE_DIGITS = 1e10
"""Scores are rounded to ten decimals: equal numbers stay equal when weights are whole units."""

PRODUCT_BITS = 24
"""A pair's other product takes 24 bits and the size of the order 8."""

MOST_PRODUCTS = 1 << PRODUCT_BITS


@compiled
def turn(starts: Integers, products: Cells, free: Integers, orders: Cells) -> None:
    """Write the orders of each product, from its place in `free` on."""
    for order in range(len(starts) - 1):
        for cell in range(starts[order], starts[order + 1]):
            product = products[cell]
            orders[free[product]] = order
            free[product] += 1


@compiled
def pack(begins: Integers, sizes: Integers, cells: Cells, starts: Integers, packed: Cells) -> None:
    """Copy lists to where they start in another array."""
    for place in range(len(begins)):
        for cell in range(sizes[place]):
            packed[starts[place] + cell] = cells[begins[place] + cell]


@compiled
def count_pairs(
    starts: Integers, products: Cells, part: tuple[int, int], sizes: int, lengths: Integers
) -> None:
    """Add to each product the number of pairs that it has in the orders of a part."""
    for order in range(part[0], part[1]):
        size = starts[order + 1] - starts[order]
        if 1 < size < sizes:
            for cell in range(starts[order], starts[order + 1]):
                lengths[products[cell]] += size - 1


@compiled
def write_pairs(
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
def rank_together(
    rows: tuple[int, int],
    written: tuple[int, Integers, Packed],
    weights: Integers,
    measure: Measure,
    limits: tuple[int, int],
) -> Found:
    """Sum each row's pairs, one row after the other, and keep the best."""
    first, starts, pairs = written
    totals = np.zeros((len(measure[0]), 2), dtype=np.int64)
    seen = np.empty(len(measure[0]), dtype=np.int32)
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
            first + row, seen[:many], (totals, WEIGHT_UNIT), measure, limits, kept, filled
        )
    return kept[0][:filled], kept[1][:filled], kept[2][:filled], kept[3][:filled]


@compiled
def rank_next(
    rows: tuple[int, int],
    bought: tuple[Integers, Cells],
    later: tuple[Integers, Integers, Cells],
    measure: Measure,
    limits: tuple[int, int],
) -> Found:
    """Count for each product what its buyers bought later, each other product once a buyer."""
    starts, orders = bought
    begins, ends, products = later
    totals = np.zeros((len(measure[0]), 2), dtype=np.int64)
    seen = np.empty(len(measure[0]), dtype=np.int32)
    counted_for = np.full(len(measure[0]), -1, dtype=np.int64)
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
        filled = _keep_best(row, seen[:many], (totals, 1.0), measure, limits, kept, filled)
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
    measure: Measure,
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
        score = _score(weight * unit, measure[0][product], measure[1][other])
        place = _place(begin, end, (score, count, measure[2][other]), kept, measure)
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


@compiled
def _is_before(one: tuple[float, int, int], other: tuple[float, int, int]) -> bool:
    """Whether a pair ranks before another: by score, count and the other product's identifier."""
    if one[0] != other[0]:
        return one[0] > other[0]
    if one[1] != other[1]:
        return one[1] > other[1]
    return one[2] < other[2]


Scratch = tuple[Integers, Cells]
"""Counts and weights of one product's pairs, all 0 between uses, and which products they are of."""

Held = tuple[Integers, Cells, Cells]
"""Where what belongs to a place begins, how much it is, and the array in which it is."""

Bounds = tuple[NDArray[np.int8], Floats, Integers, Integers]
"""Which lists are under revision (`OPENED` or `TOUCHED`), and the score, count and identifier that
no pair exceeds which may be missing from them."""

OPENED, TOUCHED = 1, 2


@compiled
def revise(
    touched: Cells,
    least_power: Floats,
    held: tuple[Held, Held, Integers],
    measure: Measure,
    limits: tuple[int, int],
    lists: tuple[Cells, Found],
    work: tuple[Scratch, Bounds, Cells],
) -> int:
    """Bring all lists up to date after orders of the touched products came, went or changed.

    `held` are the orders' products, the products' orders and the weights of sizes; `least_power`
    is the smaller of each touched product's power as the other one, before and after. The lists
    that were looked into are written to the last part of `work`; returns how many these are.
    """
    scratch, bounds, revised = work
    many = 0
    for product in touched:
        bounds[0][product] = TOUCHED
        revised[many] = product
        many += 1
    for number in range(len(touched)):
        product = touched[number]
        seen = _sum_pairs(product, held, scratch)
        for neighbour in scratch[1][:seen]:
            many = _revise_neighbour(
                neighbour,
                (product, least_power[number]),
                (scratch[0][neighbour, 0], scratch[0][neighbour, 1]),
                measure,
                limits,
                lists,
                (bounds, revised, many),
            )
        _list_anew(product, seen, measure, limits, lists, scratch)
    for place in range(len(touched), many):
        product = revised[place]
        if _may_miss(product, measure, limits[1], lists, bounds):
            _list_anew(product, _sum_pairs(product, held, scratch), measure, limits, lists, scratch)
    for product in revised[:many]:
        bounds[0][product] = 0
    return many


@compiled
def _sum_pairs(product: int, held: tuple[Held, Held, Integers], scratch: Scratch) -> int:
    """Count and weigh the product's pairs in all its orders; how many others there are."""
    (begins, sizes, cells), (row_begins, row_sizes, rows), weights = held
    totals, seen = scratch
    many = 0
    for place in range(row_begins[product], row_begins[product] + row_sizes[product]):
        order = rows[place]
        weight = weights[sizes[order]]
        for cell in range(begins[order], begins[order] + sizes[order]):
            other = cells[cell]
            if other == product:
                continue
            if totals[other, 0] == 0:
                seen[many] = other
                many += 1
            totals[other, 0] += 1
            totals[other, 1] += weight
    return many


@compiled
def _list_anew(
    product: int,
    many: int,
    measure: Measure,
    limits: tuple[int, int],
    lists: tuple[Cells, Found],
    scratch: Scratch,
) -> None:
    begin = product * limits[1]
    end = _keep_best(
        product, scratch[1][:many], (scratch[0], WEIGHT_UNIT), measure, limits, lists[1], begin
    )
    lists[0][product] = end - begin


@compiled
def _revise_neighbour(
    neighbour: int,
    product: tuple[int, float],
    counted: tuple[int, int],
    measure: Measure,
    limits: tuple[int, int],
    lists: tuple[Cells, Found],
    work: tuple[Bounds, Cells, int],
) -> int:
    """Put the pair of a neighbour and a touched product where it belongs now."""
    bounds, revised, many = work
    other, least_power = product
    top = limits[1]
    begin = neighbour * top
    end = begin + lists[0][neighbour]
    weight = counted[1] * WEIGHT_UNIT
    if bounds[0][neighbour] == TOUCHED or counted[0] < limits[0]:
        return many
    if end == begin + top:
        # The highest that the pair's score was or is; the margin is far above what rounding does.
        highest = weight / (measure[0][neighbour] * least_power) * (1 + 1e-9) + 1e-9
        opened = bounds[0][neighbour] == OPENED
        if highest < lists[1][3][end - 1] and (not opened or highest < bounds[1][neighbour]):
            return many
    if bounds[0][neighbour] == 0:
        bounds[0][neighbour], bounds[1][neighbour] = OPENED, -1.0
        revised[many] = neighbour
        many += 1
        if end == begin + top:
            _raise_bound(neighbour, end - 1, lists[1], measure, bounds)
    score = _score(weight, measure[0][neighbour], measure[1][other])
    _insert(neighbour, (score, counted[0], other), top, lists, measure, bounds)
    return many


@compiled
def _insert(
    product: int,
    pair: tuple[float, int, int],
    top: int,
    lists: tuple[Cells, Found],
    measure: Measure,
    bounds: Bounds,
) -> None:
    """Put a pair (score, count, other product) in its place of a list, and only there."""
    score, count, other = pair
    products, others, counts, scores = lists[1]
    begin = product * top
    end = _without(begin, begin + lists[0][product], other, lists[1])
    key = (score, count, measure[2][other])
    place = _place(begin, end, key, lists[1], measure)
    if place == begin + top:
        _raise(product, key, bounds)
        return
    if end == begin + top:
        end -= 1
        _raise_bound(product, end, lists[1], measure, bounds)
    for moved in range(end, place, -1):
        others[moved], counts[moved] = others[moved - 1], counts[moved - 1]
        scores[moved] = scores[moved - 1]
    products[begin : end + 1] = product
    others[place], counts[place], scores[place] = other, count, score
    lists[0][product] = end + 1 - begin


@compiled
def _place(begin: int, end: int, key: tuple[float, int, int], kept: Found, measure: Measure) -> int:
    """Where a pair comes in a list that ends at `end`."""
    _, others, counts, scores = kept
    place = end
    while place > begin and _is_before(
        key, (scores[place - 1], counts[place - 1], measure[2][others[place - 1]])
    ):
        place -= 1
    return place


@compiled
def _without(begin: int, end: int, other: int, kept: Found) -> int:
    """Take a product out of a list if it is there; where the list then ends."""
    _, others, counts, scores = kept
    for place in range(begin, end):
        if others[place] == other:
            for moved in range(place, end - 1):
                others[moved], counts[moved] = others[moved + 1], counts[moved + 1]
                scores[moved] = scores[moved + 1]
            return end - 1
    return end


@compiled
def _raise_bound(product: int, place: int, kept: Found, measure: Measure, bounds: Bounds) -> None:
    _raise(product, (kept[3][place], kept[2][place], measure[2][kept[1][place]]), bounds)


@compiled
def _raise(product: int, pair: tuple[float, int, int], bounds: Bounds) -> None:
    """Note that a pair as good as this one may be missing from the product's list."""
    if _is_before(pair, (bounds[1][product], bounds[2][product], bounds[3][product])):
        bounds[1][product], bounds[2][product], bounds[3][product] = pair


@compiled
def _may_miss(
    product: int, measure: Measure, top: int, lists: tuple[Cells, Found], bounds: Bounds
) -> bool:
    bound = (bounds[1][product], bounds[2][product], bounds[3][product])
    if bound[0] < 0:
        return False
    if lists[0][product] < top:
        return True
    last = product * top + top - 1
    _, others, counts, scores = lists[1]
    return _is_before(bound, (scores[last], counts[last], measure[2][others[last]]))
