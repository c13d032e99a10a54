"""The pairs of products that one customer makes, and what a change of them does to sums."""

import numpy as np

from retention.arrays import Cells, Integers
from retention.compiled import compiled
from retention.kernels.buyers import Bought, Stamps, Window, later_of
from retention.kernels.next_sums import NextSums, change_counts
from retention.kernels.pools import has
from retention.kernels.sums import ZERO, Scratch

NO_TIME = np.iinfo(np.int64).min

Sets = tuple[Integers, Integers, Cells]
"""Of a customer and some products: the order in which each was bought first, or -1; where the
products end, in one array, that were bought before each (first all of these) and after each."""


@compiled
def customers_pairs(
    products: Cells,
    part: tuple[int, int],
    customer: int,
    bought: Bought,
    window: Window,
    stamps: Stamps,
    most: int,
) -> Sets:
    """Find the pairs that a customer makes with one of a part of the products, each of them once.

    Pairs of two of the products count as those of the one bought later. A customer of more orders
    than `most` makes none.
    """
    orders, fresh, _, histories, _, _, _ = bought
    size = part[1] - part[0]
    firsts, ends = np.empty(size, np.int64), np.zeros(2 * size, np.int64)
    begin = histories[0][customer]
    distinct = 0
    for order in histories[2][begin : begin + histories[1][customer]]:
        distinct += fresh[1][order]
    cells = np.empty(2 * distinct + 2, np.int32)
    counts_pairs = histories[1][customer] <= most
    many = ZERO
    for number in range(size):
        product = products[part[0] + number]
        firsts[number] = _first_purchase(product, customer, bought)
        if firsts[number] >= 0 and counts_pairs:
            if len(cells) - many < distinct + 1:
                cells = np.concatenate((cells, np.empty(len(cells) + distinct, np.int32)))
            many = _earlier_of(product, customer, bought, window, cells, many)
        ends[number] = many
    for number in range(size):
        first = firsts[number]
        if first >= 0 and counts_pairs and orders[1][first] <= window[1]:
            if len(cells) - many < distinct + 1:
                cells = np.concatenate((cells, np.empty(len(cells) + distinct, np.int32)))
            many += later_of(products, first, bought, window, stamps, cells[many:])
        ends[size + number] = many
    return firsts, ends, cells[:many]


@compiled
def _first_purchase(product: int, customer: int, bought: Bought) -> int:
    """In which order a customer bought a product first, or -1."""
    fresh, (starts, lengths, history) = bought[1], bought[3]
    for order in history[starts[customer] : starts[customer] + lengths[customer]]:
        if has(fresh, order, product):
            return int(order)
    return -1


@compiled
def _earlier_of(
    product: int, customer: int, bought: Bought, window: Window, found: Cells, many: int
) -> int:
    """Write what a customer had bought for the first time before the product; where it ends."""
    (_, sizes, _), (begins, lengths, fresh), _, (starts, counts, history), _, times, _ = bought
    orders = bought[0]
    # The times of the order looked at and of the product's next purchase after it.
    now, following, buys = NO_TIME, NO_TIME, False
    for place in range(starts[customer] + counts[customer] - 1, starts[customer] - 1, -1):
        order = history[place]
        if times[order] != now:
            if buys:
                following = now
            now, buys = times[order], False
        if sizes[order] > window[1]:
            continue
        if following != NO_TIME and following - now <= window[0]:
            for other in fresh[begins[order] : begins[order] + lengths[order]]:
                found[many] = other
                many += other != product
        buys |= has(orders, order, product)
    return many


@compiled
def shift_sums(
    products: Cells, before: Sets, after: Sets, sums: NextSums, scratch: Scratch
) -> tuple[Integers, Cells]:
    """Change the sums by what a customer's pairs with these products have become.

    Returns where the products end, in one array, whose pairs with each of these are more or fewer
    by now, and the array.
    """
    (_, before_ends, before_cells), (_, after_ends, after_cells) = before, after
    size = len(products)
    ends = np.empty(size, np.int64)
    changed = np.empty(len(before_cells) + len(after_cells), np.int32)
    differences = np.empty_like(changed)
    many = gone = come = 0
    for number in range(2 * size):
        had, has = before_cells[gone : before_ends[number]], after_cells[come : after_ends[number]]
        gone, come = before_ends[number], after_ends[number]
        found = many + _differing(had, has, scratch[0], changed[many:], differences[many:])
        others, product = changed[many:found], products[number % size]
        change_counts(product, others, differences[many:found], number < size, sums)
        if number < size:
            many = ends[number] = found
    return ends, changed[:many]


@compiled
def _differing(had: Cells, has: Cells, marks: Cells, changed: Cells, differences: Cells) -> int:
    """Write which products are more or less often in one array than in the other, and by how
    much; how many these are."""
    for other in had:
        marks[other] -= 1
    for other in has:
        marks[other] += 1
    many = 0
    for cells in (had, has):
        for other in cells:
            if marks[other] != 0:
                changed[many], differences[many] = other, marks[other]
                marks[other] = 0
                many += 1
    return many
