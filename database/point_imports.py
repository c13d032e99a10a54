"""What of the store in scope decides whose an imported balance is, and what came of it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from database.bulk import among
from database.models import Customer, PointEntry, PointLot
from database.points import PORTION, lots_where
from retention.records import PointLot as LotRecord


def present_accounts(session: Session, identifiers: Iterable[str]) -> set[str]:
    """Those of the accounts that the store has, as far as it was read."""
    rows = session.scalars(
        select(Customer.account_id).where(
            among(Customer.key, [f"account:{name}" for name in identifiers]),
            Customer.gone.is_(False),
        )
    )
    return {name for name in rows if name}


def lots_beginning(session: Session, prefix: str) -> list[LotRecord]:
    """The lots whose references begin so, by reference."""
    return lots_where(session, PointLot.reference.startswith(prefix, autoescape=True))


class Imported(NamedTuple):
    """An import there was: its reference, when it began, its balances, and what of it is left."""

    reference: str
    at: datetime
    balances: int
    given: int
    left: int


def imports(session: Session) -> list[Imported]:
    """Every import of balances, the oldest first.

    What has been undone gives 0.
    """
    reference = func.split_part(PointLot.reference, ":", 2).label("reference")
    balance = func.split_part(PointLot.reference, ":", 3)
    began = (
        select(PointEntry.lot, func.min(PointEntry.created_at).label("at"))
        .where(PointEntry.lot.startswith("import:"))
        .group_by(PointEntry.lot)
        .subquery()
    )
    rows = session.execute(
        select(
            reference,
            func.min(began.c.at).label("at"),
            func.count(balance.distinct()),
            func.sum(PointLot.granted),
            func.sum(PointLot.pending + PointLot.available),
        )
        .join(began, began.c.lot == PointLot.reference)
        .where(PointLot.reference.startswith("import:"))
        .group_by(reference)
        .order_by("at", reference)
    )
    return [Imported(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in rows]


class Holding(NamedTuple):
    """What a customer has of points, with all that names the customer."""

    account_id: str
    email: str
    phone: str
    points: int
    pending: int


def holdings(session: Session) -> Iterator[Holding]:
    """Everyone who has or owes points, by our number, read in portions."""
    available, pending = func.sum(PointLot.available), func.sum(PointLot.pending)
    rows = session.execute(
        select(Customer.account_id, Customer.email, Customer.phone, available, pending)
        .join(PointLot, PointLot.customer_id == Customer.id)
        .group_by(Customer.id)
        .having((available != 0) | (pending != 0))
        .order_by(Customer.id)
        .execution_options(yield_per=PORTION)
    )
    return (
        Holding(row[0] or "", row[1] or "", row[2] or "", int(row[3]), int(row[4])) for row in rows
    )
