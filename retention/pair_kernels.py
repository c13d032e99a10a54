"""The compiled loops of `retention.pair_counting` and of the indexes of pairs.

Products and orders are told by their places.
"""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from retention.baskets import Cells, Integers
from retention.compiled import compiled

Floats = NDArray[np.float64]
Packed = NDArray[np.uint32]
Found = tuple[Integers, Cells, Integers, Floats]
"""Pairs: product, other product, count and score."""

Kept = tuple[Cells, Integers, Floats]
"""Pairs of products that are known: other product, count and score."""

Weights = Integers | Cells

Scratch = tuple[Cells, Weights, Cells]
"""Counts and weights of one product's pairs, all 0 between uses, and which products they are of,
with room for one more than there are. Where each pair weighs 1, counts are the weights."""

Measure = tuple[Floats, Floats, Integers]
"""The powers of each product's base as the product and as the other one, and its identifier."""

WEIGHT_UNIT = 2.0**-38
"""Sums stay exact up to 33 million orders of one pair."""

SCORE_DIGITS = 1e10
"""Scores are rounded to ten decimals: equal numbers stay equal when weights are whole units."""

PRODUCT_BITS = 24
"""A pair's other product takes 24 bits and the size of the order 8."""

MOST_PRODUCTS = 1 << PRODUCT_BITS

ZERO = cast(int, np.int64(0))
"""What a count begins with that is handed to other functions: for a literal 0 numba would compile
them once more."""


@compiled
def turn(starts: Integers, products: Cells, free: Integers, orders: Cells) -> None:
    """Write the orders of each product, from its place in `free` on."""
    for order in range(len(starts) - 1):
        for cell in range(starts[order], starts[order + 1]):
            product = products[cell]
            orders[free[product]] = order
            free[product] += 1


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
def join(begins: Cells, sizes: Cells, cells: Cells, places: Cells) -> Cells:
    """Return lists, one behind the other."""
    joined = np.empty(sizes[places].sum(), np.int32)
    end = 0
    for place in places:
        joined[end : end + sizes[place]] = cells[begins[place] : begins[place] + sizes[place]]
        end += sizes[place]
    return joined


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
    counts, weighed, seen = _scratch(len(measure[0]))
    kept = _room(starts, rows, limits[1])
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
        filled = _keep_best(first + row, counted, measure, limits, kept, filled)
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
    scratch = _scratch(len(measure[0]))
    counted_for, found = np.full(len(measure[0]), -1, dtype=np.int64), np.empty_like(scratch[2])
    kept = _room(np.arange(len(starts)) * limits[1], rows, limits[1])
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
            many = _count(found[:size], scratch, many)
        begin = filled
        counted = (scratch[2][:many], scratch[0], scratch[0], 1.0)
        filled = _keep_best(row, counted, measure, limits, kept, filled)
        products[begin:filled] = row
    return products[:filled], kept[0][:filled], kept[1][:filled], kept[2][:filled]


@compiled
def _scratch(products: int) -> Scratch:
    # One more may be written behind the last that is seen.
    return (
        np.zeros(products, dtype=np.int32),
        np.zeros(products, dtype=np.int64),
        np.empty(products + 1, dtype=np.int32),
    )


@compiled
def _count(cells: Cells, scratch: Scratch, many: int) -> int:
    """Count products once more; how many are seen by now."""
    counts, _, seen = scratch
    for other in cells:
        count = counts[other]
        seen[many] = other
        many += count == 0
        counts[other] = count + 1
    return many


@compiled
def _room(starts: Integers, rows: tuple[int, int], top: int) -> Kept:
    size = 0
    for row in range(rows[0], rows[1]):
        size += min(top, starts[row + 1] - starts[row])
    return (
        np.empty(size, dtype=np.int32),
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.float64),
    )


@compiled
def _keep_best(
    product: int,
    counted: tuple[Cells, Cells, Weights, float],
    measure: Measure,
    limits: tuple[int, int],
    kept: Kept,
    begin: int,
) -> int:
    """Keep the product's best pairs from `begin` on and return where they end.

    `counted` are the products seen, the counts and weights of all, which are 0 again thereafter,
    and the unit of the weights.
    """
    seen, totals, weighed, unit = counted
    smallest_count, top = limits
    others, counts, scores = kept
    base_power, other_power = measure[0][product], measure[1]
    end, need = begin, -1.0
    for other in seen:
        count, weight = totals[other], weighed[other]
        totals[other] = weighed[other] = 0
        # Without a division, which is slow, what is sure to rank behind a full list is left out.
        if count < smallest_count or weight * unit < need * other_power[other]:
            continue
        score = _score(weight * unit, base_power, other_power[other])
        if end == begin + top and score < scores[end - 1]:
            continue
        place = _place(begin, end, (score, count, measure[2][other]), kept, measure)
        if place == begin + top:
            continue
        end = min(end + 1, begin + top)
        for moved in range(end - 1, place, -1):
            others[moved], counts[moved] = others[moved - 1], counts[moved - 1]
            scores[moved] = scores[moved - 1]
        others[place], counts[place], scores[place] = other, count, score
        if end == begin + top:
            need = _need(scores[end - 1], base_power)
    return end


@compiled
def _score(weight: float, base_power: float, other_power: float) -> float:
    score: float = np.rint(weight / (base_power * other_power) * SCORE_DIGITS) / SCORE_DIGITS
    return score


@compiled
def _need(score: float, base_power: float) -> float:
    """What a pair weighs at least, for one of the other product's power, to reach a score.

    The margins are far above what rounding does.
    """
    return (score - 1e-9) * base_power * (1 - 1e-9)


@compiled
def _is_before(one: tuple[float, int, int], other: tuple[float, int, int]) -> bool:
    """Whether a pair ranks before another: by score, count and the other product's identifier."""
    if one[0] != other[0]:
        return one[0] > other[0]
    if one[1] != other[1]:
        return one[1] > other[1]
    return one[2] < other[2]


Held = tuple[Cells, Cells, Cells]
"""Where what belongs to a place begins, how much it is, and the array in which it is."""

Sums = tuple[Cells, NDArray[np.int32], Integers]
"""For each product the row in which the sums of its pairs are kept, or -1; counts and weights."""

NO_TIME = np.iinfo(np.int64).min

NEVER = np.iinfo(np.int32).max
"""A count that no pair has."""

OPENED, TOUCHED = 1, 2

LISTS_BITS = 7
"""The lists of 128 products are settled together: they find room in the processor's cache."""

Bounds = tuple[Floats, Integers, Integers, Floats]
"""The score, count and identifier of each list's bound: a pair is in the list unless it ranks
behind. A score of -1 is none: then all pairs are in the list. Last what a pair weighs at least, for
one of the other product's power, that may rank before the bound: -1 if there is none."""

Lists = tuple[Cells, Kept, Bounds]
"""How long each product's list is, the lists, so many places for each, and their bounds."""

Work = tuple[Scratch, NDArray[np.int8], Cells]
"""What revising needs: room for sums, the state of each list (`OPENED`, `TOUCHED` or 0), and room
for the lists that changed."""

Waiting = tuple[Cells, Cells, Cells, Integers]
"""Pairs to be settled: the list's product, the number of the touched product (~number if the count
may be another one than before), how often and in what weight."""


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
    many = _open(touched, state, revised)
    waiting, wait = _waiting(1024), ZERO
    for number in range(len(touched)):
        product = touched[number]
        seen = _often_bought(product, held, limits[0], scratch)
        waiting = _with_room(waiting, wait, seen)
        worth = (least_power[number], WEIGHT_UNIT, limits[0])
        wait = _wait(number, scratch[2][:seen], worth, lists, work, (waiting, wait))
        _list_anew(product, seen, WEIGHT_UNIT, measure, limits, lists, scratch)
    settled = (work, many)
    many = _settle_all(touched, (waiting, wait), WEIGHT_UNIT, measure, limits, lists, settled)
    for product in revised[:many]:
        if lists[0][product] < limits[2] and lists[2][0][product] >= 0:
            seen = _often_bought(product, held, limits[0], scratch)
            _list_anew(product, seen, WEIGHT_UNIT, measure, limits, lists, scratch)
        state[product] = 0
    return many


Bought = tuple[Held, Held, Held, Held, Cells, Integers, Cells]
"""Of what was bought next: the orders' products, those of them that their customer bought for the
first time, the products' orders that make pairs, the customers' orders by time; and of each order
the customer, the time in microseconds and its number among the customer's orders."""

Window = tuple[int, int]
"""How many microseconds later an order still counts, and how many products one has at most."""

Stamps = tuple[Integers, Integers, Integers, Cells]
"""For each product and each order the last time that it was counted, the present time, and room
for products found, one more than there are."""

SumsNext = tuple[Cells, NDArray[Any], NDArray[Any]]
"""For each product the row in which counts of its pairs are kept, or -1; how many of its buyers
bought every other product later, and how many had bought every other product before."""

Sets = tuple[Integers, Integers, Cells]
"""Of a customer and some products: the order in which each was bought first, or -1; where the
products end, in one array, that were bought before each (first all of these) and after each."""


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
    many = _open(products[moved], state, revised)
    waiting, wait = _waiting(1024), ZERO
    for number in range(len(products)):
        product, others = products[number], cells[begins[number] : ends[number]]
        anew = state[product] == TOUCHED
        if len(others) == 0 and not anew:
            continue
        found = _count_earlier(product, limits[0], counted, scratch)
        waiting = _with_room(waiting, wait, found + len(others))
        wait = _wait_changed(number, product, others, scratch, state, waiting, wait)
        if anew:
            worth, room = (least_power[number], 1.0, limits[0]), (scratch, state, revised)
            wait = _wait(number, seen[:found], worth, lists, room, (waiting, wait))
        _often(found, NEVER, scratch)
        if anew:
            _list_next(product, counted, measure, limits, lists, scratch)
    settled = (work, many)
    many = _settle_all(products, (waiting, wait), 1.0, measure, limits, lists, settled)
    for product in revised[:many]:
        if lists[0][product] < limits[2] and lists[2][0][product] >= 0:
            _list_next(product, counted, measure, limits, lists, scratch)
        state[product] = 0
    return many


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
def _has(held: Held, place: int, wanted: int) -> bool:
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


@compiled
def _later_of(
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
def _sum_later(
    product: int, bought: Bought, window: Window, scratch: Scratch, stamps: Stamps
) -> int:
    """Count what buyers of the product bought later, each product once a buyer."""
    (row_begins, row_sizes, rows), fresh, found = bought[2], bought[1], stamps[3]
    excluded, many = np.full(1, product, dtype=np.int32), ZERO
    for order in rows[row_begins[product] : row_begins[product] + row_sizes[product]]:
        if _has(fresh, order, product):
            later = _later_of(excluded, order, bought, window, stamps, found)
            many = _count(found[:later], scratch, many)
    return many


@compiled
def _sum_earlier(
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
                many = _count(fresh[first : first + lengths[before]], scratch, many)
    scratch[0][product] = 0
    return many


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
        buys |= _has(orders, order, product)
    return many


@compiled
def _first_purchase(product: int, customer: int, bought: Bought) -> int:
    """In which order a customer bought a product first, or -1."""
    fresh, (starts, lengths, history) = bought[1], bought[3]
    for order in history[starts[customer] : starts[customer] + lengths[customer]]:
        if _has(fresh, order, product):
            return int(order)
    return -1


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
            many += _later_of(products, first, bought, window, stamps, cells[many:])
        ends[size + number] = many
    return firsts, ends, cells[:many]


@compiled
def shift_sums(
    products: Cells, before: Sets, after: Sets, sums: SumsNext, scratch: Scratch
) -> tuple[Integers, Cells]:
    """Change the sums by what a customer's pairs with these products have become.

    Returns where the products end, in one array, whose pairs with each of these are more or fewer
    by now, and the array.
    """
    (_, before_ends, before_cells), (_, after_ends, after_cells) = before, after
    slots, later, earlier = sums
    size = len(products)
    ends = np.empty(size, np.int64)
    changed = np.empty(len(before_cells) + len(after_cells), np.int32)
    many = gone = come = 0
    for number in range(2 * size):
        had, has = before_cells[gone : before_ends[number]], after_cells[come : after_ends[number]]
        gone, come = before_ends[number], after_ends[number]
        own, others = (earlier, later) if number < size else (later, earlier)
        places = (products[number % size], slots)
        found = _shift_row(places, had, has, (own, others), scratch[0], changed[many:])
        if number < size:
            many += found
            ends[number] = many
    return ends, changed[:many]


@compiled
def _shift_row(
    places: tuple[int, Cells],
    had: Cells,
    has: Cells,
    tables: tuple[NDArray[Any], NDArray[Any]],
    marks: Cells,
    changed: Cells,
) -> int:
    """Change the sums of a product's pairs; how many have become more or fewer.

    `places` are the product and the rows, `tables` the one with its row and that with the others'.
    """
    (product, slots), (own, others) = places, tables
    for other in had:
        marks[other] -= 1
    for other in has:
        marks[other] += 1
    many = 0
    for cells in (had, has):
        for other in cells:
            difference = marks[other]
            if difference != 0:
                marks[other] = 0
                changed[many] = other
                many += 1
                if slots[product] >= 0:
                    own[slots[product], other] += difference
                if slots[other] >= 0:
                    others[slots[other], product] += difference
    return many


@compiled
def sum_up_next(
    products: Cells, part: tuple[int, int], bought: Bought, window: Window, sums: SumsNext
) -> None:
    """Write the counts of all pairs of a part of some products, whose rows are in sequence."""
    counts, _, seen = _scratch(sums[1].shape[1])
    scratch = (counts, counts, seen)
    stamped, holds = np.zeros(len(counts), np.int64), np.zeros(len(bought[5]), np.int64)
    stamps = (stamped, holds, np.zeros(1, np.int64), np.empty_like(seen))
    for slot in range(part[0], part[1]):
        for other in seen[: _sum_later(products[slot], bought, window, scratch, stamps)]:
            sums[1][slot, other] = counts[other]
            counts[other] = 0
        for other in seen[: _sum_earlier(products[slot], bought, window, scratch, stamps)]:
            sums[2][slot, other] = counts[other]
            counts[other] = 0


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
def _count_earlier(
    product: int, least: int, counted: tuple[Bought, Window, Stamps, SumsNext], scratch: Scratch
) -> int:
    """Count what the product's buyers had bought before, so often at least; how much that is."""
    bought, window, stamps, (slots, _, earlier) = counted
    if slots[product] >= 0:
        return int(_kept(earlier[slots[product]], least, scratch))
    return int(_often(_sum_earlier(product, bought, window, scratch, stamps), least, scratch))


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
        found = _sum_later(product, bought, window, scratch, stamps)
    _list_anew(product, found, 1.0, measure, limits, lists, scratch)


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
def _often_bought(
    product: int, held: tuple[Held, Held, Integers, Sums], least: int, scratch: Scratch
) -> int:
    """Count and weigh the product's pairs that occur so often at least; how many these are."""
    orders, rows, weights, (slots, kept, kept_weights) = held
    slot = slots[product]
    if slot < 0:
        return int(_often(_sum_pairs(product, (orders, rows, weights), scratch), least, scratch))
    counts, weighed, seen = scratch
    many = 0
    for other in range(kept.shape[1]):
        if kept[slot, other] >= least:
            counts[other], weighed[other] = kept[slot, other], kept_weights[slot, other]
            seen[many] = other
            many += 1
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


@compiled
def _wait_changed(
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
def _often(many: int, least: int, scratch: Scratch) -> int:
    """Keep of the products seen those counted so often at least, and forget the others."""
    counts, weighed, seen = scratch
    kept = 0
    for other in seen[:many]:
        if counts[other] < least:
            counts[other] = weighed[other] = 0
        else:
            seen[kept] = other
            kept += 1
    return kept


@compiled
def _list_anew(
    product: int,
    many: int,
    unit: float,
    measure: Measure,
    limits: tuple[int, int, int],
    lists: Lists,
    scratch: Scratch,
) -> None:
    filled, kept, bounds = lists
    begin = product * limits[1]
    counted = (scratch[2][:many], scratch[0], scratch[1], unit)
    end = _keep_best(product, counted, measure, limits[:2], kept, begin)
    filled[product] = end - begin
    bounds[0][product] = bounds[3][product] = -1.0
    if end == begin + limits[1]:
        _bound(product, end - 1, kept, measure, bounds)


@compiled
def bind(ends: Integers, room: int, measure: Measure, lists: Lists) -> None:
    """Let the last pairs of lists without room, which are at these places, be their bounds."""
    for place in ends:
        _bound(place // room, place, lists[1], measure, lists[2])


@compiled
def _bound(product: int, place: int, kept: Kept, measure: Measure, bounds: Bounds) -> None:
    """Let the pair at a place, the last of a list without room, be its bound."""
    bounds[0][product], bounds[1][product] = kept[2][place], kept[1][place]
    bounds[2][product] = measure[2][kept[0][place]]
    bounds[3][product] = _need(kept[2][place], measure[0][product])


@compiled
def _open(touched: Cells, state: NDArray[np.int8], revised: Cells) -> int:
    """Note that lists are to be made anew; how many these are."""
    for number in range(len(touched)):
        state[touched[number]] = TOUCHED
        revised[number] = touched[number]
    return len(touched)


@compiled
def _waiting(room: int) -> Waiting:
    return (
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.int64),
    )


@compiled
def _with_room(waiting: Waiting, many: int, more: int) -> Waiting:
    """Let there be room for so many more pairs behind so many."""
    if many + more <= len(waiting[0]):
        return waiting
    longer = _waiting(2 * (many + more))
    for place in range(many):
        longer[0][place], longer[1][place] = waiting[0][place], waiting[1][place]
        longer[2][place], longer[3][place] = waiting[2][place], waiting[3][place]
    return longer


@compiled
def _wait(
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


@compiled
def _settle_all(
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
        score = _score(weights[place] * unit, base_power[product], other_power[other])
        begin = product * limits[1]
        end = begin + filled[product]
        found = begin + _find(others[begin:end], other)
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
            if not _settle(product, found, pair, moved, measure, limits, lists):
                continue
        if state[product] & OPENED == 0:
            state[product] |= OPENED
            revised[many] = product
            many += 1
    return many


@compiled
def _find(cells: Cells, wanted: int) -> int:
    """Where a number is in a list that may have it once, or -1."""
    # Without leaving the loop early, which would often be foretold wrongly.
    place = 0
    for cell in range(len(cells)):
        place += (cells[cell] == wanted) * (cell + 1)
    return place - 1


@compiled
def _settle(
    product: int,
    place: int,
    pair: tuple[float, int, int],
    moved: bool,
    measure: Measure,
    limits: tuple[int, int, int],
    lists: Lists,
) -> bool:
    """Let a list have a pair (score, count, other product) as it is now; whether it has changed.

    It is at the place, or before the list begins if the list has it not. `moved` is whether the
    other product's base is another one.
    """
    filled, (_, counts, scores), _ = lists
    score, count, _ = pair
    begin = product * limits[1]
    end = begin + filled[product]
    if place < begin:
        place = end
    if count < limits[0]:
        filled[product] = _without(place, end, lists[1]) - begin
        return bool(place < end)
    if place < end and not moved and scores[place] == score and counts[place] == count:
        return False
    return bool(_put(product, place, pair, measure, limits[1], lists))


@compiled
def _put(
    product: int,
    found: int,
    pair: tuple[float, int, int],
    measure: Measure,
    room: int,
    lists: Lists,
) -> bool:
    """Put a pair (score, count, other product), found at a place, where it belongs now.

    Says whether the list has changed.
    """
    filled, kept, bounds = lists
    others, counts, scores = kept
    score, count, other = pair
    begin = product * room
    before = begin + filled[product]
    end = _without(found, before, kept)
    key = (score, count, measure[2][other])
    if _is_before((bounds[0][product], bounds[1][product], bounds[2][product]), key):
        filled[product] = end - begin
        return bool(end < before)
    place = _place(begin, end, key, kept, measure)
    last = min(end, begin + room - 1)
    if place < begin + room:
        for moved in range(last, place, -1):
            others[moved], counts[moved] = others[moved - 1], counts[moved - 1]
            scores[moved] = scores[moved - 1]
        others[place], counts[place], scores[place] = other, count, score
        filled[product] = last + 1 - begin
    if last < end:
        _bound(product, last, kept, measure, bounds)
    if place < begin + room:
        return True
    return bool(end < before)


@compiled
def _place(begin: int, end: int, key: tuple[float, int, int], kept: Kept, measure: Measure) -> int:
    """Where a pair comes in a list that ends at `end`."""
    others, counts, scores = kept
    place = end
    while place > begin and _is_before(
        key, (scores[place - 1], counts[place - 1], measure[2][others[place - 1]])
    ):
        place -= 1
    return place


@compiled
def _without(place: int, end: int, kept: Kept) -> int:
    """Take the pair at a place out of a list, if it is in it; where the list then ends."""
    others, counts, scores = kept
    for moved in range(place, end - 1):
        others[moved], counts[moved] = others[moved + 1], counts[moved + 1]
        scores[moved] = scores[moved + 1]
    return min(end, max(place, end - 1))
