"""What the points that are out would cost, by age, and what is expected to be redeemed of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from connector.settings import validate_settings
from database import liability as readings
from database import stores
from database.liability import Out, Use
from database.session import store_transaction
from jobs.context import Context
from retention.point_lifetimes import End, NotEnough, Outlook, Stay, outlook

AGES = (30, 90, 180, 365)


@dataclass(frozen=True, slots=True)
class Aged:
    """Points that can be spent since at most `days`, None for longer than all other ages."""

    days: int | None
    points: int


@dataclass(frozen=True, slots=True)
class Liability:
    """Points that customers may spend, those pending, those reserved, and those customers owe.

    `worth` is what available, pending and reserved points cost by the setting point_value, in the
    store's currency; None while that is 0. Ages count from the day a lot could be spent. What is
    reserved for redemptions is not part of `expected`: it is promised.
    """

    available: int
    pending: int
    reserved: int
    owed: int
    worth: Decimal | None
    point_value: Decimal
    currency: str
    ages: tuple[Aged, ...]
    expected: Outlook | NotEnough


def liability(context: Context, store_id: UUID) -> Liability:
    """The points that are out now.

    Raises:
        LookupError: there is no such store.
    """
    engine = context.engine.execution_options(isolation_level="REPEATABLE READ")
    with store_transaction(engine, store_id) as session:
        row = stores.existing(session)
        out = readings.out(session)
        used = readings.uses(session)
        reserved = readings.reserved(session)
        now = stores.now(session)
        value = validate_settings(row.settings).point_value
        currency = row.currency
    available = sum(one.available for one in out if one.available > 0)
    pending = sum(one.pending for one in out)
    return Liability(
        available=available,
        pending=pending,
        reserved=reserved,
        owed=-sum(one.available for one in out if one.available < 0),
        worth=value * (available + pending + reserved) if value else None,
        point_value=value,
        currency=currency,
        ages=_by_age([(now - one.since, one.available) for one in out if one.available > 0]),
        expected=outlook(stays(out, used, now)),
    )


def stays(out: Iterable[Out], used: Iterable[Use], now: datetime) -> Iterator[Stay]:
    """How far the points came: those that are out, and those that were redeemed or expired.

    What was released, given back or restored is out again, and so is what came back of a
    refunded order. Points that orders took back when they were refunded are none at all.
    """
    for one in out:
        yield Stay(one.customer_id, (now - one.since).days, "out", one.available)
        yield Stay(one.customer_id, -1, "out", one.pending)
    ended: dict[tuple[str, End], list[Stay]] = {}
    for use in used:
        end: End = "expired" if use.against == "expired" else "redeemed"
        own = ended.setdefault((use.effect, end), [])
        if use.points < 0:
            age = max(0, (use.at - use.since).days)
            own.append(Stay(use.customer_id, age, end, -use.points))
        else:
            _take_back(own, use.points)
    for own in ended.values():
        yield from own


def _take_back(own: list[Stay], points: int) -> None:
    """Remove so many points from the last ends."""
    while own and points > 0:
        last = own.pop()
        if last.points > points:
            own.append(last._replace(points=last.points - points))
        points -= last.points


def _by_age(held: list[tuple[timedelta, int]]) -> tuple[Aged, ...]:
    found = []
    least = timedelta.min
    for days in AGES:
        most = timedelta(days=days)
        found.append(Aged(days, sum(free for age, free in held if least < age <= most)))
        least = most
    return (*found, Aged(None, sum(free for age, free in held if age > least)))
