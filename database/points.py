"""The ledger of points of the store in scope. Entries are only ever added.

Whoever adds some has locked the store's row (see `database.stores.get`), so that entries follow
one another.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, func, select, text
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import Customer, PointEntry, PointLot, Store, WriteBack
from retention.ledger.book import Book
from retention.ledger.chain import Link, linked
from retention.records import PointEntry as EntryRecord
from retention.records import PointLot as LotRecord

LOT_COLUMNS = [getattr(PointLot, field.name) for field in fields(LotRecord)]
ENTRY_FIELDS = [field.name for field in fields(EntryRecord)]
ENTRY_COLUMNS = [getattr(PointEntry, name) for name in ENTRY_FIELDS]
CHANGING = (
    *("rule", "matures_at", "expires_at"),
    *("pending", "available", "granted", "written_off", "expired", "entries"),
)
PORTION = 10_000


@dataclass(frozen=True, slots=True)
class Head:
    """Where the ledger ends: the last entry's number and hash; and the time by the database."""

    entries: int
    hash: bytes
    moment: datetime


class Balance(NamedTuple):
    """A customer's points: those that can be spent (below 0: owed), and those still pending."""

    available: int = 0
    pending: int = 0


def head(session: Session) -> Head:
    """Where the ledger of the store in scope ends now."""
    row = session.execute(
        select(Store.ledger_entries, Store.ledger_hash, func.clock_timestamp())
    ).one()
    return Head(*row)


def lots_of_orders(session: Session, orders: Iterable[str]) -> list[LotRecord]:
    """The lots that these orders gave."""
    return lots_where(session, among(PointLot.order_id, orders))


def lots_of_customers(session: Session, customers: Iterable[int]) -> list[LotRecord]:
    """All lots of these customers."""
    return lots_where(session, among(PointLot.customer_id, customers))


def lots_named(session: Session, references: Iterable[str]) -> list[LotRecord]:
    """The lots of these references."""
    return lots_where(session, among(PointLot.reference, references))


def lots_where(session: Session, *which: ColumnElement[bool]) -> list[LotRecord]:
    """The lots of which all of this holds, by reference."""
    rows = session.execute(select(*LOT_COLUMNS).where(*which).order_by(PointLot.reference))
    return [LotRecord(*row) for row in rows]


def keep(session: Session, book: Book, before: Head) -> None:
    """Add the book's new entries behind the head, and keep the lots as they are by them.

    The database refuses a reference or a number that exists, and the transaction with it.
    """
    if not book.entries:
        return
    links = list(linked(book.entries, before.moment, before.entries, before.hash))
    insert_rows(session, PointEntry, [_entry_row(link) for link in links])
    insert_rows(
        session,
        PointLot,
        [
            {field.name: getattr(lot, field.name) for field in fields(LotRecord)}
            for lot in book.changed
        ],
        unique=("store_id", "reference"),
        replace=CHANGING,
    )
    session.execute(
        text(
            "UPDATE stores SET ledger_entries = :entries, ledger_hash = :hash "
            "WHERE id = current_setting('bazgasht.store')::uuid"
        ),
        {"entries": links[-1].number, "hash": links[-1].hash},
    )


def _entry_row(link: Link) -> dict[str, Any]:
    row = {name: getattr(link.entry, name) for name in ENTRY_FIELDS}
    return row | {"number": link.number, "created_at": link.at, "hash": link.hash}


def balances(session: Session, customers: Iterable[int]) -> dict[int, Balance]:
    """Each customer's balance, 0 and 0 for one without any points."""
    listed = list(customers)
    rows = session.execute(
        select(PointLot.customer_id, func.sum(PointLot.available), func.sum(PointLot.pending))
        .where(among(PointLot.customer_id, listed))
        .group_by(PointLot.customer_id)
    )
    found = {row[0]: Balance(int(row[1]), int(row[2])) for row in rows}
    return {number: found.get(number, Balance()) for number in listed}


def holders(session: Session) -> Sequence[int]:
    """The customers that ever had points."""
    return session.scalars(select(PointLot.customer_id).distinct()).all()


def granted(session: Session, orders: Iterable[str]) -> int:
    """What these orders together have given so far."""
    total = session.scalar(
        select(func.coalesce(func.sum(PointLot.granted), 0)).where(among(PointLot.order_id, orders))
    )
    return int(total or 0)


def links(session: Session) -> Iterator[Link]:
    """Every entry in its place, from the first on, read in portions."""
    rows = session.execute(
        _linked_columns().order_by(PointEntry.number).execution_options(yield_per=PORTION)
    )
    return map(_link, rows)


def all_lots(session: Session) -> Iterator[LotRecord]:
    """Every lot that is kept, read in portions."""
    rows = session.execute(select(*LOT_COLUMNS).execution_options(yield_per=PORTION))
    return (LotRecord(*row) for row in rows)


def history(session: Session, customers: Iterable[int]) -> list[Link]:
    """The entries of these customers, oldest first."""
    rows = session.execute(
        _linked_columns()
        .where(among(PointEntry.customer_id, customers))
        .order_by(PointEntry.number)
    )
    return [_link(row) for row in rows]


def find(session: Session, reference: str) -> EntryRecord | None:
    """The entry of this reference."""
    row = session.execute(select(*ENTRY_COLUMNS).where(PointEntry.reference == reference)).first()
    return EntryRecord(*row) if row else None


def _linked_columns() -> Any:
    return select(PointEntry.number, PointEntry.created_at, PointEntry.hash, *ENTRY_COLUMNS)


def _link(row: Row[Any]) -> Link:
    entry = EntryRecord(**{name: getattr(row, name) for name in ENTRY_FIELDS})
    return Link(row.number, row.created_at, entry, row.hash)


def maturing(session: Session, moment: datetime, limit: int) -> list[LotRecord]:
    """Up to `limit` lots whose pending points become available by the moment."""
    rows = session.execute(
        select(*LOT_COLUMNS)
        .where(PointLot.pending != 0, PointLot.matures_at <= moment)
        .order_by(PointLot.matures_at)
        .limit(limit)
    )
    return [LotRecord(*row) for row in rows]


def with_expiring(session: Session, moment: datetime, limit: int) -> Sequence[int]:
    """Up to `limit` customers who have available points that expire by the moment."""
    return session.scalars(
        select(PointLot.customer_id)
        .where(PointLot.available > 0, PointLot.expires_at <= moment)
        .distinct()
        .limit(limit)
    ).all()


def shown(session: Session, field: str) -> dict[int, tuple[str, str]]:
    """What each customer's account shall show in this field, as (account, text) by customer."""
    rows = session.execute(
        select(Customer.id, WriteBack.external_id, WriteBack.desired[field].astext)
        .join(Customer, Customer.account_id == WriteBack.external_id)
        .where(
            WriteBack.kind == "customer",
            WriteBack.desired[field].astext.is_not(None),
            Customer.gone.is_(False),
        )
    )
    return {row[0]: (row[1], row[2]) for row in rows}
