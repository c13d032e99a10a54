"""Codes of the store in scope by which customers bring friends, and who carries one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import Customer, Order, ReferralCode
from database.orders import counts

SOURCE, MEDIUM = "bazgasht", "referral"
"""What a referral's link is marked with, so that the store's own tracking tells the code."""


def customers_of_codes(session: Session, codes: Iterable[str]) -> dict[str, int]:
    """Whose each of these codes is."""
    rows = session.execute(
        select(ReferralCode.code, ReferralCode.customer_id).where(among(ReferralCode.code, codes))
    )
    return {row[0]: row[1] for row in rows}


def codes_of(session: Session, customers: Iterable[int]) -> dict[int, set[str]]:
    """The codes of each of these customers that has any."""
    rows = session.execute(
        select(ReferralCode.customer_id, ReferralCode.code)
        .where(among(ReferralCode.customer_id, customers))
        .order_by(ReferralCode.made_at)
    )
    found: dict[int, set[str]] = defaultdict(set)
    for customer, code in rows:
        found[customer].add(code)
    return found


def add_code(session: Session, code: str, customer_id: int) -> bool:
    """Give a customer a code; False when it is known already, whosever it is."""
    return bool(
        insert_rows(
            session,
            ReferralCode,
            [{"code": code, "customer_id": customer_id}],
            unique=("store_id", "code"),
            replace=(),
            returning=("code",),
        )
    )


def add_codes(session: Session, codes: Mapping[str, int]) -> None:
    """Give each of these new codes to its customer; one that is known already stays whose it is."""
    rows = [{"code": code, "customer_id": customer} for code, customer in codes.items()]
    insert_rows(session, ReferralCode, rows, unique=("store_id", "code"), replace=())


def buyers(session: Session, statuses: Sequence[str]) -> list[tuple[int, str, str]]:
    """The accounts that are there and have bought: our number, the store's, and the e-mail."""
    has_bought = exists().where(Order.customer_id == Customer.id, *counts(statuses))
    rows = session.execute(
        select(Customer.id, Customer.account_id, Customer.email)
        .where(Customer.account_id.is_not(None), Customer.gone.is_(False), has_bought)
        .order_by(Customer.id)
    )
    return [(row[0], row[1] or "", row[2] or "") for row in rows]


def with_code(session: Session, code: str, since: datetime) -> Sequence[int]:
    """The customers who have an order of since then with this code."""
    return [
        number
        for number in session.scalars(
            select(Order.customer_id)
            .where(Order.placed_at >= since, Order.customer_id.is_not(None), _carries(code))
            .distinct()
        )
        if number is not None
    ]


def _carries(code: str) -> ColumnElement[bool]:
    linked = and_(Order.source == SOURCE, Order.medium == MEDIUM)
    return or_(
        func.array_position(Order.coupon_codes, code).is_not(None),
        and_(linked, func.lower(Order.campaign) == code),
    )
