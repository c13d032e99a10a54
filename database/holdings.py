"""What customers of the store in scope have of points by when they expire, and their activity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from database.bulk import among
from database.models import Customer, Order, PointEntry, PointLot
from database.orders import PAID_AT, counts
from retention.ledger.expiry import Holding
from retention.records import PointEntry as EntryRecord

POSITIVE, NEGATIVE = PointLot.available > 0, PointLot.available < 0
ENTRY_FIELDS = [field.name for field in fields(EntryRecord)]


@dataclass(frozen=True, slots=True)
class AccountHolding:
    """The account of a customer that the store still has, with its points."""

    customer_id: int
    account_id: str
    holding: Holding


class Activity(NamedTuple):
    """When a customer was last active, and when points were last written down for them."""

    active: datetime | None = None
    given: datetime | None = None


def of_accounts(session: Session, customers: Iterable[int]) -> list[AccountHolding]:
    """The points of these customers' accounts, nothing for those without any account."""
    rows = session.execute(
        _sums(Customer.id, Customer.account_id)
        .select_from(Customer)
        .outerjoin(PointLot, PointLot.customer_id == Customer.id)
        .where(
            among(Customer.id, customers),
            Customer.account_id.is_not(None),
            Customer.gone.is_(False),
        )
    )
    return [
        AccountHolding(number, account, holding)
        for (number, account), holding in _holdings(rows).items()
    ]


def of_customers(session: Session, customers: Iterable[int]) -> dict[int, Holding]:
    """The points of these customers, nothing for those who never had any."""
    rows = session.execute(
        _sums(PointLot.customer_id).where(among(PointLot.customer_id, customers))
    )
    return {name[0]: holding for name, holding in _holdings(rows).items()}


def _sums(*names: Any) -> Select[Any]:
    return select(
        *names,
        PointLot.expires_at,
        _total(PointLot.available).filter(POSITIVE),
        _total(PointLot.available).filter(NEGATIVE),
        _total(PointLot.pending),
    ).group_by(*names, PointLot.expires_at)


def _total(column: Any) -> Any:
    return func.sum(column)


def _holdings(rows: Iterable[Row[Any]]) -> dict[tuple[Any, ...], Holding]:
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        name, (expires_at, positive, negative, pending) = tuple(row)[:-4], tuple(row)[-4:]
        found = sums.setdefault(name, [{}, 0, 0])
        if positive:
            found[0][expires_at] = int(positive)
        found[1] -= int(negative or 0)
        found[2] += int(pending or 0)
    return {name: Holding(*parts) for name, parts in sums.items()}


def activity(
    session: Session, customers: Iterable[int], statuses: Sequence[str]
) -> dict[int, Activity]:
    """The last activity of these customers, and when points were last given to them.

    Active is who paid for an order that counts and of which something is kept, was given points
    without an order, or spent some.
    """
    listed = list(customers)
    bought = _last_orders(session, listed, statuses)
    rows = session.execute(
        select(
            PointEntry.customer_id,
            func.max(PointEntry.created_at).filter(_active()),
            func.max(PointEntry.created_at).filter(_given()),
        )
        .where(among(PointEntry.customer_id, listed))
        .group_by(PointEntry.customer_id)
    )
    entered = {row[0]: (row[1], row[2]) for row in rows}
    found = {}
    for customer in listed:
        active, given = entered.get(customer, (None, None))
        moments = [one for one in (active, bought.get(customer)) if one]
        found[customer] = Activity(max(moments, default=None), given)
    return found


def _active() -> ColumnElement[bool]:
    given = (PointEntry.points > 0) & PointEntry.against.in_(("issued", "adjusted"))
    spent = (PointEntry.points < 0) & (PointEntry.against == "reserved")
    return (given & PointEntry.order_id.is_(None)) | spent


def _given() -> ColumnElement[bool]:
    # What only changed its account, or was another customer's, was given before.
    return (
        (PointEntry.points > 0)
        & PointEntry.against.in_(("issued", "adjusted", "expired", "reserved", "redeemed"))
        & PointEntry.reason.not_in(("committed", "reopened"))
    )


def _last_orders(
    session: Session, customers: Sequence[int], statuses: Sequence[str]
) -> dict[int, datetime]:
    rows = session.execute(
        select(Order.customer_id, func.max(PAID_AT))
        .where(among(Order.customer_id, customers), *counts(statuses))
        .group_by(Order.customer_id)
    )
    return {row[0]: row[1] for row in rows if row[0] is not None}


def bought_since(
    session: Session, customers: Iterable[int], statuses: Sequence[str], since: datetime
) -> dict[int, list[datetime]]:
    """When these customers paid, after that, for orders that count and are not all refunded."""
    rows = session.execute(
        select(Order.customer_id, func.array_agg(PAID_AT))
        .where(among(Order.customer_id, customers), *counts(statuses), since < PAID_AT)
        .group_by(Order.customer_id)
    )
    return {row[0]: list(row[1]) for row in rows if row[0] is not None}


def lapsed(session: Session, customers: Iterable[int]) -> list[tuple[EntryRecord, datetime]]:
    """What lapsed for these customers and was not given back, with when it lapsed."""
    back = aliased(PointEntry)
    given_back = select(back.id).where(back.reference == "restore:" + PointEntry.reference).exists()
    rows = session.execute(
        select(*(getattr(PointEntry, name) for name in ENTRY_FIELDS), PointEntry.created_at)
        .where(
            among(PointEntry.customer_id, customers),
            PointEntry.reason == "lapsed",
            ~given_back,
        )
        .order_by(PointEntry.number)
    )
    return [(EntryRecord(*row[:-1]), row.created_at) for row in rows]


def with_points(session: Session, after: int, limit: int) -> Sequence[int]:
    """Up to `limit` customers who have available points, by our numbers behind `after`."""
    return session.scalars(
        select(PointLot.customer_id)
        .where(PointLot.available > 0, PointLot.customer_id > after)
        .distinct()
        .order_by(PointLot.customer_id)
        .limit(limit)
    ).all()


def expiring(session: Session, until: datetime, after: int, limit: int) -> Sequence[int]:
    """Up to `limit` customers behind `after` who have points that expire, lot by lot, by then."""
    return session.scalars(
        select(PointLot.customer_id)
        .where(PointLot.available > 0, PointLot.expires_at <= until, PointLot.customer_id > after)
        .distinct()
        .order_by(PointLot.customer_id)
        .limit(limit)
    ).all()
