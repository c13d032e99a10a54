"""The ledger of points of the store in scope. Entries are only ever added."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import Customer, PointEntry
from retention.records import PointEntry as EntryRecord


def entries_of_orders(session: Session, orders: Iterable[str]) -> dict[str, list[EntryRecord]]:
    """The entries of each of these orders, oldest first."""
    found: dict[str, list[EntryRecord]] = {}
    for row in session.scalars(
        select(PointEntry).where(among(PointEntry.order_id, orders)).order_by(PointEntry.id)
    ):
        found.setdefault(row.order_id, []).append(
            EntryRecord(
                reference=row.reference,
                order_id=row.order_id,
                customer_id=row.customer_id,
                points=row.points,
                reason=row.reason,  # type: ignore[arg-type]
                rule=row.rule,
            )
        )
    return found


def append(session: Session, entries: Sequence[EntryRecord]) -> None:
    """Add entries. The database refuses a reference that exists, and the transaction with it."""
    insert_rows(
        session,
        PointEntry,
        [
            {
                "reference": entry.reference,
                "order_id": entry.order_id,
                "customer_id": entry.customer_id,
                "points": entry.points,
                "reason": entry.reason,
                "rule": entry.rule,
            }
            for entry in entries
        ],
    )


def balances(session: Session, customers: Iterable[int]) -> dict[int, int]:
    """Each customer's balance: the sum of the entries, 0 for one without any."""
    listed = list(customers)
    rows = session.execute(
        select(PointEntry.customer_id, func.sum(PointEntry.points))
        .where(among(PointEntry.customer_id, listed))
        .group_by(PointEntry.customer_id)
    )
    return dict.fromkeys(listed, 0) | {row[0]: int(row[1]) for row in rows}


def holders(session: Session) -> Sequence[int]:
    """The customers that ever had points."""
    return session.scalars(select(PointEntry.customer_id).distinct()).all()


def total(session: Session) -> tuple[int, int]:
    """Number of entries and sum of all points of the store in scope."""
    count, points = session.execute(
        select(func.count(), func.coalesce(func.sum(PointEntry.points), 0))
    ).one()
    return count, int(points)


def balance_of_account(session: Session, account_id: str) -> int:
    """The balance of the store's account, 0 when it has earned nothing yet."""
    total_points = session.scalar(
        select(func.coalesce(func.sum(PointEntry.points), 0))
        .join(Customer, Customer.id == PointEntry.customer_id)
        .where(Customer.account_id == account_id)
    )
    return int(total_points or 0)
