"""Erasing a person, or a whole store, from the tables of the store in scope.

A person's rows stay, because totals, points and what is computed rest on them; whom they are about
does not. Each of the person's customers gets a random pseudonym in the form of an e-mail address
under `.invalid`, a domain that nobody can have and that no reading accepts as an address. So
purchases still are one customer's by the very rules that hold for any guest.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from database import (
    claims,
    occasions,
    outbox,
    people,
    personal,
    redemptions,
    referrals,
    stores,
)
from database.bulk import insert_rows
from database.models import (
    Base,
    Customer,
    ErasedIdentity,
    Install,
    Order,
    ScheduleTick,
    Store,
)
from database.person import ERASED, Person
from database.privacy import Hasher

# What the order held cannot be told from its digest then, and the next reading is applied.
UNKNOWN = b""


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of an identity: the pseudonym in its place, and since when."""

    pseudonym: str
    erased_at: datetime


def new_pseudonym() -> str:
    """A random name that says nothing of whom it stands for."""
    return secrets.token_hex(16) + ERASED


def erase(session: Session, person: Person, hasher: Hasher) -> dict[str, int]:
    """Remove all that names the person, and remember the identities as hashes.

    Returns how many customers and orders were changed and how many rows for the store dropped.
    """
    pseudonyms = {number: new_pseudonym() for number in sorted(person.customers)}
    remember(session, _by_identity(session, person, pseudonyms), hasher)
    orders = sum(_rename(session, number, name) for number, name in pseudonyms.items())
    orders += _strip_other_orders(session, person)
    redemptions.forget(session, pseudonyms)
    personal.forget(session, pseudonyms)
    claims.forget_links(session, pseudonyms)
    _forget_occasions(session, person)
    written = len(set(outbox.ever_written(session, "customer")) & person.accounts)
    outbox.forget(session, "customer", person.accounts)
    _forget_rejected(session, person.accounts)
    return {"customers": len(pseudonyms), "orders": orders, "written_to_accounts": written}


def _forget_occasions(session: Session, person: Person) -> None:
    """Remove what is known of a person for points besides orders."""
    people.forget(session, person.customers)
    occasions.forget_birthdays(session, person.customers)
    referrals.forget(session, list(person.customers), person.orders)


def _by_identity(session: Session, person: Person, pseudonyms: Mapping[int, str]) -> dict[str, str]:
    """Which pseudonym stands in for each identity: that of the customer whose orders it marks."""
    by_key = {person.customers[number]: name for number, name in pseudonyms.items()}
    for number, email, phone in session.execute(
        select(Customer.id, Customer.email, Customer.phone)
        .where(Customer.id.in_(pseudonyms), Customer.account_id.is_not(None))
        .order_by(func.length(Customer.account_id).desc(), Customer.account_id.desc())
    ):
        by_key |= {f"email:{email}": pseudonyms[number], f"phone:{phone}": pseudonyms[number]}
    spare = next(iter(pseudonyms.values()), new_pseudonym())
    return {identity: by_key.get(identity, spare) for identity in person.identities}


def remember(session: Session, pseudonyms: Mapping[str, str], hasher: Hasher) -> None:
    """Remember as erased, by now, each of these identities with its pseudonym."""
    moment = stores.now(session)
    insert_rows(
        session,
        ErasedIdentity,
        [
            {"hash": hasher(identity), "pseudonym": name, "erased_at": moment}
            for identity, name in sorted(pseudonyms.items())
        ],
        unique=("store_id", "hash"),
        replace=("pseudonym", "erased_at"),
    )


def _rename(session: Session, number: int, pseudonym: str) -> int:
    session.execute(
        update(Customer)
        .where(Customer.id == number)
        .values(
            key=f"email:{pseudonym}",
            account_id=None,
            email=pseudonym,
            phone=None,
            name="",
            proved_email=None,
            merged_into=None,
            modified_at=None,
            content=None,
        )
        .execution_options(synchronize_session=False)
    )
    rows = session.execute(
        update(Order)
        .where(Order.customer_id == number)
        .values(account_id=None, email=pseudonym, phone=None, content=UNKNOWN)
        .returning(Order.id)
        .execution_options(synchronize_session=False)
    )
    return len(rows.all())


def _strip_other_orders(session: Session, person: Person) -> int:
    """Remove what names the person from orders that are counted as somebody else's."""
    changed: set[int] = set()
    for column, values in (
        (Order.account_id, person.accounts),
        (Order.email, person.emails),
        (Order.phone, person.phones),
    ):
        rows = session.scalars(
            update(Order)
            .where(column.in_(values))
            .values({column: None, Order.content: UNKNOWN})
            .returning(Order.id)
            .execution_options(synchronize_session=False)
        )
        changed |= set(rows)
    return len(changed)


def _forget_rejected(session: Session, accounts: Iterable[str]) -> None:
    """Drop accounts that could not be read from what the loading of customers lists."""
    session.execute(
        text(
            """
            UPDATE progress SET rejected = (
              SELECT COALESCE(jsonb_agg(entry), '[]') FROM jsonb_array_elements(rejected) entry
              WHERE NOT (entry ->> 0 = ANY(:accounts)))
            WHERE task LIKE '%customers' AND rejected <> '[]'
            """
        ),
        {"accounts": sorted(accounts)},
    )


def erased(session: Session, identities: Iterable[str], hasher: Hasher) -> dict[str, Erased]:
    """Those of the identities that were erased."""
    hashes = {hasher(identity): identity for identity in identities}
    rows = session.scalars(select(ErasedIdentity).where(ErasedIdentity.hash.in_(list(hashes))))
    return {hashes[row.hash]: Erased(row.pseudonym, row.erased_at) for row in rows}


def erased_orders(session: Session, identifiers: Iterable[str]) -> dict[str, str]:
    """Those of the orders whose buyer was erased, with the pseudonym in the buyer's place."""
    rows = session.execute(
        select(Order.external_id, Order.email).where(
            Order.external_id.in_(list(identifiers)), Order.email.endswith(ERASED)
        )
    )
    return {row.external_id: row.email for row in rows}


def returned_accounts(session: Session, identifiers: Iterable[str]) -> set[str]:
    """Those of the accounts that are customers: of erased ones, those who bought again since."""
    rows = session.scalars(
        select(Customer.account_id).where(Customer.account_id.in_(list(identifiers)))
    )
    return {name for name in rows if name}


def remove_store(session: Session, store: Store) -> dict[str, int]:
    """Remove every row of the store in scope but its privacy requests; how many of which table."""
    counts = {
        table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
        for table in Base.metadata.sorted_tables
        if "store_id" in table.columns and table.name != "privacy_requests"
    }
    session.execute(
        delete(Install)
        .where(Install.platform == store.platform, Install.store_url == store.url)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        delete(ScheduleTick)
        .where(ScheduleTick.task.endswith(str(store.id)))
        .execution_options(synchronize_session=False)
    )
    # Orders first, because their lines refer to products; all else goes with the store.
    session.execute(delete(Order).execution_options(synchronize_session=False))
    session.execute(delete(Store).execution_options(synchronize_session=False))
    return {name: count for name, count in counts.items() if count}
