"""What customers of the store in scope are to be told before their points expire."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import ExpiryWarning
from retention.ledger.expiry import Reminder


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


def forget_before(session: Session, day: date) -> None:
    """Drop warnings of points that expired before the day."""
    session.execute(
        delete(ExpiryWarning)
        .where(ExpiryWarning.expires_on < day)
        .execution_options(synchronize_session=False)
    )
