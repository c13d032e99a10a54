"""What becomes of points with age: redeemed, expired, or still out; and what that makes expect.

The shares are Aalen-Johansen estimates of cumulative incidence, the form of Kaplan and Meier's
estimate for several ends: of the points still there at an age, the share that is redeemed (or
expires) on that day of age, times the share that got so far. Points that are still out count as
far as they have come. Source: O. O. Aalen and S. Johansen, "An empirical transition matrix for
non-homogeneous Markov chains based on censored observations", Scandinavian Journal of Statistics
5 (1978), 141-150.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import stdtrit

from retention.arrays import Floats

End = Literal["redeemed", "expired", "out"]

CUSTOMERS_NEEDED = 30
"""So many customers must have redeemed points before anything is said, and so many must still
have points at an age for it to be said of that age."""

GROUPS = 20
"""Into how many groups customers are sorted, each left out once for the interval."""


class Stay(NamedTuple):
    """Points of one customer that came to this end at an age in days, or are out at that age.

    An age below 0 is that of points that are still pending.
    """

    customer_id: int
    age: int
    end: End
    points: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected of the points that are out.

    `redeemed`, `expired` and `undecided` are points: the first two within `horizon_days` of age,
    up to which at least `CUSTOMERS_NEEDED` customers still had points; what becomes of the rest
    nobody has shown yet. `redemption_rate` and `expiry_rate` are shares of points given, by that
    age. `customers` is how many have redeemed points.
    """

    customers: int
    horizon_days: int
    redeemed: Estimate
    expired: float
    undecided: float
    redemption_rate: Estimate
    expiry_rate: float


@dataclass(frozen=True, slots=True)
class NotEnough:
    """Too few customers have redeemed points for anything to be said."""

    have: int
    need: int


def outlook(stays: Iterable[Stay]) -> Outlook | NotEnough:
    """Return what is expected of the points that are out, by what became of others.

    Its interval is that of the expectation, from leaving out one of twenty groups of customers
    at a time (delete-a-group jackknife), because one customer's points are no independent cases.
    Source: P. S. Kott, "The delete-a-group jackknife", Journal of Official Statistics 17 (2001),
    521-526.
    """
    listed = [stay for stay in stays if stay.points > 0]
    redeemers = {stay.customer_id for stay in listed if stay.end == "redeemed"}
    if len(redeemers) < CUSTOMERS_NEEDED:
        return NotEnough(len(redeemers), CUSTOMERS_NEEDED)
    horizon = _horizon(listed)
    table = _table(listed, horizon)
    out = _out(listed, horizon)
    whole = _expectation(table.sum(axis=0), out)
    parts = np.array([_expectation(table.sum(axis=0) - one, out) for one in table])
    low, high = _interval(whole, parts)
    total = float(out.sum())
    return Outlook(
        customers=len(redeemers),
        horizon_days=horizon,
        redeemed=Estimate(float(whole[0]), max(0.0, float(low[0])), min(total, float(high[0]))),
        expired=float(whole[1]),
        undecided=total - float(whole[0]) - float(whole[1]),
        redemption_rate=Estimate(
            float(whole[2]), max(0.0, float(low[2])), min(1.0, float(high[2]))
        ),
        expiry_rate=float(whole[3]),
    )


def _horizon(stays: Sequence[Stay]) -> int:
    """The last age at which enough customers still had points."""
    longest: dict[int, int] = {}
    for stay in stays:
        longest[stay.customer_id] = max(longest.get(stay.customer_id, 0), stay.age)
    return sorted(longest.values(), reverse=True)[CUSTOMERS_NEEDED - 1]


def _table(stays: Sequence[Stay], horizon: int) -> Floats:
    """Points by group, end (redeemed, expired, any) and age, later ages counted at the last."""
    table = np.zeros((GROUPS, 3, horizon + 2))
    for stay in stays:
        if stay.age >= 0:
            age = min(stay.age, horizon + 1)
            group = table[stay.customer_id % GROUPS]
            group[2, age] += stay.points
            if stay.end != "out":
                group[0 if stay.end == "redeemed" else 1, age] += stay.points
    return table


def _out(stays: Sequence[Stay], horizon: int) -> Floats:
    """Points that are out by age: the first place holds pending ones, the last all older ones."""
    out = np.zeros(horizon + 2)
    for stay in stays:
        if stay.end == "out":
            out[min(max(stay.age, -1), horizon) + 1] += stay.points
    return out


def _expectation(table: Floats, out: Floats) -> Floats:
    """Points of those out that are redeemed and that expire, and the shares of points given."""
    ends, any_end = table[:2, :-1], table[2]
    at_risk = any_end[::-1].cumsum()[::-1][:-1]
    hazards = np.divide(ends, at_risk, out=np.zeros_like(ends), where=at_risk > 0)
    staying = np.concatenate(([1.0], np.cumprod(1 - np.minimum(1.0, hazards.sum(axis=0)))))
    reached = np.concatenate((np.zeros((2, 1)), (hazards * staying[:-1]).cumsum(axis=1)), axis=1)
    later = reached[:, -1:] - reached
    shares = np.divide(later, staying, out=np.zeros_like(later), where=staying > 0)
    return np.concatenate(((shares * out).sum(axis=1), reached[:, -1]))


def _interval(whole: Floats, parts: Floats) -> tuple[Floats, Floats]:
    spread = np.sqrt((GROUPS - 1) / GROUPS * ((parts - parts.mean(axis=0)) ** 2).sum(axis=0))
    half = float(stdtrit(GROUPS - 1, 0.975)) * spread
    return whole - half, whole + half
