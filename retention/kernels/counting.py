"""Counting all pairs of all orders anew, for `retention.pair_counting`."""

import numpy as np
from numpy.typing import NDArray

from retention.arrays import Cells, Floats, Integers
from retention.compiled import compiled
from retention.kernels.ranking import Measure, empty_lists, keep_best
from retention.kernels.sums import WEIGHT_UNIT, ZERO, count_cells, empty_scratch

Packed = NDArray[np.uint32]

Found = tuple[Integers, Cells, Integers, Floats]
"""Pairs: product, other product, count and score."""

PRODUCT_BITS = 24
"""A pair's other product takes 24 bits and the size of the order 8."""

MOST_PRODUCTS = 1 << PRODUCT_BITS


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
    counts, weighed, seen = empty_scratch(len(measure[0]))
    kept = empty_lists(starts, rows, limits[1])
    products = np.empty(len(kept[0]), dtype=np.int64)
    filled = ZERO
    for row in range(rows[0], rows[1]):
        many = 0
        for place in range(starts[row], starts[row + 1]):
            other = pairs[place] & np.uint32(MOST_PRODUCTS - 1)
            count = counts[other]
            seen[many] = other
            many += count == 0
            counts[other] = count + 1
            weighed[other] += weights[pairs[place] >> np.uint32(PRODUCT_BITS)]
        begin = filled
        counted = (seen[:many], counts, weighed, WEIGHT_UNIT)
        filled = keep_best(first + row, counted, measure, limits, kept, filled)
        products[begin:filled] = first + row
    return products[:filled], kept[0][:filled], kept[1][:filled], kept[2][:filled]


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
    begins, ends, cells = later
    scratch = empty_scratch(len(measure[0]))
    counted_for, found = np.full(len(measure[0]), -1, dtype=np.int64), np.empty_like(scratch[2])
    kept = empty_lists(np.arange(len(starts)) * limits[1], rows, limits[1])
    products = np.empty(len(kept[0]), dtype=np.int64)
    filled = ZERO
    for row in range(rows[0], rows[1]):
        many = ZERO
        for place in range(starts[row], starts[row + 1]):
            counted_for[row] = place
            size = 0
            for other in cells[begins[orders[place]] : ends[orders[place]]]:
                # Without branches, which would often be foretold wrongly.
                found[size] = other
                size += counted_for[other] != place
                counted_for[other] = place
            many = count_cells(found[:size], scratch, many)
        begin = filled
        counted = (scratch[2][:many], scratch[0], scratch[0], 1.0)
        filled = keep_best(row, counted, measure, limits, kept, filled)
        products[begin:filled] = row
    return products[:filled], kept[0][:filled], kept[1][:filled], kept[2][:filled]
