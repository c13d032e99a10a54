"""Tiers: what a customer's spend or points come to over time, and which tier follows from it.

A tier follows from facts alone, each an amount that counts from a moment until another one, so it
is the same in whatever sequence the facts became known. What is refunded counts as though it had
not been bought.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import Literal, NamedTuple

import jdatetime

from retention.figures.period import beginning_of, day_of, zone_of
from retention.tier_setting import Tier

Window = Literal["lifetime", "rolling_year", "calendar_year", "jalali_year"]
NONE = ""
"""The name of having no tier."""


@dataclass(frozen=True, slots=True)
class TierPlan:
    """A programme's tiers, the least amount first, and how long what is counted counts.

    Years and days are those of the time zone `zone`; a rolling year is twelve Gregorian months
    of whole days. A tier is kept for `grace_days` after time has made what counts too little.
    Raises ValueError for tiers in another sequence, and for an unknown zone.
    """

    tiers: tuple[Tier, ...]
    window: Window = "lifetime"
    zone: str = "UTC"
    grace_days: int = 0

    def __post_init__(self) -> None:
        zone_of(self.zone)
        if self.grace_days < 0:
            raise ValueError(f"grace_days is {self.grace_days}; give 0 or more")
        if list(self.tiers) != sorted(self.tiers, key=lambda tier: tier.threshold):
            raise ValueError("tiers are not in the sequence of their amounts; sort them")

    def level(self, amount: Fraction) -> int:
        """Return how many tiers an amount reaches."""
        return bisect_right([tier.threshold for tier in self.tiers], amount)

    def name(self, level: int) -> str:
        """Return the name of the tier at a level from 1 on; 0 has none."""
        return self.tiers[level - 1].name if level else NONE

    def text(self) -> str:
        """Return all of it as a stable line of JSON, the same for equal plans."""
        tiers = [[tier.name, str(tier.threshold)] for tier in self.tiers]
        return json.dumps([tiers, self.window, self.zone, self.grace_days], ensure_ascii=False)


class Fact(NamedTuple):
    """What counts for a tier, and from when on: an order that was paid, or points given."""

    at: datetime
    amount: Fraction


class Standing(NamedTuple):
    """A tier's level from a moment on, and what counted then."""

    at: datetime
    level: int
    amount: Fraction


class Total(NamedTuple):
    """What counts from a moment on."""

    at: datetime
    amount: Fraction


def totals(facts: Iterable[Fact], plan: TierPlan) -> list[Total]:
    """Return what counts from each moment on at which it changes, oldest first."""
    changes = []
    for fact in facts:
        changes.append((fact.at, fact.amount))
        if (until := counts_until(fact.at, plan.window, plan.zone)) is not None:
            changes.append((until, -fact.amount))
    changes.sort()
    found, total = [], Fraction(0)
    for at, parts in groupby(changes, key=lambda change: change[0]):
        for _, amount in parts:
            total += amount
        found.append(Total(at, total))
    return found


def amount_at(counted: Sequence[Total], moment: datetime) -> Fraction:
    """Return what counts at a moment."""
    place = bisect_right(counted, moment, key=lambda total: total.at)
    return counted[place - 1].amount if place else Fraction(0)


def standings(counted: Sequence[Total], plan: TierPlan) -> list[Standing]:
    """Return every change of a customer's tier, oldest first, with those that are still to come.

    Before the first one there is no tier. A higher tier begins at once; a lower one when the
    grace after the end of the higher one is over.
    """
    levels = [Standing(at, plan.level(amount), amount) for at, amount in counted]
    steps = _changes(levels)
    grace = timedelta(days=plan.grace_days)
    if not grace or not steps:
        return steps
    # A level holds from its beginning until the grace after its end: the highest that holds counts.
    moments: dict[datetime, list[tuple[int, int]]] = {}
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        moments.setdefault(step.at, []).append((step.level, 1))
        if following is not None:
            moments.setdefault(following.at + grace, []).append((step.level, -1))
    holding = [0] * (len(plan.tiers) + 1)
    found = []
    for at in sorted(moments):
        for level, change in moments[at]:
            holding[level] += change
        highest = max((level for level, count in enumerate(holding) if count), default=0)
        found.append(Standing(at, highest, amount_at(counted, at)))
    return _changes(found)


def standing_at(found: Sequence[Standing], moment: datetime) -> Standing | None:
    """Return the standing that holds at a moment, None before the first one."""
    place = bisect_right(found, moment, key=lambda standing: standing.at)
    return found[place - 1] if place else None


def level_before(found: Sequence[Standing], moment: datetime) -> int:
    """Return the level just before a moment, so that what is paid then does not count itself."""
    level = 0
    for standing in found:
        if standing.at >= moment:
            break
        level = standing.level
    return level


def _changes(levels: Iterable[Standing]) -> list[Standing]:
    found: list[Standing] = []
    for standing in levels:
        if standing.level != (found[-1].level if found else 0):
            found.append(standing)
    return found


def counts_until(at: datetime, window: Window, zone: str) -> datetime | None:
    """Return when what came at a moment no longer counts, by the store's days; None for never."""
    if window == "lifetime":
        return None
    return _beginning_after(day_of(at, zone), window, zone)


@lru_cache(maxsize=4096)
def _beginning_after(day: date, window: Window, zone: str) -> datetime:
    if window == "rolling_year":
        leap = (day.month, day.day) == (2, 29)
        following = date(day.year + 1, 3, 1) if leap else day.replace(year=day.year + 1)
    elif window == "calendar_year":
        following = date(day.year + 1, 1, 1)
    else:
        year: int = jdatetime.date.fromgregorian(date=day).year
        following = jdatetime.date(year + 1, 1, 1).togregorian()
    return beginning_of(following, zone)
