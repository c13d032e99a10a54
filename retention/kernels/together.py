"""Keeping lists of what is bought together up to date, for `retention.pair_index`."""

import numpy as np
from numpy.typing import NDArray

from retention.arrays import Cells, Floats, Integers
from retention.compiled import compiled
from retention.kernels.lists import Lists, list_anew
from retention.kernels.pools import Held
from retention.kernels.ranking import Measure
from retention.kernels.sums import WEIGHT_UNIT, ZERO, Scratch, Sums, keep_often
from retention.kernels.waiting import (
    Work,
    empty_waiting,
    open_lists,
    settle_all,
    wait_affected,
    with_room,
)


@compiled
def revise(
    touched: Cells,
    least_power: Floats,
    held: tuple[Held, Held, Integers, Sums],
    measure: Measure,
    limits: tuple[int, int, int],
    lists: Lists,
    work: Work,
) -> int:
    """Bring all lists up to date after orders of the touched products came, went or changed.

    `held` are the orders' products, the products' orders, the weights of sizes and the sums that
    are kept; `least_power`
    is the smaller of each touched product's power as the other one, before and after; `limits`
    are the smallest count, how many pairs a list has room for, and how many it must have. The
    lists that changed are written to the last part of `work`; returns how many these are.
    """
    scratch, state, revised = work
    many = open_lists(touched, state, revised)
    waiting, wait = empty_waiting(1024), ZERO
    for number in range(len(touched)):
        product = touched[number]
        seen = _often_bought(product, held, limits[0], scratch)
        waiting = with_room(waiting, wait, seen)
        worth = (least_power[number], WEIGHT_UNIT, limits[0])
        wait = wait_affected(number, scratch[2][:seen], worth, lists, work, (waiting, wait))
        list_anew(product, seen, WEIGHT_UNIT, measure, limits, lists, scratch)
    settled = (work, many)
    many = settle_all(touched, (waiting, wait), WEIGHT_UNIT, measure, limits, lists, settled)
    for product in revised[:many]:
        if lists[0][product] < limits[2] and lists[2][0][product] >= 0:
            seen = _often_bought(product, held, limits[0], scratch)
            list_anew(product, seen, WEIGHT_UNIT, measure, limits, lists, scratch)
        state[product] = 0
    return many


@compiled
def _often_bought(
    product: int, held: tuple[Held, Held, Integers, Sums], least: int, scratch: Scratch
) -> int:
    """Count and weigh the product's pairs that occur so often at least; how many these are."""
    orders, rows, weights, (slots, kept, kept_weights) = held
    slot = slots[product]
    if slot < 0:
        return int(
            keep_often(_sum_pairs(product, (orders, rows, weights), scratch), least, scratch)
        )
    counts, weighed, seen = scratch
    many = 0
    for other in range(kept.shape[1]):
        if kept[slot, other] >= least:
            counts[other], weighed[other] = kept[slot, other], kept_weights[slot, other]
            seen[many] = other
            many += 1
    return many


@compiled
def _sum_pairs(product: int, held: tuple[Held, Held, Integers], scratch: Scratch) -> int:
    """Count and weigh the product's pairs in all its orders; how many others there are."""
    (begins, sizes, cells), (row_begins, row_sizes, rows), weights = held
    counts, weighed, seen = scratch
    many = 0
    for order in rows[row_begins[product] : row_begins[product] + row_sizes[product]]:
        weight = weights[sizes[order]]
        for other in cells[begins[order] : begins[order] + sizes[order]]:
            # Without branches, which would often be foretold wrongly: the product itself is
            # counted like the others, and forgotten at the end.
            count = counts[other]
            seen[many] = other
            many += count == 0
            counts[other] = count + 1
            weighed[other] += weight
    counts[product] = weighed[product] = 0
    return many


@compiled
def sum_up(
    products: Cells,
    held: tuple[Held, Held, Integers],
    counts: NDArray[np.int32],
    weighed: Integers,
) -> None:
    """Write the sums of all pairs of some products, a row for each."""
    seen = np.empty(counts.shape[1] + 1, dtype=np.int32)
    for slot in range(len(products)):
        _sum_pairs(products[slot], held, (counts[slot], weighed[slot], seen))


@compiled
def change_sums(sums: Sums, cells: Cells, weight: int, sign: int) -> None:
    """Change the sums by an order of these products that came or went."""
    slots, counts, weighed = sums
    for product in cells:
        if slots[product] >= 0:
            for other in cells:
                if other != product:
                    counts[slots[product], other] += sign
                    weighed[slots[product], other] += sign * weight
