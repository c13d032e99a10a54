"""Pairs whose scores may have changed, and settling them in all lists that they are in."""

import numpy as np
from numpy.typing import NDArray

from retention.arrays import Cells, Integers
from retention.compiled import compiled
from retention.kernels.lists import Lists, find, settle
from retention.kernels.ranking import Measure, score_of
from retention.kernels.sums import Scratch

OPENED, TOUCHED = 1, 2

LISTS_BITS = 7
"""The lists of 128 products are settled together: they find room in the processor's cache."""

Work = tuple[Scratch, NDArray[np.int8], Cells]
"""What revising needs: room for sums, the state of each list (`OPENED`, `TOUCHED` or 0), and room
for the lists that changed."""

Waiting = tuple[Cells, Cells, Cells, Integers]
"""Pairs to be settled: the list's product, the number of the touched product (~number if the count
may be another one than before), how often and in what weight."""


@compiled
def open_lists(touched: Cells, state: NDArray[np.int8], revised: Cells) -> int:
    """Note that lists are to be made anew; how many these are."""
    for number in range(len(touched)):
        state[touched[number]] = TOUCHED
        revised[number] = touched[number]
    return len(touched)


@compiled
def empty_waiting(room: int) -> Waiting:
    """Return room for so many pairs."""
    return (
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.int64),
    )


@compiled
def with_room(waiting: Waiting, many: int, more: int) -> Waiting:
    """Let there be room for so many more pairs behind so many."""
    if many + more <= len(waiting[0]):
        return waiting
    longer = empty_waiting(2 * (many + more))
    for place in range(many):
        longer[0][place], longer[1][place] = waiting[0][place], waiting[1][place]
        longer[2][place], longer[3][place] = waiting[2][place], waiting[3][place]
    return longer


@compiled
def wait_affected(
    number: int,
    neighbours: Cells,
    worth: tuple[float, float, int],
    lists: Lists,
    work: Work,
    room: tuple[Waiting, int],
) -> int:
    """Note a touched product's pairs that may be in other products' lists; how many wait then.

    `worth` is the touched product's least power, the unit of weights and the smallest count;
    `room` is where pairs are noted and how many wait there.
    """
    # Arrays are taken out of their tuples once: doing so costs more than what is done with them.
    (counts, weighed, _), state, _ = work
    (products, numbers, waiting_counts, weights), many = room
    needs, (least_power, unit, least) = lists[2][3], worth
    for product in neighbours:
        # Behind the bound before and now.
        if weighed[product] * unit < needs[product] * least_power:
            continue
        if state[product] == TOUCHED or counts[product] < least:
            continue
        products[many], numbers[many] = product, number
        waiting_counts[many], weights[many] = counts[product], weighed[product]
        many += 1
    return many


@compiled
def wait_changed(
    number: int,
    product: int,
    others: Cells,
    scratch: Scratch,
    state: NDArray[np.int8],
    waiting: Waiting,
    many: int,
) -> int:
    """Note pairs whose counts have changed to be settled, be they never seen."""
    products, numbers, counts, weights = waiting
    for other in others:
        if state[other] != TOUCHED and other != product:
            products[many], numbers[many] = other, ~number
            counts[many] = weights[many] = scratch[0][other]
            many += 1
    return many


@compiled
def settle_all(
    touched: Cells,
    noted: tuple[Waiting, int],
    unit: float,
    measure: Measure,
    limits: tuple[int, int, int],
    lists: Lists,
    settled: tuple[Work, int],
) -> int:
    """Bring the lists of touched products' neighbours up to date; how many have changed."""
    # Arrays are taken out of their tuples once: doing so costs more than what is done with them.
    (base_power, other_power, _), ((_, state, revised), many) = measure, settled
    filled, (others, _, scores), (least_scores, _, _, _) = lists
    (products, numbers, counts, weights), wait = noted
    for place in _by_list(products[:wait], len(state)):
        product, number = products[place], numbers[place]
        recounted = number < 0
        other = touched[~number if recounted else number]
        score = score_of(weights[place] * unit, base_power[product], other_power[other])
        begin = product * limits[1]
        end = begin + filled[product]
        found = begin + find(others[begin:end], other)
        # A score that is sure to stay where it is between others needs no more.
        if (
            found >= begin
            and not recounted
            and score > least_scores[product]
            and (found == begin or score < scores[found - 1])
            and (found + 1 == end or score > scores[found + 1])
        ):
            scores[found] = score
        else:
            pair = (score, counts[place], other)
            moved = state[other] == TOUCHED
            if not settle(product, found, pair, moved, measure, limits, lists):
                continue
        if state[product] & OPENED == 0:
            state[product] |= OPENED
            revised[many] = product
            many += 1
    return many


@compiled
def _by_list(products: Cells, size: int) -> Cells:
    """Return in which sequence pairs are to be settled: list by list, nearly, of so many."""
    # What is near in memory is settled together, or each list would be fetched for each pair.
    begins = np.zeros((size >> LISTS_BITS) + 2, np.int32)
    for product in products:
        begins[(product >> LISTS_BITS) + 1] += 1
    for part in range(1, len(begins)):
        begins[part] += begins[part - 1]
    sequence = np.empty(len(products), np.int32)
    for number in range(len(products)):
        part = products[number] >> LISTS_BITS
        sequence[begins[part]] = number
        begins[part] += 1
    return sequence
