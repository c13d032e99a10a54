"""What the points that are out would cost, by age."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from connector.manifest import validate_settings
from database import points, stores
from database.session import store_transaction
from jobs.context import Context

AGES = (30, 90, 180, 365)


@dataclass(frozen=True, slots=True)
class Aged:
    """Points that can be spent since at most `days`, None for longer than all other ages."""

    days: int | None
    points: int


@dataclass(frozen=True, slots=True)
class Liability:
    """Points that customers may spend, those still pending, and those that customers owe.

    `worth` is what available and pending points cost by the setting point_value, in the store's
    currency; None while that is 0. Ages count from the day a lot could be spent.
    """

    available: int
    pending: int
    owed: int
    worth: Decimal | None
    currency: str
    ages: tuple[Aged, ...]


def liability(context: Context, store_id: UUID) -> Liability:
    """The points that are out now.

    Raises:
        LookupError: there is no such store.
    """
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session)
        if row is None:
            raise LookupError(f"no store {store_id}; `bazgasht stores` lists them")
        held = points.ages(session)
        now = stores.now(session)
        value = validate_settings(row.settings).point_value
        currency = row.currency
    available = sum(free for _, free, _ in held if free > 0)
    pending = sum(waiting for _, _, waiting in held)
    return Liability(
        available=available,
        pending=pending,
        owed=-sum(free for _, free, _ in held if free < 0),
        worth=value * (available + pending) if value else None,
        currency=currency,
        ages=_by_age([(now - since, free) for since, free, _ in held if free > 0]),
    )


def _by_age(held: list[tuple[timedelta, int]]) -> tuple[Aged, ...]:
    found = []
    least = timedelta.min
    for days in AGES:
        most = timedelta(days=days)
        found.append(Aged(days, sum(free for age, free in held if least < age <= most)))
        least = most
    return (*found, Aged(None, sum(free for age, free in held if age > least)))
