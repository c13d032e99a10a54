"""Who of the store in scope is one person behind several accounts, one after another.

Addresses are known as hashes under the store's key only, because an account that was deleted
leaves nothing else behind by which a new one of the same person could be recognised.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import AccountHolder, Customer, ErasedIdentity
from database.privacy import Hasher, identities_of


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as it is known now; one that was deleted has no address any more.

    `merged_into` is the account that the store made of it and another.
    """

    customer_id: int
    account_id: str
    email: str | None
    phone: str | None
    created_at: datetime | None
    merged_into: str | None
    is_present: bool


def accounts(session: Session, customers: Iterable[int]) -> dict[int, AccountRow]:
    """Those of the customers that are accounts, also deleted ones."""
    return _accounts(session, among(Customer.id, customers))


def accounts_named(session: Session, names: Iterable[str]) -> dict[int, AccountRow]:
    """The accounts of these identifiers of the store."""
    return _accounts(session, among(Customer.account_id, names))


def accounts_since(session: Session, moment: datetime) -> dict[int, AccountRow]:
    """The accounts that were made since then and are still there."""
    return _accounts(session, (Customer.created_at >= moment) & Customer.gone.is_(False))


def _accounts(session: Session, which: ColumnElement[bool]) -> dict[int, AccountRow]:
    rows = session.execute(
        select(
            *(Customer.id, Customer.account_id, Customer.email, Customer.phone),
            *(Customer.created_at, Customer.merged_into, Customer.gone),
        ).where(which, Customer.account_id.is_not(None))
    )
    return {
        row.id: AccountRow(row.id, row.account_id or "", *row[2:6], is_present=not row.gone)
        for row in rows
    }


def persons(session: Session, hasher: Hasher, listed: Mapping[int, AccountRow]) -> dict[int, int]:
    """The person behind each account of which one can be told, noting those that are new.

    Accounts that had the same e-mail address, or phone number where there is no address, are one
    person's; an account keeps its person when its address changes.
    """
    hashes = {
        number: hasher(identity)
        for number, account in sorted(listed.items())
        if (identity := _identity(account))
    }
    rows = session.execute(
        select(AccountHolder.hash, AccountHolder.customer_id, AccountHolder.person).where(
            among(AccountHolder.hash, hashes.values()) | among(AccountHolder.customer_id, listed)
        )
    ).all()
    by_customer = {row.customer_id: row.person for row in rows}
    by_hash: dict[bytes, int] = {}
    for row in rows:
        by_hash[row.hash] = min(row.person, by_hash.get(row.hash, row.person))
    new = []
    for number, digest in hashes.items():
        person = by_customer.get(number) or by_hash.get(digest) or number
        by_customer[number] = by_hash[digest] = person
        new.append({"hash": digest, "customer_id": number, "person": person})
    insert_rows(session, AccountHolder, new, unique=("store_id", "hash", "customer_id"), replace=())
    return {number: by_customer[number] for number in listed if number in by_customer}


def _identity(account: AccountRow) -> str | None:
    return next(iter(identities_of(None, account.email, account.phone)), None)


def accounts_of(session: Session, people: Iterable[int]) -> dict[int, list[AccountRow]]:
    """All accounts that these people ever had, the oldest first."""
    rows = session.execute(
        select(AccountHolder.person, AccountHolder.customer_id)
        .where(among(AccountHolder.person, people))
        .distinct()
    ).all()
    known = accounts(session, [row.customer_id for row in rows])
    found: dict[int, list[AccountRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.customer_id):
        if row.customer_id in known:
            found[row.person].append(known[row.customer_id])
    return found


def join(session: Session, people: Mapping[int, int]) -> None:
    """Make people one with others, as {person: the one that stays}."""
    for person, kept in people.items():
        session.execute(
            update(AccountHolder)
            .where(AccountHolder.person == person)
            .values(person=kept)
            .execution_options(synchronize_session=False)
        )


def erased_before(session: Session, people: Iterable[int]) -> set[int]:
    """Those of the people whose address once was erased, so that they were customers before."""
    return set(
        session.scalars(
            select(AccountHolder.person)
            .join(ErasedIdentity, ErasedIdentity.hash == AccountHolder.hash)
            .where(among(AccountHolder.person, people))
        )
    )


def forget(session: Session, customers: Iterable[int]) -> None:
    """Remove that these customers are one person with others."""
    session.execute(
        delete(AccountHolder)
        .where(among(AccountHolder.customer_id, customers))
        .execution_options(synchronize_session=False)
    )
