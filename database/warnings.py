"""What customers of the store in scope are to be told before their points expire."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import Customer, ExpiryWarning
from database.person import ERASED
from retention.ledger.expiry import Reminder


class Addressee(NamedTuple):
    """How a customer can be told of something; empty where it is not known."""

    account_id: str
    email: str
    phone: str


def note(session: Session, reminders: Mapping[int, Iterable[Reminder]], at: datetime) -> None:
    """Note what customers are to be told; what was noted before stays as it was."""
    insert_rows(
        session,
        ExpiryWarning,
        [
            {"customer_id": customer, **reminder._asdict(), "noted_at": at}
            for customer, listed in sorted(reminders.items())
            for reminder in listed
        ],
        unique=("store_id", "customer_id", "expires_on", "days_before"),
        replace=(),
    )


def of_customers(session: Session, customers: Iterable[int]) -> Sequence[ExpiryWarning]:
    """What these customers are, or were, to be told, the first to be noted first."""
    return session.scalars(
        select(ExpiryWarning)
        .where(among(ExpiryWarning.customer_id, customers))
        .order_by(ExpiryWarning.expires_on, ExpiryWarning.days_before.desc())
    ).all()


def customers(session: Session, day: date, after: int, limit: int) -> Sequence[int]:
    """Up to `limit` customers behind `after` with a warning of points that expire from the day."""
    return session.scalars(
        select(ExpiryWarning.customer_id)
        .where(ExpiryWarning.expires_on >= day, ExpiryWarning.customer_id > after)
        .distinct()
        .order_by(ExpiryWarning.customer_id)
        .limit(limit)
    ).all()


def addressees(session: Session, customers: Iterable[int]) -> dict[int, Addressee]:
    """How each of these customers can be told; without those who were erased."""
    is_erased = func.coalesce(Customer.email, "").endswith(ERASED)
    rows = session.execute(
        select(Customer.id, Customer.account_id, Customer.email, Customer.phone).where(
            among(Customer.id, customers), ~is_erased
        )
    )
    return {row[0]: Addressee(row[1] or "", row[2] or "", row[3] or "") for row in rows}


def forget_before(session: Session, day: date) -> None:
    """Drop warnings of points that expired before the day."""
    session.execute(
        delete(ExpiryWarning)
        .where(ExpiryWarning.expires_on < day)
        .execution_options(synchronize_session=False)
    )
