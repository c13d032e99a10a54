"""When a customer's points expire: lot by lot, or all together after a time without activity."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from retention.figures.period import beginning_of, day_of
from retention.ledger.book import Book
from retention.ledger.changes import let_go
from retention.records import PointEntry, PointLot

WRITTEN_OFF = "written_off"
"""Under which name a lapse copies what had been left to the customer of the lot before."""


class Loss(NamedTuple):
    """Points that expire at a moment, as far as no debt is paid from them."""

    at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class Holding:
    """A customer's points: by when they expire (None: never), what is owed, what is pending.

    `by_expiry` counts only lots of which something is available, `owed` those below 0.
    """

    by_expiry: Mapping[datetime | None, int]
    owed: int = 0
    pending: int = 0

    @property
    def available(self) -> int:
        """What can be spent, below 0 when points are owed."""
        return sum(self.by_expiry.values()) - self.owed


def losses(holding: Holding, lapses_at: datetime | None = None) -> list[Loss]:
    """Return what will expire if nothing happens, soonest first.

    What is owed is paid from the points that expire first. At `lapses_at` all that is left goes.
    """
    owed, left, found = holding.owed, sum(holding.by_expiry.values()), []
    dated = sorted((at, points) for at, points in holding.by_expiry.items() if at is not None)
    for at, points in dated:
        if lapses_at is not None and at >= lapses_at:
            break
        paid = min(owed, points)
        owed, left = owed - paid, left - points
        if points > paid:
            found.append(Loss(at, points - paid))
    if lapses_at is not None and left > owed:
        found.append(Loss(lapses_at, left - owed))
    return found


@dataclass(frozen=True, slots=True)
class InactivityRule:
    """All points lapse `days` after the last activity, counted in the store's days.

    Not before `grace_days` after the rule began (`since`), or after points were last written
    down, so that neither switching it on nor loading old orders takes points at once.
    """

    days: int
    grace_days: int
    since: datetime
    zone: str

    def text(self, lot: PointLot) -> str:
        """Return what the entry of a lot's lapse copies: the rule, and what to tell it back by."""
        copied = {"inactivity_days": self.days, "grace_days": self.grace_days}
        if lot.written_off:
            copied[WRITTEN_OFF] = lot.written_off
        return json.dumps(copied, separators=(",", ":"))

    def day_of(self, moment: datetime) -> date:
        """Return the store's day of a moment."""
        return day_of(moment, self.zone)

    def lapses_on(self, active: datetime | None, given: datetime | None) -> date:
        """Return the day at whose beginning points lapse.

        `active` is the last order that counts, or points given or spent without one; `given`
        is when points were last written down.
        """
        grace = timedelta(days=self.grace_days)
        days = [self.day_of(moment) + grace for moment in (self.since, given) if moment]
        if active is not None:
            days.append(self.day_of(active) + timedelta(days=self.days))
        return max(days)

    def lapses_at(self, active: datetime | None, given: datetime | None) -> datetime:
        """Return the beginning of the day of `lapses_on`, in UTC."""
        day = self.lapses_on(active, given)
        return beginning_of(day, self.zone)

    def was_wrong(self, lapsed_at: datetime, orders: Iterable[datetime]) -> bool:
        """Whether one of a customer's orders, by when they were paid, forbids a lapse."""
        day = self.day_of(lapsed_at)
        return any(
            paid < lapsed_at and self.day_of(paid) + timedelta(days=self.days) > day
            for paid in orders
        )


def lapse(book: Book, customer_id: int, rule: InactivityRule) -> None:
    """Let all of the customer's available points go, after what is owed is paid from them.

    The book must hold all of the customer's lots.
    """
    let_go(book, customer_id, lambda _: True, "lapsed", rule.text)


def restore(book: Book, lapsed: Sequence[PointEntry]) -> None:
    """Give back what lapsed, as far as its lots still have it: orders refunded since took theirs.

    An entry that was given back before is left alone by whoever calls. The book must hold the
    entries' lots.
    """
    for entry in lapsed:
        lot = book.lots[entry.lot]
        # An order that is refunded takes first what has lapsed, and leaves that to the customer.
        since = lot.written_off - json.loads(entry.rule).get(WRITTEN_OFF, 0)
        points = min(-entry.points, max(0, lot.expired - max(0, since)))
        if points:
            book.post(
                PointEntry(
                    reference=f"restore:{entry.reference}",
                    lot=entry.lot,
                    order_id=entry.order_id,
                    customer_id=entry.customer_id,
                    points=points,
                    pending=0,
                    against="expired",
                    reason="restored",
                )
            )


def by_day(upcoming: Iterable[Loss], zone: str) -> dict[date, int]:
    """Return the points that are lost, by the day of the zone."""
    found: dict[date, int] = {}
    for loss in upcoming:
        day = day_of(loss.at, zone)
        found[day] = found.get(day, 0) + loss.points
    return found


class Reminder(NamedTuple):
    """Points that a customer is to be told of, so many days before the day they expire."""

    expires_on: date
    days_before: int
    points: int


def reminders(
    upcoming: Iterable[Loss], today: date, days: Sequence[int], zone: str
) -> Iterator[Reminder]:
    """Yield what a customer is to be told by today: for each loss the latest warning that is due.

    One that was missed, for example because points became known late, is left out for the later.
    """
    for day, points in sorted(by_day(upcoming, zone).items()):
        left = (day - today).days
        due = [before for before in days if left <= before]
        if left > 0 and due:
            yield Reminder(day, min(due), points)
