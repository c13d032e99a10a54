"""Who in the store in scope has proved an e-mail address, and what was given to guests by hand."""

import hashlib
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import String, delete, func, select, update
from sqlalchemy.orm import Session

from database import stores
from database.bulk import among, insert_rows
from database.models import ClaimLink, Customer, PointLot
from database.points import lots_where
from retention.ledger.handover import gift_of
from retention.records import PointLot as LotRecord

GIFT = "^(?:import:[^:]+:[^:]+|adjust:[^:]+|redemption:[^:]+:[0-9]+)"


class Claimed(NamedTuple):
    """An account of ours and the address that a link proves."""

    customer_id: int
    email: str


def new_link(session: Session, customer_id: int, email: str, days: int) -> tuple[str, datetime]:
    """A fresh random token by which the address is proved, once, and until when.

    Only its hash is kept. Links that are too old are forgotten.
    """
    token, moment = secrets.token_urlsafe(32), stores.now(session)
    expires_at = moment + timedelta(days=days)
    session.execute(delete(ClaimLink).where(ClaimLink.expires_at <= moment))
    row = {"token_hash": _hash(token), "customer_id": customer_id, "email": email}
    insert_rows(session, ClaimLink, [row | {"expires_at": expires_at}])
    return token, expires_at


def find_link(session: Session, token: str) -> Claimed | None:
    """What a token proves; None when it was used, is too old, or the account has changed since."""
    row = session.execute(
        select(ClaimLink.customer_id, ClaimLink.email)
        .join(Customer, Customer.id == ClaimLink.customer_id)
        .where(
            ClaimLink.token_hash == _hash(token),
            ClaimLink.expires_at > func.clock_timestamp(),
            Customer.email == ClaimLink.email,
            Customer.gone.is_(False),
        )
    ).first()
    return Claimed(*row) if row else None


def prove(session: Session, claimed: Claimed) -> None:
    """Note that the address is the account's, and forget the account's links."""
    session.execute(
        update(Customer)
        .where(Customer.id == claimed.customer_id)
        .values(proved_email=claimed.email)
        .execution_options(synchronize_session=False)
    )
    forget_links(session, [claimed.customer_id])


def forget_links(session: Session, customers: Iterable[int]) -> None:
    """Forget the links of these customers."""
    session.execute(
        delete(ClaimLink)
        .where(among(ClaimLink.customer_id, customers))
        .execution_options(synchronize_session=False)
    )


def prove_accounts(session: Session, accounts: Iterable[str]) -> None:
    """Note that the store itself knows these accounts' addresses to be theirs."""
    session.execute(
        update(Customer)
        .where(
            among(Customer.key, [f"account:{name}" for name in accounts]),
            Customer.proved_email.is_distinct_from(Customer.email),
        )
        .values(proved_email=Customer.email)
        .execution_options(synchronize_session=False)
    )


def merge(session: Session, kept: str, gone: str) -> None:
    """Note that the store has made one account of two."""
    row = {"key": f"account:{gone}", "account_id": gone, "merged_into": kept, "gone": False}
    insert_rows(session, Customer, [row], unique=("store_id", "key"), replace=("merged_into",))


def merged_into_at_last(session: Session, account: str) -> str:
    """The account that this one has become, however often it was merged; itself if it never was."""
    passed: set[str] = set()
    while account not in passed:
        passed.add(account)
        query = select(Customer.merged_into).where(Customer.key == f"account:{account}")
        account = session.scalar(query) or account
    return account


def gifts_of_guests(session: Session, keys: Collection[str] | None = None) -> dict[str, set[str]]:
    """What was given by hand to these guests (None: to any), by the guest's key."""
    statement = (
        select(Customer.key, PointLot.reference)
        .join(PointLot, PointLot.customer_id == Customer.id)
        .where(Customer.account_id.is_(None), PointLot.reference.regexp_match(GIFT))
    )
    if keys is not None:
        statement = statement.where(among(Customer.key, keys))
    return _by_key((row[0], row[1]) for row in session.execute(statement))


def gifts_of_merged(session: Session, accounts: Collection[str]) -> dict[str, set[str]]:
    """What was given by hand to these accounts and is with them still, by the account."""
    statement = (
        select(Customer.account_id, PointLot.reference)
        .join(PointLot, PointLot.customer_id == Customer.id)
        .where(
            among(Customer.account_id, accounts),
            PointLot.reference.regexp_match(GIFT),
            (PointLot.pending != 0) | (PointLot.available != 0),
        )
    )
    return _by_key((str(row[0]), row[1]) for row in session.execute(statement))


def _by_key(rows: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, reference in rows:
        if gift := gift_of(reference):
            found.setdefault(key, set()).add(gift)
    return found


def lots_of_gifts(session: Session, gifts: Collection[str]) -> list[LotRecord]:
    """Every lot of these adjustments and balances, whoever has it."""
    return lots_where(session, among(func.substring(PointLot.reference, GIFT, type_=String), gifts))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
