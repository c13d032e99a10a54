"""What the store in scope has about a person because of birthdays and referrals."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from database.models import AccountHolder, Birthday, OrderAddress, Referral, ReferralCode

Rows = list[dict[str, Any]]


def describe(
    session: Session, customers: Collection[int], orders: Collection[str]
) -> dict[str, Rows]:
    """The rows about these customers and orders, by what they are; hashes in hexadecimal."""
    listed = list(customers)
    return {
        "birthdays": _birthdays(session, listed),
        "referral_codes": _codes(session, listed),
        "referrals": _referrals(session, listed),
        "hashes_of_addresses": _hashes(session, listed, list(orders)),
    }


def _birthdays(session: Session, customers: list[int]) -> Rows:
    rows = session.scalars(
        select(Birthday)
        .where(Birthday.customer_id.in_(customers) | Birthday.person.in_(customers))
        .order_by(Birthday.person)
    )
    return [
        {
            "calendar": row.calendar,
            "month": row.month,
            "day": row.day,
            "given_at": row.given_at.isoformat(),
            "celebrated_on": row.celebrated_on and row.celebrated_on.isoformat(),
        }
        for row in rows
    ]


def _codes(session: Session, customers: list[int]) -> Rows:
    rows = session.scalars(
        select(ReferralCode)
        .where(ReferralCode.customer_id.in_(customers))
        .order_by(ReferralCode.code)
    )
    return [{"code": row.code, "made_at": row.made_at.isoformat()} for row in rows]


def _referrals(session: Session, customers: list[int]) -> Rows:
    rows = session.scalars(
        select(Referral)
        .where(Referral.friend_id.in_(customers) | Referral.referrer_id.in_(customers))
        .order_by(Referral.id)
    )
    return [
        {
            "as": "friend" if row.friend_id in customers else "referrer",
            "code": row.code,
            "order": row.order_id if row.friend_id in customers else None,
            "state": row.state,
            "reasons": row.reasons,
            "decision": row.decision,
            "decided_why": row.decided_why,
            "decided_at": _time(row.decided_at),
            "noted_at": _time(row.noted_at),
        }
        for row in rows
    ]


def _hashes(session: Session, customers: list[int], orders: list[str]) -> Rows:
    holders = session.scalars(
        select(AccountHolder.hash)
        .where(AccountHolder.customer_id.in_(customers))
        .order_by(AccountHolder.hash)
    )
    places = session.execute(
        select(OrderAddress.order_id, OrderAddress.hash)
        .where(OrderAddress.order_id.in_(orders))
        .order_by(OrderAddress.order_id)
    )
    found: Rows = [{"of": "account", "hash": digest.hex()} for digest in holders]
    return found + [{"of": f"order {order}", "hash": digest.hex()} for order, digest in places]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
