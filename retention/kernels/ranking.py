"""Scores of pairs, and keeping the best of one product's."""

import numpy as np

from retention.arrays import Cells, Floats, Integers
from retention.compiled import compiled
from retention.kernels.sums import Weights

Kept = tuple[Cells, Integers, Floats]
"""Pairs of products that are known: other product, count and score."""

Measure = tuple[Floats, Floats, Integers]
"""The powers of each product's base as the product and as the other one, and its identifier."""

SCORE_DIGITS = 1e10
"""Scores are rounded to ten decimals: equal numbers stay equal when weights are whole units."""


@compiled
def empty_lists(starts: Integers, rows: tuple[int, int], top: int) -> Kept:
    """Return room for the best pairs of some rows."""
    size = 0
    for row in range(rows[0], rows[1]):
        size += min(top, starts[row + 1] - starts[row])
    return (
        np.empty(size, dtype=np.int32),
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.float64),
    )


@compiled
def keep_best(
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
    scores, base_power, other_power = kept[2], measure[0][product], measure[1]
    end, need = begin, -1.0
    for other in seen:
        count, weight = totals[other], weighed[other]
        totals[other] = weighed[other] = 0
        # Without a division, which is slow, what is sure to rank behind a full list is left out.
        if count < smallest_count or weight * unit < need * other_power[other]:
            continue
        end = put_best((other, count, weight * unit), product, measure, top, kept, (begin, end))
        if end == begin + top:
            need = least_weight(scores[end - 1], base_power)
    return end


@compiled
def put_best(
    pair: tuple[int, int, float],
    product: int,
    measure: Measure,
    top: int,
    kept: Kept,
    bounds: tuple[int, int],
) -> int:
    """Put a product's pair (other, count and weight) among the best, if it is; where these end."""
    (other, count, weight), (begin, end), (others, counts, scores) = pair, bounds, kept
    score = score_of(weight, measure[0][product], measure[1][other])
    if end == begin + top and score < scores[end - 1]:
        return end
    place = place_of(begin, end, (score, count, measure[2][other]), kept, measure)
    if place == begin + top:
        return end
    end = min(end + 1, begin + top)
    for moved in range(end - 1, place, -1):
        others[moved], counts[moved] = others[moved - 1], counts[moved - 1]
        scores[moved] = scores[moved - 1]
    others[place], counts[place], scores[place] = other, count, score
    return end


@compiled
def score_of(weight: float, base_power: float, other_power: float) -> float:
    """Return the score of a pair of this weight, rounded."""
    score: float = np.rint(weight / (base_power * other_power) * SCORE_DIGITS) / SCORE_DIGITS
    return score


@compiled
def least_weight(score: float, base_power: float) -> float:
    """What a pair weighs at least, for one of the other product's power, to reach a score.

    The margins are far above what rounding does.
    """
    return (score - 1e-9) * base_power * (1 - 1e-9)


@compiled
def is_before(one: tuple[float, int, int], other: tuple[float, int, int]) -> bool:
    """Whether a pair ranks before another: by score, count and the other product's identifier."""
    if one[0] != other[0]:
        return one[0] > other[0]
    if one[1] != other[1]:
        return one[1] > other[1]
    return one[2] < other[2]


@compiled
def place_of(
    begin: int, end: int, key: tuple[float, int, int], kept: Kept, measure: Measure
) -> int:
    """Where a pair comes in a list that ends at `end`."""
    others, counts, scores = kept
    place = end
    while place > begin and is_before(
        key, (scores[place - 1], counts[place - 1], measure[2][others[place - 1]])
    ):
        place -= 1
    return place


@compiled
def take_out(place: int, end: int, kept: Kept) -> int:
    """Take the pair at a place out of a list, if it is in it; where the list then ends."""
    others, counts, scores = kept
    for moved in range(place, end - 1):
        others[moved], counts[moved] = others[moved + 1], counts[moved + 1]
        scores[moved] = scores[moved + 1]
    return min(end, max(place, end - 1))
