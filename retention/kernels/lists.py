"""Each product's best pairs, and one pair's coming, going and moving."""

from retention.arrays import Cells, Floats, Integers
from retention.compiled import compiled
from retention.kernels.ranking import (
    Kept,
    Measure,
    is_before,
    keep_best,
    least_weight,
    place_of,
    take_out,
)
from retention.kernels.sums import Scratch

Bounds = tuple[Floats, Integers, Integers, Floats]
"""The score, count and identifier of each list's bound: a pair is in the list unless it ranks
behind. A score of -1 is none: then all pairs are in the list. Last what a pair weighs at least, for
one of the other product's power, that may rank before the bound: -1 if there is none."""

Lists = tuple[Cells, Kept, Bounds]
"""How long each product's list is, the lists, so many places for each, and their bounds."""


@compiled
def list_anew(
    product: int,
    many: int,
    unit: float,
    measure: Measure,
    limits: tuple[int, int, int],
    lists: Lists,
    scratch: Scratch,
) -> None:
    """Make a product's list of its pairs, so many of which are seen."""
    counted = (scratch[2][:many], scratch[0], scratch[1], unit)
    end = keep_best(product, counted, measure, limits[:2], lists[1], product * limits[1])
    end_list(product, end, measure, limits, lists)


@compiled
def end_list(
    product: int, end: int, measure: Measure, limits: tuple[int, int, int], lists: Lists
) -> None:
    """Note where a list ends that has been made anew."""
    filled, kept, bounds = lists
    begin = product * limits[1]
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
    bounds[3][product] = least_weight(kept[2][place], measure[0][product])


@compiled
def find(cells: Cells, wanted: int) -> int:
    """Where a number is in a list that may have it once, or -1."""
    # Without leaving the loop early, which would often be foretold wrongly.
    place = 0
    for cell in range(len(cells)):
        place += (cells[cell] == wanted) * (cell + 1)
    return place - 1


@compiled
def settle(
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
        filled[product] = take_out(place, end, lists[1]) - begin
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
    end = take_out(found, before, kept)
    key = (score, count, measure[2][other])
    if is_before((bounds[0][product], bounds[1][product], bounds[2][product]), key):
        filled[product] = end - begin
        return bool(end < before)
    place = place_of(begin, end, key, kept, measure)
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
