"""The most points that a customer gets by one rule, or by all of them, in a time.

What each source of points may give follows from all that the customer has under caps as it
stands, in the sequence in which it happened, never from the sequence in which it became known.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from retention.figures.period import Calendar, day_of, month_name, zone_of

Window = tuple[str, ...]

TIMES = ("day", "month", "year", "lifetime")
ORDERS = "earned"
RULES: Mapping[str, str] = {
    "purchase": "rewarded",
    "birthday": "birthday",
    "anniversary": "anniversary",
    "review": "review",
    "referral": "referral",
}
"""The rules besides orders that may give a customer points more than once, as settings name them,
with the reason of their points; the reason of orders' points is `ORDERS`."""


@dataclass(frozen=True, slots=True)
class Caps:
    """The most points in a day, in a month and a year of the calendar, and ever; 0 is no limit.

    Days, months and years are those of the time zone. Raises ValueError for numbers below 0 and
    for an unknown time zone.
    """

    day: int = 0
    month: int = 0
    lifetime: int = 0
    zone: str = "UTC"
    calendar: Calendar = "gregorian"
    year: int = 0

    def __post_init__(self) -> None:
        zone_of(self.zone)
        for name in TIMES:
            if getattr(self, name) < 0:
                raise ValueError(f"the cap by {name} is {getattr(self, name)}; give 0 or more")

    def __bool__(self) -> bool:
        return bool(self.day or self.month or self.year or self.lifetime)

    def fields(self) -> dict[str, Any]:
        """Return what entries copy, of which `Caps(**fields)` makes the same caps."""
        found = asdict(self)
        if not self.year:
            del found["year"]
        return found

    def limits(self, moment: datetime) -> dict[Window, int]:
        """Return the limits that hold at the moment, by what they count within."""
        limits = (self.day, self.month, self.year, self.lifetime)
        pairs = zip(self.windows(moment), limits, strict=True)
        return {window: limit for window, limit in pairs if limit}

    def windows(self, moment: datetime) -> tuple[Window, Window, Window, Window]:
        """Return the day, the month and the year in which the moment lies, and all time."""
        local = day_of(moment, self.zone)
        month = month_name(local, self.calendar)
        place = (self.zone, self.calendar)
        return (self.zone, local.isoformat()), (*place, month), (*place, month[:4]), ()


NO_CAPS = Caps()


def read_rule_caps(words: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return what words like `review:month=100` say: the limits of each reason, by their time.

    Raises ValueError for an unknown rule or time, for a limit below 1, and for one told twice.
    """
    found: dict[str, dict[str, int]] = {}
    for word in words:
        name, _, limit = word.partition("=")
        rule, _, time = name.partition(":")
        if rule not in RULES:
            raise ValueError(f"{word!r}: {rule!r} is no rule; the rules are {', '.join(RULES)}")
        if time not in TIMES:
            raise ValueError(f"{word!r}: {time!r} is no time; the times are {', '.join(TIMES)}")
        if int(limit) < 1:
            raise ValueError(f"{word!r}: give at least 1, or leave the word out for no limit")
        own = found.setdefault(RULES[rule], {})
        if time in own:
            raise ValueError(f"{name!r} is there twice; give it once")
        own[time] = int(limit)
    return found


@dataclass(frozen=True, slots=True)
class RuleCaps:
    """The caps of a store: those of all rules together, and those of each, by its reason."""

    total: Caps = NO_CAPS
    by_reason: Mapping[str, Caps] = field(default_factory=dict)

    def of(self, reason: str) -> Caps:
        """Return the caps that the rule with points of this reason has of its own."""
        return self.by_reason.get(reason, NO_CAPS)


@dataclass(frozen=True, slots=True)
class Claim:
    """Points that something would give its customer if there were no caps, at a moment.

    `caps` are those of its own rule, whose points have the `reason`; `total` are those of all.
    """

    name: str
    at: datetime
    points: int
    caps: Caps
    total: Caps = NO_CAPS
    reason: str = ORDERS

    @property
    def under(self) -> list[tuple[str, Caps]]:
        """The caps that it is under, each with the reason whose points they count."""
        pairs = ((self.reason, self.caps), ("", self.total))
        return [(reason, caps) for reason, caps in pairs if caps]


def allowed(claims: Iterable[Claim]) -> dict[str, int]:
    """Return what each of a customer's claims may give, by name.

    Claims take what is left under their own caps in the sequence of their moments, and of their
    names where these are equal. A claim that gives less, as after a refund, leaves the room to
    those that come after it. Only claims given here count, so those that have no caps do not;
    and towards the caps of a rule, or of all, count those that are under such caps themselves.
    """
    listed = sorted(claims, key=lambda claim: (claim.at, claim.name))
    frames: dict[str, dict[tuple[str, str], Caps]] = {}
    for claim in listed:
        for reason, caps in claim.under:
            frames.setdefault(reason, {})[caps.zone, caps.calendar] = caps
    used: Counter[tuple[str, Window]] = Counter()
    found: dict[str, int] = {}
    for claim in listed:
        room = [
            limit - used[reason, window]
            for reason, caps in claim.under
            for window, limit in caps.limits(claim.at).items()
        ]
        given = found[claim.name] = max(0, min([claim.points, *room]))
        for reason, _ in claim.under:
            seen = {one for caps in frames[reason].values() for one in caps.windows(claim.at)}
            for window in seen:
                used[reason, window] += given
    return found
