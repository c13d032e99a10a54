"""The compiled loops of `retention.pair_counting` and of the indexes of pairs.

Products and orders are told by their places.
"""

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

Scratch = tuple[Cells, Integers, Cells]
"""Counts and weights of one product's pairs, all 0 between uses, and which products they are of,
with room for one more than there are."""

Measure = tuple[Floats, Floats, Integers]
"""The powers of each product's base as the product and as the other one, and its identifier."""

WEIGHT_UNIT = 2.0**-38
"""Sums stay exact up to 33 million orders of one pair."""

SCORE_DIGITS = 1e10
"""Scores are rounded to ten decimals: equal numbers stay equal when weights are whole units."""

PRODUCT_BITS = 24
"""A pair's other product takes 24 bits and the size of the order 8."""

MOST_PRODUCTS = 1 << PRODUCT_BITS


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
    filled = 0
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
    counted_for = np.full(len(measure[0]), -1, dtype=np.int64)
    kept = _room(np.arange(len(starts)) * limits[1], rows, limits[1])
    products = np.empty(len(kept[0]), dtype=np.int64)
    filled = 0
    for row in range(rows[0], rows[1]):
        many = 0
        for place in range(starts[row], starts[row + 1]):
            for cell in range(begins[orders[place]], ends[orders[place]]):
                other = cells[cell]
                if counted_for[other] == place or other == row:
                    continue
                counted_for[other] = place
                many = _count_one(other, scratch, many)
        begin = filled
        counted = (scratch[2][:many], scratch[0], scratch[1], 1.0)
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
def _count_one(other: int, scratch: Scratch, many: int) -> int:
    """Count a product once more; how many are seen by now."""
    counts, weighed, seen = scratch
    seen[many] = other
    many += counts[other] == 0
    counts[other] += 1
    weighed[other] += 1
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
    counted: tuple[Cells, Cells, Integers, float],
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
    end = begin
    for other in seen:
        count, weight = totals[other], weighed[other]
        totals[other] = weighed[other] = 0
        if count < smallest_count:
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
    return end


@compiled
def _score(weight: float, base_power: float, other_power: float) -> float:
    score: float = np.rint(weight / (base_power * other_power) * SCORE_DIGITS) / SCORE_DIGITS
    return score


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

NEVER = np.iinfo(np.int32).max
"""A count that no pair has."""

OPENED, TOUCHED, DOUBTFUL = 1, 2, 4
"""`DOUBTFUL` is one whose list may have a pair that is fewer than it was; it may be opened too."""

Bounds = tuple[Floats, Integers, Integers]
"""The score, count and identifier of each list's bound: a pair is in the list unless it ranks
behind. A score of -1 is none: then all pairs are in the list."""

Lists = tuple[Cells, Kept, Bounds]
"""How long each product's list is, the lists, so many places for each, and their bounds."""

Work = tuple[Scratch, NDArray[np.int8], Cells]
"""What revising needs: room for sums, the state of each list (`OPENED`, `TOUCHED` or 0), and room
for the lists that changed."""


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
    many = 0
    for product in touched:
        state[product] = TOUCHED
        revised[many] = product
        many += 1
    for number in range(len(touched)):
        product = touched[number]
        seen = _often_bought(product, held, limits[0], scratch)
        many = _revise_neighbours(
            product, seen, (least_power[number], WEIGHT_UNIT), measure, limits, lists, (work, many)
        )
        _list_anew(product, seen, WEIGHT_UNIT, measure, limits, lists, scratch)
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

Stamps = tuple[Integers, Integers]
"""For each product the last time that it was counted, and the present time."""


@compiled
def revise_next(
    touched: tuple[Cells, Floats, Cells],
    doubtful: Cells,
    counted: tuple[Bought, Window, Stamps],
    measure: Measure,
    limits: tuple[int, int, int],
    lists: Lists,
    work: Work,
) -> int:
    """Bring all lists of what was bought next up to date, as `revise` does.

    `touched` are products with their least powers, and those among them whose buyers or first
    purchases changed; `doubtful` are those whose pairs with touched ones may be more or fewer.
    """
    (products, least_power, moved), (bought, window, stamps) = touched, counted
    scratch, state, revised = work
    many = 0
    for product in doubtful:
        state[product] = DOUBTFUL
    for product in moved:
        state[product] = TOUCHED
        revised[many] = product
        many += 1
    for number in range(len(products)):
        product = products[number]
        found = _sum_earlier(product, bought, window, scratch)
        if state[product] == TOUCHED:
            found = _with_unseen(_often(found, limits[0], scratch), product, doubtful, scratch)
            many = _revise_neighbours(
                product, found, (least_power[number], 1.0), measure, limits, lists, (work, many)
            )
        else:
            mine = ((scratch[0], scratch[1], doubtful), state, revised)
            many = _revise_neighbours(
                product, len(doubtful), (0.0, 1.0), measure, limits, lists, (mine, many)
            )
        _often(found, NEVER, scratch)
        if state[product] == TOUCHED:
            found = _sum_later(product, bought, window, scratch, stamps)
            _list_anew(product, found, 1.0, measure, limits, lists, scratch)
    for product in revised[:many]:
        if lists[0][product] < limits[2] and lists[2][0][product] >= 0:
            found = _sum_later(product, bought, window, scratch, stamps)
            _list_anew(product, found, 1.0, measure, limits, lists, scratch)
        state[product] = 0
    for product in doubtful:
        state[product] = 0
    return many


@compiled
def note_fresh(
    customers: tuple[int, int], histories: Held, orders: Held, fresh: Held, stamps: Stamps
) -> None:
    """Write what some customers bought for the first time in each order, as long as there is room
    for the whole order."""
    stamped, clock = stamps
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
    low, end = held[0][place], held[0][place] + held[1][place]
    high = end
    while low < high:
        middle = (low + high) // 2
        if held[2][middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return bool(low < end and held[2][low] == wanted)


@compiled
def _sum_later(
    product: int, bought: Bought, window: Window, scratch: Scratch, stamps: Stamps
) -> int:
    """Count what buyers of the product bought later, each product once a buyer."""
    orders, fresh, (row_begins, row_sizes, rows), histories, customers, times, numbers = bought
    stamped, clock = stamps
    many = 0
    for row in range(row_begins[product], row_begins[product] + row_sizes[product]):
        order = rows[row]
        if not _has(fresh, order, product):
            continue
        clock[0] += 1
        begin = histories[0][customers[order]]
        end = begin + histories[1][customers[order]]
        for place in range(begin + numbers[order] + 1, end):
            later = histories[2][place]
            if times[later] > times[order] + window[0]:
                break
            if times[later] == times[order] or orders[1][later] > window[1]:
                continue
            for cell in range(orders[0][later], orders[0][later] + orders[1][later]):
                other = orders[2][cell]
                if other == product or stamped[other] == clock[0]:
                    continue
                stamped[other] = clock[0]
                many = _count_one(other, scratch, many)
    return many


@compiled
def _sum_earlier(product: int, bought: Bought, window: Window, scratch: Scratch) -> int:
    """Count what buyers of the product had bought for the first time before, each once a buyer.

    What was bought before several purchases of the product is counted at the first of them.
    """
    orders, fresh, (row_begins, row_sizes, rows), histories, customers, times, numbers = bought
    many = 0
    for row in range(row_begins[product], row_begins[product] + row_sizes[product]):
        order = rows[row]
        begin = histories[0][customers[order]]
        earliest = times[order] - window[0]
        for place in range(begin + numbers[order] - 1, begin - 1, -1):
            before = histories[2][place]
            if times[before] < earliest:
                break
            if orders[1][before] > window[1]:
                continue
            if _has(orders, before, product):
                if times[before] == times[order]:
                    break
                earliest = times[before]
            if times[before] == times[order]:
                continue
            for cell in range(fresh[0][before], fresh[0][before] + fresh[1][before]):
                if fresh[2][cell] != product:
                    many = _count_one(fresh[2][cell], scratch, many)
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
def _with_unseen(many: int, product: int, more: Cells, scratch: Scratch) -> int:
    """Let more products, but not this one, be among those seen, be it never."""
    counts, _, seen = scratch
    for other in more:
        if counts[other] == 0 and other != product:
            seen[many] = other
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
    bounds[0][product] = -1.0
    if end == begin + limits[1]:
        _bound(product, end - 1, kept, measure[2], bounds)


@compiled
def _bound(product: int, place: int, kept: Kept, names: Integers, bounds: Bounds) -> None:
    """Let the pair at a place, the last of a list without room, be its bound."""
    bounds[0][product], bounds[1][product] = kept[2][place], kept[1][place]
    bounds[2][product] = names[kept[0][place]]


@compiled
def _revise_neighbours(
    other: int,
    seen: int,
    worth: tuple[float, float],
    measure: Measure,
    limits: tuple[int, int, int],
    lists: Lists,
    work: tuple[Work, int],
) -> int:
    """Bring the lists of a touched product's neighbours up to date; how many have changed.

    `worth` is the touched product's least power and the unit of weights.
    """
    # Arrays are taken out of their tuples once: doing so costs more than what is done with them.
    ((counts, weighed, neighbours), state, revised), many = work
    (base_power, other_power, _), least_scores = measure, lists[2][0]
    least_power, unit = worth
    moved = state[other] == TOUCHED
    for number in range(seen):
        product = neighbours[number]
        count, doubtful = counts[product], state[product] & DOUBTFUL != 0
        if state[product] == TOUCHED or (count < limits[0] and not doubtful):
            continue
        weight = weighed[product] * unit
        # Behind the bound before and now; the margin is far above what rounding does.
        least_weight = (least_scores[product] - 1e-9) * base_power[product] * least_power
        if weight * (1 + 1e-9) < least_weight and not doubtful:
            continue
        pair = (_score(weight, base_power[product], other_power[other]), count, other)
        if not _settle(product, pair, (moved, doubtful), measure, limits, lists):
            continue
        if state[product] & OPENED == 0:
            state[product] |= OPENED
            revised[many] = product
            many += 1
    return many


@compiled
def _settle(
    product: int,
    pair: tuple[float, int, int],
    changes: tuple[bool, bool],
    measure: Measure,
    limits: tuple[int, int, int],
    lists: Lists,
) -> bool:
    """Let a list have a pair (score, count, other product) as it is now; whether it has changed.

    `changes` are whether the other product's base is another one and whether the count may be.
    """
    filled, (others, counts, scores), (least_scores, _, _) = lists
    score, count, other = pair
    begin = product * limits[1]
    end = begin + filled[product]
    place = begin
    while place < end and others[place] != other:
        place += 1
    if count < limits[0]:
        filled[product] = _without(place, end, lists[1]) - begin
        return bool(place < end)
    if place < end and not changes[0] and scores[place] == score and counts[place] == count:
        return False
    # A score that is sure to stay where it is between others needs no more.
    if (
        place < end
        and score > least_scores[product]
        and (place == begin or score < scores[place - 1])
        and (place + 1 == end or score > scores[place + 1])
    ):
        scores[place] = score
        if changes[1]:
            counts[place] = count
        return True
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
        _bound(product, last, kept, measure[2], bounds)
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
