"""What the merchant of the store in scope entered as spent to keep customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import polars as pl
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from database.models import RetentionCost
from retention.figures.columns import COSTS
from retention.figures.figure import as_decimal
from retention.money import in_currency


@dataclass(frozen=True, slots=True)
class Entry:
    """An amount spent from `first_day` to `last_day`; `kind` is one of `ENTERED_KINDS`."""

    kind: str
    first_day: date
    last_day: date
    amount: Decimal
    currency: str


def add(session: Session, store_id: UUID, entry: Entry) -> int:
    """Keep an entry; returns its number."""
    row = RetentionCost(
        store_id=store_id,
        kind=entry.kind,
        first_day=entry.first_day,
        last_day=entry.last_day,
        amount=entry.amount,
        currency=entry.currency,
    )
    session.add(row)
    session.flush()
    return row.id


def listing(session: Session) -> Sequence[RetentionCost]:
    """Every entry, by its first day."""
    return session.scalars(
        select(RetentionCost).order_by(RetentionCost.first_day, RetentionCost.id)
    ).all()


def remove(session: Session, number: int) -> bool:
    """Drop an entry; whether there was one of this number."""
    removed = session.execute(
        delete(RetentionCost).where(RetentionCost.id == number).returning(RetentionCost.id)
    )
    return removed.first() is not None


def table(session: Session, currency: str) -> tuple[pl.DataFrame | None, int]:
    """The entries in the store's currency, `COSTS`, and how many are in one that is no such.

    None when nothing was entered. Amounts in Rial, Toman and their thousands are converted.
    """
    rows, left_out = [], 0
    entries = listing(session)
    for row in entries:
        amount = in_currency(Fraction(row.amount), row.currency, currency or row.currency)
        if amount is None:
            left_out += 1
        else:
            rows.append((row.first_day, row.last_day, row.kind, as_decimal(amount)))
    if not entries:
        return None, 0
    return pl.DataFrame(rows, schema=COSTS, orient="row"), left_out
