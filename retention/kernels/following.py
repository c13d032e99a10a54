"""Keeping lists of what was bought next up to date, for `retention.next_index`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retention.arrays import Cells, Floats, Integers
from retention.compiled import compiled
from retention.kernels.buyers import Bought, Stamps, Window, sum_earlier, sum_later
from retention.kernels.lists import Lists, list_anew
from retention.kernels.ranking import Measure
from retention.kernels.sums import NEVER, ZERO, Scratch, SumsNext, empty_scratch, keep_often
from retention.kernels.waiting import (
    TOUCHED,
    Work,
    empty_waiting,
    open_lists,
    settle_all,
    wait_affected,
    wait_changed,
    with_room,
)


@compiled
def revise_next(
    touched: tuple[Cells, Floats, Integers],
    changed: tuple[Integers, Integers, Cells],
    counted: tuple[Bought, Window, Stamps, SumsNext],
    measure: Measure,
    limits: tuple[int, int, int],
    lists: Lists,
    work: Work,
) -> int:
    """Bring all lists of what was bought next up to date, as `revise` does.

    `touched` are products with their least powers, and the places of those whose buyers or first
    purchases changed. `changed` tells of each touched product from where to where in an array the
    products are that it was bought after more or less often than before.
    """
    (products, least_power, moved), (begins, ends, cells) = touched, changed
    # Each pair weighs 1, so that counts are weights.
    (counts, _, seen), state, revised = work
    scratch = (counts, counts, seen)
    many = open_lists(products[moved], state, revised)
    waiting, wait = empty_waiting(1024), ZERO
    for number in range(len(products)):
        product, others = products[number], cells[begins[number] : ends[number]]
        anew = state[product] == TOUCHED
        if len(others) == 0 and not anew:
            continue
        found = _count_earlier(product, limits[0], counted, scratch)
        waiting = with_room(waiting, wait, found + len(others))
        wait = wait_changed(number, product, others, scratch, state, waiting, wait)
        if anew:
            worth, room = (least_power[number], 1.0, limits[0]), (scratch, state, revised)
            wait = wait_affected(number, seen[:found], worth, lists, room, (waiting, wait))
        keep_often(found, NEVER, scratch)
        if anew:
            _list_next(product, counted, measure, limits, lists, scratch)
    settled = (work, many)
    many = settle_all(products, (waiting, wait), 1.0, measure, limits, lists, settled)
    for product in revised[:many]:
        if lists[0][product] < limits[2] and lists[2][0][product] >= 0:
            _list_next(product, counted, measure, limits, lists, scratch)
        state[product] = 0
    return many


@compiled
def _list_next(
    product: int,
    counted: tuple[Bought, Window, Stamps, SumsNext],
    measure: Measure,
    limits: tuple[int, int, int],
    lists: Lists,
    scratch: Scratch,
) -> None:
    """Make a product's list of what was bought next anew."""
    bought, window, stamps, (slots, later, _) = counted
    if slots[product] >= 0:
        found = _kept(later[slots[product]], limits[0], scratch)
    else:
        found = sum_later(product, bought, window, scratch, stamps)
    list_anew(product, found, 1.0, measure, limits, lists, scratch)


@compiled
def _count_earlier(
    product: int, least: int, counted: tuple[Bought, Window, Stamps, SumsNext], scratch: Scratch
) -> int:
    """Count what the product's buyers had bought before, so often at least; how much that is."""
    bought, window, stamps, (slots, _, earlier) = counted
    if slots[product] >= 0:
        return int(_kept(earlier[slots[product]], least, scratch))
    return int(keep_often(sum_earlier(product, bought, window, scratch, stamps), least, scratch))


@compiled
def _kept(row: NDArray[Any], least: int, scratch: Scratch) -> int:
    """Take those of the kept counts that are so great at least; how many these are."""
    counts, _, seen = scratch
    many = 0
    for other in range(len(row)):
        if row[other] >= least:
            counts[other] = row[other]
            seen[many] = other
            many += 1
    return many


@compiled
def sum_up_next(
    products: Cells, part: tuple[int, int], bought: Bought, window: Window, sums: SumsNext
) -> None:
    """Write the counts of all pairs of a part of some products, whose rows are in sequence."""
    counts, _, seen = empty_scratch(sums[1].shape[1])
    scratch = (counts, counts, seen)
    stamped, holds = np.zeros(len(counts), np.int64), np.zeros(len(bought[5]), np.int64)
    stamps = (stamped, holds, np.zeros(1, np.int64), np.empty_like(seen))
    for slot in range(part[0], part[1]):
        for other in seen[: sum_later(products[slot], bought, window, scratch, stamps)]:
            sums[1][slot, other] = counts[other]
            counts[other] = 0
        for other in seen[: sum_earlier(products[slot], bought, window, scratch, stamps)]:
            sums[2][slot, other] = counts[other]
            counts[other] = 0
