"""Loops over many lists of numbers in one array, as `retention.pool` keeps them."""

import numpy as np

from retention.arrays import Cells, Integers
from retention.compiled import compiled

Held = tuple[Cells, Cells, Cells]
"""Where what belongs to a place begins, how much it is, and the array in which it is."""


@compiled
def pack(begins: Cells, sizes: Cells, cells: Cells, starts: Integers, packed: Cells) -> None:
    """Copy lists to where they start in another array."""
    for place in range(len(begins)):
        for cell in range(sizes[place]):
            packed[starts[place] + cell] = cells[begins[place] + cell]


@compiled
def remove(begins: Cells, sizes: Cells, cells: Cells, places: Cells, value: int) -> None:
    """Take a number out of lists that have it once; the last one takes its place."""
    for place in places:
        for cell in range(begins[place], begins[place] + sizes[place]):
            if cells[cell] == value:
                sizes[place] -= 1
                cells[cell] = cells[begins[place] + sizes[place]]
                break


@compiled
def join(begins: Cells, sizes: Cells, cells: Cells, places: Cells) -> Cells:
    """Return lists, one behind the other."""
    joined = np.empty(sizes[places].sum(), np.int32)
    end = 0
    for place in places:
        joined[end : end + sizes[place]] = cells[begins[place] : begins[place] + sizes[place]]
        end += sizes[place]
    return joined


@compiled
def without(cells: Cells, others: Cells) -> Cells:
    """Return the cells that are not among others; both rise."""
    kept = np.empty_like(cells)
    many = place = 0
    for cell in cells:
        while place < len(others) and others[place] < cell:
            place += 1
        if place == len(others) or others[place] != cell:
            kept[many] = cell
            many += 1
    return kept[:many]


@compiled
def has(held: Held, place: int, wanted: int) -> bool:
    """Whether a list, which rises, has a number."""
    begins, sizes, cells = held
    low, end = begins[place], begins[place] + sizes[place]
    high = end
    while low < high:
        middle = (low + high) // 2
        if cells[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return bool(low < end and cells[low] == wanted)
