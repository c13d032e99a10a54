"""Customers of the store in scope: accounts, and guests known by e-mail or phone.

Who an order belongs to follows from the present facts alone (the order's own identity and the
accounts that exist), so the order in which the facts arrived does not matter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import Customer, Order
from database.versions import digest
from retention.records import Account

GuestIdentity = Literal["email", "phone"]
Claim = Literal["at_once", "proved"]


class GuestRules(Protocol):
    """The store's settings by which a guest's orders find their customer."""

    @property
    def guest_identity(self) -> GuestIdentity:
        """What a guest is known by first."""
        ...

    @property
    def points_claim(self) -> Claim:
        """Whether an account is a guest by its e-mail alone, or once that is proved to be its."""
        ...


@dataclass(frozen=True, slots=True)
class Buyer:
    """What an order says of its buyer; `account_id` is None for a guest."""

    account_id: str | None
    email: str | None
    phone: str | None

    def guest_key(self, identity: GuestIdentity) -> str | None:
        """The key of the guest, by the preferred identity or else the other; None if unknown."""
        known = {"email": self.email, "phone": self.phone}
        other: GuestIdentity = "phone" if identity == "email" else "email"
        for kind in (identity, other):
            if known[kind]:
                return f"{kind}:{known[kind]}"
        return None


def save_accounts(session: Session, accounts: Sequence[Account]) -> set[str]:
    """Keep the accounts' newest states; the guest keys whose orders may now have another owner."""
    identifiers = [account.id for account in accounts]
    touched = _guest_keys(session, identifiers)
    insert_rows(
        session,
        Customer,
        [
            {
                "key": f"account:{account.id}",
                "account_id": account.id,
                "email": account.email,
                "phone": account.phone,
                "name": account.name,
                "created_at": account.created_at,
                "modified_at": account.modified_at,
                "content": digest(account),
                "gone": False,
            }
            for account in accounts
        ],
        unique=("store_id", "key"),
        replace=("email", "phone", "name", "created_at", "modified_at", "content", "gone"),
    )
    return touched | _guest_keys(session, identifiers)


def mark_accounts_gone(session: Session, identifiers: Iterable[str]) -> set[str]:
    """Note deleted accounts, also those we never saw, and forget who they were.

    Returns the guest keys whose orders may now have another owner. An event that comes late does
    not revive an account.
    """
    listed = sorted(identifiers)
    touched = _guest_keys(session, listed)
    nobody = {"email": None, "proved_email": None, "phone": None, "name": ""}
    tombstone = {**nobody, "content": b"", "gone": True}
    insert_rows(
        session,
        Customer,
        [{"key": f"account:{name}", "account_id": name, **tombstone} for name in listed],
        unique=("store_id", "key"),
        replace=tombstone,
    )
    return touched


def gone_accounts(session: Session, identifiers: Iterable[str]) -> set[str]:
    """Those of the accounts that the store has deleted."""
    rows = session.scalars(
        select(Customer.account_id).where(
            among(Customer.account_id, identifiers), Customer.gone.is_(True)
        )
    )
    return {name for name in rows if name}


def present_accounts(session: Session) -> set[str]:
    """Every account that the store still had when it was last read."""
    rows = session.scalars(select(Customer.account_id).where(Customer.gone.is_(False)))
    return {name for name in rows if name}


def _guest_keys(session: Session, account_ids: Iterable[str]) -> set[str]:
    rows = session.execute(
        select(Customer.email, Customer.phone).where(among(Customer.account_id, account_ids))
    )
    return {
        f"{kind}:{value}"
        for row in rows
        for kind, value in (("email", row.email), ("phone", row.phone))
        if value
    }


def release_orders(session: Session, accounts: Iterable[str]) -> dict[str, Buyer]:
    """Make the orders of deleted accounts guests' orders, as the store does without a word."""
    rows = session.execute(
        update(Order)
        .where(among(Order.account_id, accounts))
        .values(account_id=None)
        .returning(Order.external_id, Order.email, Order.phone)
        .execution_options(synchronize_session=False)
    )
    return {row.external_id: Buyer(None, row.email, row.phone) for row in rows}


def guest_orders(session: Session, after: int, limit: int) -> tuple[dict[str, Buyer], int | None]:
    """Up to `limit` guest orders behind our number `after`, and the last one's number."""
    rows = session.execute(
        select(Order.id, Order.external_id, Order.email, Order.phone)
        .where(Order.id > after, Order.account_id.is_(None), Order.gone.is_(False))
        .order_by(Order.id)
        .limit(limit)
    ).all()
    buyers = {row.external_id: Buyer(None, row.email, row.phone) for row in rows}
    return buyers, rows[-1].id if rows else None


def orders_of_guests(session: Session, keys: Iterable[str]) -> dict[str, Buyer]:
    """The guest orders that these keys may name, as {order: buyer}."""
    emails = [key.removeprefix("email:") for key in keys if key.startswith("email:")]
    phones = [key.removeprefix("phone:") for key in keys if key.startswith("phone:")]
    rows = session.execute(
        select(Order.external_id, Order.email, Order.phone).where(
            Order.account_id.is_(None),
            Order.gone.is_(False),
            Order.email.in_(emails) | Order.phone.in_(phones),
        )
    )
    return {row.external_id: Buyer(None, row.email, row.phone) for row in rows}


def resolve(
    session: Session, buyers: Mapping[str, Buyer], rules: GuestRules
) -> dict[str, int | None]:
    """The customer of each order (any key), making rows for the ones seen for the first time.

    A guest whose identity belongs to an account is that account's customer (the oldest account,
    should several share it), where the rules ask for it only once its e-mail is proved; a phone
    number never is. A buyer without any identity is nobody: None.
    """
    accounts = _accounts_by_guest_key(session, buyers.values(), rules)
    identity = rules.guest_identity
    keys = {order: _key(buyer, accounts, identity) for order, buyer in buyers.items()}
    numbers = _numbers(session, {key for key in keys.values() if key})
    return {order: numbers[key] if key else None for order, key in keys.items()}


def _key(buyer: Buyer, accounts: Mapping[str, str], identity: GuestIdentity) -> str | None:
    if buyer.account_id:
        return f"account:{buyer.account_id}"
    guest = buyer.guest_key(identity)
    return f"account:{accounts[guest]}" if guest and guest in accounts else guest


def _accounts_by_guest_key(
    session: Session, buyers: Iterable[Buyer], rules: GuestRules
) -> dict[str, str]:
    keys = [b.guest_key(rules.guest_identity) for b in buyers if not b.account_id]
    emails = [key.removeprefix("email:") for key in keys if key and key.startswith("email:")]
    phones = [key.removeprefix("phone:") for key in keys if key and key.startswith("phone:")]
    if not emails and not phones:
        return {}
    statement = select(Customer.account_id, Customer.email, Customer.phone).where(
        Customer.account_id.is_not(None),
        Customer.gone.is_(False),
        Customer.email.in_(emails) | Customer.phone.in_(phones),
    )
    if rules.points_claim == "proved":
        statement = statement.where(Customer.email.in_(emails), _is_proved())
    rows = session.execute(statement).all()
    found: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: (len(row.account_id), row.account_id), reverse=True):
        found |= {f"email:{row.email}": row.account_id, f"phone:{row.phone}": row.account_id}
    if rules.points_claim == "proved":
        return {key: account for key, account in found.items() if key.startswith("email:")}
    return found


def _is_proved() -> ColumnElement[bool]:
    return Customer.email == Customer.proved_email


def _numbers(session: Session, keys: set[str]) -> dict[str, int]:
    contact: dict[str, dict[str, Any]] = {}
    for key in sorted(keys):
        kind, _, value = key.partition(":")
        contact[key] = {
            "key": key,
            "account_id": value if kind == "account" else None,
            "email": value if kind == "email" else None,
            "phone": value if kind == "phone" else None,
            "gone": False,
        }
    insert_rows(session, Customer, list(contact.values()), unique=("store_id", "key"), replace=())
    rows = session.execute(select(Customer.key, Customer.id).where(among(Customer.key, keys)))
    return {row.key: row.id for row in rows}


def keys(session: Session, numbers: Iterable[int]) -> dict[int, str]:
    """What each of these customers is known by: account:ID, email:ADDRESS or phone:NUMBER."""
    rows = session.execute(select(Customer.id, Customer.key).where(among(Customer.id, numbers)))
    return {row.id: row.key for row in rows}


def contact(session: Session, customer_id: int) -> tuple[str | None, str | None]:
    """A customer's account and e-mail address, neither of an account that was deleted."""
    row = session.execute(
        select(Customer.account_id, Customer.email).where(
            Customer.id == customer_id, Customer.gone.is_(False)
        )
    ).first()
    return (row.account_id, row.email) if row else (None, None)


def account_numbers(session: Session, customer_ids: Iterable[int]) -> dict[int, str]:
    """The store's account of each customer that has one and was not deleted."""
    rows = session.execute(
        select(Customer.id, Customer.account_id).where(
            among(Customer.id, customer_ids),
            Customer.account_id.is_not(None),
            Customer.gone.is_(False),
        )
    )
    return {row.id: row.account_id for row in rows}
