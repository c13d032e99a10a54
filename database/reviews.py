"""Reviews of products of the store in scope."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import Customer, Review
from retention.records import Review as ReviewRecord


def replace_reviews(session: Session, reviews: Sequence[ReviewRecord]) -> None:
    """Keep these reviews in the place of all earlier ones.

    A writer who is a customer by now is noted; the address that tells so is not kept.
    """
    writers = _customers(session, {review.email for review in reviews if review.email})
    session.execute(delete(Review).execution_options(synchronize_session=False))
    insert_rows(
        session,
        Review,
        [
            {
                "external_id": review.id,
                "product_external_id": review.product_id,
                "customer_id": writers.get(review.email) if review.email else None,
                "reviewed_at": review.reviewed_at,
                "rating": review.rating,
            }
            for review in reviews
        ],
    )


def _customers(session: Session, emails: Iterable[str]) -> dict[str, int]:
    """Who has each address: an account, else a guest."""
    rows = session.execute(
        select(Customer.email, Customer.id)
        .where(among(Customer.email, emails), Customer.gone.is_(False))
        .order_by(Customer.account_id.is_not(None), Customer.id.desc())
    )
    return {row.email: row.id for row in rows}
