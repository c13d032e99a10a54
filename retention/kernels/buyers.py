"""What a product's buyers bought later and had bought before."""

import numpy as np

from retention.arrays import Cells, Integers
from retention.compiled import compiled
from retention.kernels.pools import Held, has
from retention.kernels.sums import ZERO, Scratch, count_cells

Bought = tuple[Held, Held, Held, Held, Cells, Integers, Cells]
"""Of what was bought next: the orders' products, those of them that their customer bought for the
first time, the products' orders that make pairs, the customers' orders by time; and of each order
the customer, the time in microseconds and its number among the customer's orders."""

Window = tuple[int, int]
"""How many microseconds later an order still counts, and how many products one has at most."""

Stamps = tuple[Integers, Integers, Integers, Cells]
"""For each product and each order the last time that it was counted, the present time, and room
for products found, one more than there are."""


@compiled
def note_fresh(
    customers: tuple[int, int], histories: Held, orders: Held, fresh: Held, stamps: Stamps
) -> None:
    """Write what some customers bought for the first time in each order, as long as there is room
    for the whole order."""
    stamped, _, clock, _ = stamps
    for customer in range(customers[0], customers[1]):
        clock[0] += 1
        begin = histories[0][customer]
        for order in histories[2][begin : begin + histories[1][customer]]:
            size = 0
            for product in orders[2][orders[0][order] : orders[0][order] + orders[1][order]]:
                if stamped[product] != clock[0]:
                    stamped[product] = clock[0]
                    fresh[2][fresh[0][order] + size] = product
                    size += 1
            fresh[1][order] = size


@compiled
def later_of(
    excluded: Cells, order: int, bought: Bought, window: Window, stamps: Stamps, found: Cells
) -> int:
    """Write what the buyer of an order bought later, but for some products; how many these are."""
    # Arrays are taken out of their tuples once: doing so costs more than what is done with them.
    (begins, sizes, cells), _, _, (starts, lengths, history), customers, times, numbers = bought
    (stamped, _, clock, _), (longest_wait, longest_order) = stamps, window
    clock[0] += 1
    now = clock[0]
    for product in excluded:
        stamped[product] = now
    many = 0
    start = starts[customers[order]]
    for place in range(start + numbers[order] + 1, start + lengths[customers[order]]):
        later = history[place]
        if times[later] > times[order] + longest_wait:
            break
        if times[later] == times[order] or sizes[later] > longest_order:
            continue
        for other in cells[begins[later] : begins[later] + sizes[later]]:
            found[many] = other
            many += stamped[other] != now
            stamped[other] = now
    return many


@compiled
def sum_later(
    product: int, bought: Bought, window: Window, scratch: Scratch, stamps: Stamps
) -> int:
    """Count what buyers of the product bought later, each product once a buyer."""
    (row_begins, row_sizes, rows), fresh, found = bought[2], bought[1], stamps[3]
    excluded, many = np.full(1, product, dtype=np.int32), ZERO
    for order in rows[row_begins[product] : row_begins[product] + row_sizes[product]]:
        if has(fresh, order, product):
            later = later_of(excluded, order, bought, window, stamps, found)
            many = count_cells(found[:later], scratch, many)
    return many


@compiled
def sum_earlier(
    product: int, bought: Bought, window: Window, scratch: Scratch, stamps: Stamps
) -> int:
    """Count what buyers of the product had bought for the first time before, each once a buyer.

    What was bought before several purchases of the product is counted at the first of them.
    """
    (_, sizes, _), (begins, lengths, fresh), row, histories, customers, times, numbers = bought
    (_, holds, clock, _), (starts, _, history) = stamps, histories
    longest_wait, longest_order = window
    purchases = row[2][row[0][product] : row[0][product] + row[1][product]]
    clock[0] += 1
    held = clock[0]
    for order in purchases:
        holds[order] = held
    many = ZERO
    for order in purchases:
        start, now = starts[customers[order]], times[order]
        earliest = now - longest_wait
        for place in range(start + numbers[order] - 1, start - 1, -1):
            before = history[place]
            if times[before] < earliest or (holds[before] == held and times[before] == now):
                break
            if holds[before] == held:
                earliest = times[before]
            if times[before] != now and sizes[before] <= longest_order:
                first = begins[before]
                many = count_cells(fresh[first : first + lengths[before]], scratch, many)
    scratch[0][product] = 0
    return many
