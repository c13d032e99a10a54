"""Sharing whole points out in proportion."""

from collections.abc import Sequence
from fractions import Fraction
from heapq import heapify, heapreplace


def apportioned(points: int, weights: Sequence[int]) -> list[int]:
    """Return so many points shared out in proportion to the weights, in whole numbers.

    It is the method of Webster and Sainte-Laguë (Balinski and Young, Fair Representation, 1982):
    each further point goes to whoever has the greatest weight / (2 * points had + 1), of several
    to the first. So whoever has a point keeps it as the points grow, and as many points as the
    weights' sum are the weights. The weights must not all be 0.
    """
    total, places = sum(weights), len(weights)
    # Rounding half up for so few points never gives too many; at most one a place is missing.
    fewer = max(0, 2 * points - places)
    shares = [(weight * fewer + total) // (2 * total) for weight in weights]
    claims = [(_claim(weights[place], shares[place]), place) for place in range(places)]
    heapify(claims)
    for _ in range(points - sum(shares)):
        place = claims[0][1]
        shares[place] += 1
        heapreplace(claims, (_claim(weights[place], shares[place]), place))
    return shares


def _claim(weight: int, had: int) -> Fraction:
    """How little somebody's claim to one more point is, below 0."""
    return Fraction(-weight, 2 * had + 1)
