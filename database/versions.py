"""Which of two states of the same object is the newer one.

Stores date their objects to the second and deliver in any order, so a date alone does not
decide: two different states with one date are settled by reading the object from the store.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import Enum
from hashlib import blake2b

from sqlalchemy import select
from sqlalchemy.orm import Session

from database.bulk import among
from database.models import Category, Customer, Order, Product
from retention.records import Account, ObjectKind
from retention.records import Category as CategoryRecord
from retention.records import Order as OrderRecord
from retention.records import Product as ProductRecord

Versioned = OrderRecord | ProductRecord | Account | CategoryRecord
NEVER = datetime.min.replace(tzinfo=UTC)
# What is compared otherwise, never changes, or is not kept.
_LEFT_OUT = ("modified_at", "refunds", "created_at", "address")
_CONTENT = {
    kind: [each.name for each in fields(kind) if each.name not in _LEFT_OUT]
    for kind in (OrderRecord, ProductRecord, Account, CategoryRecord)
}


class Verdict(Enum):
    """What to do with a state that came in."""

    APPLY = "apply"
    SKIP = "skip"
    LOOK_UP = "look up"


@dataclass(frozen=True, slots=True)
class Version:
    """A state of an object: when the store changed it last, and the digest of what it held."""

    modified_at: datetime | None
    content: bytes | None
    gone: bool = False


def digest(record: Versioned) -> bytes:
    """Sixteen bytes that are equal when two states are the same but for their date.

    A refund counts with its number and amount: its lines never change, and an event does not
    carry them.
    """
    told = tuple([getattr(record, name) for name in _CONTENT[type(record)]])
    refunds = record.refunds if isinstance(record, OrderRecord) else ()
    parts = (told, [(refund.id, refund.amount) for refund in refunds])
    return blake2b(repr(parts).encode(), digest_size=16).digest()


def version_of(record: Versioned) -> Version:
    """The record's own version."""
    moment = None if isinstance(record, CategoryRecord) else record.modified_at
    return Version(moment, digest(record))


def judge(known: Version | None, new: Version, *, decisive: bool) -> Verdict:
    """Whether `new` replaces `known`.

    `decisive` says that `new` was read from the store after `known` had been kept, which settles
    what equal dates leave open; an older date is never believed, because stores answer from caches.
    What is gone stays gone, unless such a reading found it.
    """
    if known is None or (known.content is None and not known.gone):
        return Verdict.APPLY
    if known.gone or new.gone:
        if known.gone and new.gone:
            return Verdict.SKIP
        return Verdict.APPLY if new.gone or decisive else Verdict.LOOK_UP
    before, after = known.modified_at or NEVER, new.modified_at or NEVER
    if after > before:
        return Verdict.APPLY
    if after < before or known.content == new.content:
        return Verdict.SKIP
    return Verdict.APPLY if decisive else Verdict.LOOK_UP


def known_versions(
    session: Session, kind: ObjectKind, identifiers: Iterable[str]
) -> dict[str, Version]:
    """The versions that the database holds of these objects of the store in scope."""
    if kind == "category":
        return _known_categories(session, identifiers)
    table = {"order": Order, "product": Product, "customer": Customer}[kind]
    name = Customer.account_id if table is Customer else table.external_id  # type: ignore[attr-defined]
    rows = session.execute(
        select(name, table.modified_at, table.content, table.gone).where(  # type: ignore[attr-defined]
            among(name, identifiers)
        )
    )
    return {row[0]: Version(row[1], row[2], row[3]) for row in rows}


def _known_categories(session: Session, identifiers: Iterable[str]) -> dict[str, Version]:
    """Categories have no date, and few columns: all of them are what a state holds."""
    rows = session.scalars(select(Category).where(among(Category.external_id, identifiers)))
    return {
        row.external_id: version_of(
            CategoryRecord(row.external_id, row.name, row.parent_external_id)
        )
        for row in rows
    }
