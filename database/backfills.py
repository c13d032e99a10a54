"""Which orders of the store in scope a backfill of points is about."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from database.models import Order, PointLot, Store
from database.orders import PAID_AT


class Portion(NamedTuple):
    """Some orders by the store's identifiers, and our number of the last one, None at the end."""

    orders: Sequence[str]
    last: int | None


def without_points(
    session: Session,
    statuses: Sequence[str],
    after: int,
    limit: int,
    since: datetime | None = None,
) -> Portion:
    """Up to `limit` orders behind our number `after` that count, and never gave points.

    `since` leaves out what was paid before.
    """
    statement = (
        select(Order.id, Order.external_id)
        .where(
            Order.id > after,
            Order.status.in_(statuses),
            Order.gone.is_(False),
            Order.customer_id.is_not(None),
            ~select(PointLot).where(PointLot.order_id == Order.external_id).exists(),
        )
        .order_by(Order.id)
        .limit(limit)
    )
    if since is not None:
        statement = statement.where(since <= PAID_AT)
    rows = session.execute(statement).all()
    return Portion([row.external_id for row in rows], rows[-1].id if rows else None)


def orders_of(session: Session, backfill: str, after: str, limit: int) -> Sequence[str]:
    """Up to `limit` orders that got points by this backfill, by rising identifier."""
    rows = session.scalars(
        select(PointLot.order_id)
        .where(
            PointLot.rule.contains(f'"backfill":"{backfill}"', autoescape=True),
            PointLot.order_id > after,
        )
        .distinct()
        .order_by(PointLot.order_id)
        .limit(limit)
    )
    return [name for name in rows if name is not None]


def note_undone(session: Session, backfill: str, *, undone: bool) -> None:
    """Note that a backfill's points are to be taken back, or to be there after all."""
    row = session.scalars(select(Store)).one()
    others = [name for name in row.undone_backfills if name != backfill]
    row.undone_backfills = [*others, backfill] if undone else others
    session.flush()
