"""Which orders changed since the store in scope was computed.

The database notes an order with every change to it. What is read here before the orders are is in
them; a change that comes later is noted once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from database.bulk import among
from database.models import ChangedOrder, Order


@dataclass(frozen=True, slots=True)
class Pending:
    """Orders that changed, each once, and the notes that say so.

    Of an order that is placed only in the future the note is not among them: it will be looked at
    again, so that the order counts once its time has come.
    """

    orders: Sequence[int]
    notes: Sequence[int]


def pending(session: Session, now: datetime) -> Pending:
    """What changed and is in no result yet."""
    rows = session.execute(
        select(ChangedOrder.number, ChangedOrder.order_id, Order.placed_at <= now)
        .join(Order, Order.id == ChangedOrder.order_id)
        .order_by(ChangedOrder.number)
    ).all()
    return Pending(
        orders=sorted({row.order_id for row in rows}),
        notes=[number for number, _, is_placed in rows if is_placed],
    )


def forget(session: Session, notes: Sequence[int]) -> None:
    """Forget notes of changes that are in the results now."""
    session.execute(
        delete(ChangedOrder)
        .where(among(ChangedOrder.number, notes))
        .execution_options(synchronize_session=False)
    )
