"""Loops over the lines and products of orders."""

import numpy as np
from numpy.typing import NDArray

from retention.arrays import Cells, Integers
from retention.compiled import compiled

SHORT = 24
"""Up to so many products of an order are sorted by insertion."""


@compiled
def note_least(values: Integers, order: Integers, least: Integers) -> None:
    """Lower what is least of each order to the values of its lines."""
    for line in range(len(order)):
        least[order[line]] = min(least[order[line]], values[line])


@compiled
def mark(values: Integers, lowest: int, present: NDArray[np.bool_]) -> None:
    """Mark which of the numbers from `lowest` on are among the values."""
    for value in values:
        present[value - lowest] = True


@compiled
def look_up(values: Integers, lowest: int, places: Integers, found: Integers) -> None:
    """Write the place of each value, where those of the numbers from `lowest` on are given."""
    for line in range(len(values)):
        found[line] = places[values[line] - lowest]


@compiled
def gather(order: Integers, product: Integers, starts: Integers, cells: Cells) -> None:
    """Write the products of each order's lines, from where it starts on."""
    free = starts[:-1].copy()
    for line in range(len(order)):
        cells[free[order[line]]] = product[line]
        free[order[line]] += 1


@compiled
def _sort(cells: Cells) -> None:
    # Most orders are short, where insertion is several times as fast as a general sort.
    if len(cells) > SHORT:
        cells[:] = np.sort(cells)
        return
    for following in range(1, len(cells)):
        cell, place = cells[following], following
        while place > 0 and cells[place - 1] > cell:
            cells[place] = cells[place - 1]
            place -= 1
        cells[place] = cell


@compiled
def drop_repetitions(starts: Integers, cells: Cells) -> int:
    """Sort each order's cells, leave each product once, and return how many cells remain."""
    kept = 0
    begin = starts[0]
    for order in range(len(starts) - 1):
        end = starts[order + 1]
        first = kept
        _sort(cells[begin:end])
        for product in cells[begin:end]:
            if kept == first or cells[kept - 1] != product:
                cells[kept] = product
                kept += 1
        begin = end
        starts[order + 1] = kept
    return kept


@compiled
def note_first(
    starts: Integers,
    products: NDArray[np.int32],
    customers: Integers,
    last_buyer: Integers,
    first: NDArray[np.bool_],
) -> None:
    """Note of each cell whether its customer, whose orders lie in sequence, has it first there."""
    for order in range(len(customers)):
        for cell in range(starts[order], starts[order + 1]):
            first[cell] = last_buyer[products[cell]] != customers[order]
            last_buyer[products[cell]] = customers[order]


@compiled
def turn(starts: Integers, products: Cells, free: Integers, orders: Cells) -> None:
    """Write the orders of each product, from its place in `free` on."""
    for order in range(len(starts) - 1):
        for cell in range(starts[order], starts[order + 1]):
            product = products[cell]
            orders[free[product]] = order
            free[product] += 1
