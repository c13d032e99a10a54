"""The most points that a customer gets by orders in a day, in a month, and ever.

What each order may give follows from all of the customer's orders as they stand, in the sequence
in which they were paid, never from the sequence in which they became known.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from retention.figures.period import Calendar, month_name, zone_of

Window = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caps:
    """The most points in a day, in a month of the calendar, and ever; 0 is no limit.

    Days and months are those of the time zone. Raises ValueError for numbers below 0 and for an
    unknown time zone.
    """

    day: int = 0
    month: int = 0
    lifetime: int = 0
    zone: str = "UTC"
    calendar: Calendar = "gregorian"

    def __post_init__(self) -> None:
        zone_of(self.zone)
        for name in ("day", "month", "lifetime"):
            if getattr(self, name) < 0:
                raise ValueError(f"the cap by {name} is {getattr(self, name)}; give 0 or more")

    def __bool__(self) -> bool:
        return bool(self.day or self.month or self.lifetime)

    def limits(self, moment: datetime) -> dict[Window, int]:
        """Return the limits that hold at the moment, by what they count within."""
        day, month, lifetime = self.windows(moment)
        found = {day: self.day, month: self.month, lifetime: self.lifetime}
        return {window: limit for window, limit in found.items() if limit}

    def windows(self, moment: datetime) -> tuple[Window, Window, Window]:
        """Return the day and the month in which the moment lies, and all time."""
        local = moment.astimezone(zone_of(self.zone)).date()
        month = month_name(local, self.calendar)
        return (self.zone, local.isoformat()), (self.zone, self.calendar, month), ()


NO_CAPS = Caps()


@dataclass(frozen=True, slots=True)
class Claim:
    """Points that something would give its customer if there were no caps, at a moment."""

    name: str
    at: datetime
    points: int
    caps: Caps


def allowed(claims: Iterable[Claim]) -> dict[str, int]:
    """Return what each of a customer's claims may give, by name.

    Claims take what is left under their own caps in the sequence of their moments, and of their
    names where these are equal. A claim that gives less, as after a refund, leaves the room to
    those that come after it. Only claims given here count, so those that have no caps do not.
    """
    listed = sorted(claims, key=lambda claim: (claim.at, claim.name))
    frames = {(claim.caps.zone, claim.caps.calendar): claim.caps for claim in listed}
    used: Counter[Window] = Counter()
    found: dict[str, int] = {}
    for claim in listed:
        room = [limit - used[window] for window, limit in claim.caps.limits(claim.at).items()]
        given = max(0, min([claim.points, *room]))
        found[claim.name] = given
        for window in {window for caps in frames.values() for window in caps.windows(claim.at)}:
            used[window] += given
    return found
