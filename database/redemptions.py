"""Redemptions of the store in scope.

Whoever changes one has locked the store's row (see `database.stores.get`).
"""

from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, union, update
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import Customer, PointEntry, Redemption
from database.points import ENTRY_COLUMNS
from retention.money import minor_digits
from retention.records import PointEntry as EntryRecord
from retention.redemption import Redemption as Record

COLUMNS = [getattr(Redemption, field.name) for field in fields(Record)]
OPEN = ("reserved", "issued")
SPENT_CREDIT = (Redemption.kind == "store_credit", Redemption.state == "used")
NAMELESS = ("erased: " + Redemption.reference, "UTF8")


def add(session: Session, redemption: Record, key: str) -> None:
    """Keep a new redemption under its caller's key, of which only a digest is kept."""
    insert_rows(session, Redemption, [{**_values(redemption), "key": _digest(key)}])


def save(session: Session, redemption: Record) -> None:
    """Keep a redemption as it is now."""
    session.execute(
        update(Redemption)
        .where(Redemption.reference == redemption.reference)
        .values(**_values(redemption))
        .execution_options(synchronize_session=False)
    )


def _values(redemption: Record) -> dict[str, Any]:
    values = {field.name: getattr(redemption, field.name) for field in fields(Record)}
    return values | {"orders": list(redemption.orders)}


def of_key(session: Session, key: str) -> Record | None:
    """The redemption that was made under this key."""
    return _one(session, Redemption.key == _digest(key))


def named(session: Session, reference: str) -> Record | None:
    """The redemption of this reference."""
    return _one(session, Redemption.reference == reference)


def of_customers(session: Session, customers: Iterable[int]) -> list[Record]:
    """The redemptions of these customers, newest first."""
    return _listed(session, among(Redemption.customer_id, customers))


def of_buyers(session: Session, accounts: Collection[str], guests: Collection[str]) -> list[Record]:
    """The redemptions of these accounts, and of the guests with these keys."""
    known = select(Customer.id).where(among(Customer.key, guests))
    return _listed(
        session,
        _in_either(among(Redemption.account_id, accounts), Redemption.customer_id.in_(known)),
    )


def touched_by(
    session: Session, codes: Collection[str], order_ids: Collection[str]
) -> list[Record]:
    """The redemptions of these codes, and those that one of these orders uses."""
    return _listed(
        session, _in_either(among(Redemption.code, codes), among(Redemption.order_id, order_ids))
    )


def _in_either(one: ColumnElement[bool], other: ColumnElement[bool]) -> ColumnElement[bool]:
    """One of two conditions holds, each found by its own index, as an OR would not be."""
    found = union(*(select(Redemption.reference).where(which) for which in (one, other)))
    return Redemption.reference.in_(found)


def all_redemptions(session: Session, limit: int | None = None) -> list[Record]:
    """Every redemption, newest first."""
    return _listed(session, limit=limit)


def unissued(session: Session, moment: datetime, pause: timedelta, limit: int) -> list[Record]:
    """Redemptions for which the store was not asked, or not within the pause; oldest first."""
    is_due = (Redemption.state == "reserved") & (Redemption.expires_at > moment)
    return _listed(session, is_due, _waits(moment - pause), oldest=True, limit=limit)


def lapsed(
    session: Session, moment: datetime, pause: timedelta, limit: int, *, credit_outlasts: timedelta
) -> list[Record]:
    """Open redemptions whose time is over, the store not asked within the pause.

    The time of store credit is over so much later, when it has run out by itself.
    """
    is_code = Redemption.kind == "code"
    is_over = is_code | (Redemption.expires_at <= moment - credit_outlasts)
    return _open(session, (Redemption.expires_at <= moment) & is_over, moment - pause, limit)


def spent_credit(session: Session, accounts: Iterable[str]) -> list[Record]:
    """The redemptions of these accounts for store credit that is over and was used."""
    return _listed(session, among(Redemption.account_id, accounts), *SPENT_CREDIT)


def credit_come_back(
    session: Session, moment: datetime, pause: timedelta, limit: int
) -> list[Record]:
    """Redemptions for used store credit of which orders may have given some back since.

    The store was not asked within the pause; those of somebody erased are left out.
    """
    is_noted = func.cardinality(Redemption.orders) > 0
    is_known = Redemption.account_id.is_not(None)
    waits = _waits(moment - pause)
    return _listed(session, is_noted, is_known, waits, *SPENT_CREDIT, oldest=True, limit=limit)


def called_off(
    session: Session, moment: datetime, pause: timedelta, limit: int, *, codes_come_back: bool
) -> list[Record]:
    """Open redemptions that an order carries, the store not asked within the pause.

    Where codes come back with an order that is called off, only those of which points went back.
    """
    carried = func.cardinality(Redemption.orders) > 0
    which = carried & (Redemption.returned > 0) if codes_come_back else carried
    return _open(session, which, moment - pause, limit)


def _open(
    session: Session, which: ColumnElement[bool], asked_before: datetime, limit: int
) -> list[Record]:
    is_open, waits = Redemption.state.in_(OPEN), _waits(asked_before)
    return _listed(session, is_open, which, waits, oldest=True, limit=limit)


def _waits(asked_before: datetime) -> ColumnElement[bool]:
    """The store was not asked since."""
    return Redemption.tried_at.is_(None) | (Redemption.tried_at < asked_before)


def entries(session: Session, redemptions: Iterable[Record]) -> dict[str, list[EntryRecord]]:
    """The ledger's entries of each of the redemptions, in their sequence."""
    names = {
        f"redemption:{one.reference}:{number}": one.reference
        for one in redemptions
        for number in range(1, one.entries + 1)
    }
    rows = session.execute(
        select(*ENTRY_COLUMNS).where(among(PointEntry.reference, names)).order_by(PointEntry.number)
    )
    found: dict[str, list[EntryRecord]] = {name: [] for name in names.values()}
    for row in rows:
        found[names[row.reference]].append(EntryRecord(*row))
    return found


def follow(session: Session, gone: str, kept: str) -> None:
    """Give the redemptions of an account that is no more to that which it was merged into."""
    session.execute(
        update(Redemption)
        .where(Redemption.account_id == gone)
        .values(account_id=kept)
        .execution_options(synchronize_session=False)
    )


def forget(session: Session, customers: Iterable[int]) -> None:
    """Remove from the redemptions of these customers whatever may name them."""
    session.execute(
        update(Redemption)
        .where(Redemption.customer_id.in_(list(customers)))
        .values(
            account_id=None,
            email=None,
            reason="",
            key=func.sha256(func.convert_to(*NAMELESS)),
        )
        .execution_options(synchronize_session=False)
    )


def _one(session: Session, which: ColumnElement[bool]) -> Record | None:
    found = _listed(session, which)
    return found[0] if found else None


def _listed(
    session: Session,
    *which: ColumnElement[bool],
    oldest: bool = False,
    limit: int | None = None,
) -> list[Record]:
    order = Redemption.number if oldest else Redemption.number.desc()
    rows = session.execute(select(*COLUMNS).where(*which).order_by(order).limit(limit))
    return [_record(row) for row in rows]


def _record(row: Row[Any]) -> Record:
    values = {field.name: getattr(row, field.name) for field in fields(Record)}
    unit = Decimal(1).scaleb(-minor_digits(row.currency))
    minimum = None if row.minimum is None else row.minimum.quantize(unit)
    values |= {"worth": row.worth.quantize(unit), "minimum": minimum}
    return Record(**values | {"orders": tuple(values["orders"])})


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()
