"""Keeping lists of what was bought next up to date, for `retention.next_index`."""

from retention.arrays import Cells, Floats, Integers
from retention.compiled import compiled
from retention.kernels.buyers import Bought, Stamps, Window, sum_earlier, sum_later
from retention.kernels.lists import Lists, list_anew
from retention.kernels.next_sums import (
    NextSums,
    earlier_counts,
    has_row,
    list_later,
    look_up_earlier,
)
from retention.kernels.ranking import Measure
from retention.kernels.sums import NEVER, ZERO, Scratch, keep_often
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
    counted: tuple[Bought, Window, Stamps, NextSums],
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
    bought, window, stamps, sums = counted
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
        found, kept = ZERO, has_row(product, sums)
        if kept:
            look_up_earlier(product, others, sums, counts)
        else:
            found = sum_earlier(product, bought, window, scratch, stamps)
            found = keep_often(found, limits[0], scratch)
        waiting = with_room(waiting, wait, found + len(others))
        wait = wait_changed(number, product, others, scratch, state, waiting, wait)
        if kept:
            counts[others] = 0
        if anew and kept:
            enough = (limits[0], least_power[number])
            found = earlier_counts(product, sums, lists[2][3], enough, scratch)
            waiting = with_room(waiting, wait, found)
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
    counted: tuple[Bought, Window, Stamps, NextSums],
    measure: Measure,
    limits: tuple[int, int, int],
    lists: Lists,
    scratch: Scratch,
) -> None:
    """Make a product's list of what was bought next anew."""
    bought, window, stamps, sums = counted
    if has_row(product, sums):
        list_later(product, sums, measure, limits, lists)
    else:
        found = sum_later(product, bought, window, scratch, stamps)
        list_anew(product, found, 1.0, measure, limits, lists, scratch)
