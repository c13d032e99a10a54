"""Tiers of the customers of the store in scope: what counts for them, what they have, the trail."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import cast

from sqlalchemy import ColumnElement, String, case, func, literal, select
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import (
    Customer,
    CustomerTier,
    Order,
    PointEntry,
    PointLot,
    TierChange,
)
from database.orders import PAID_AT, counts
from retention.money import in_currency
from retention.tier_trail import Change, Why
from retention.tiers import Fact

GIVEN_OTHERWISE = "^(adjust|import|redemption):"
"""The references of lots that neither an order nor an event gave."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The tier that a customer has by what was known at `as_of`; see `CustomerTier`."""

    tier: str
    amount: Fraction
    since: datetime | None
    as_of: datetime
    due_at: datetime | None


def spend(
    session: Session, customers: Iterable[int], statuses: Sequence[str], currency: str
) -> dict[int, list[Fact]]:
    """What these customers keep of each order that counts, when it was paid, in this currency.

    An order in a currency that no fixed rate joins to it counts nothing.
    """
    rows = session.execute(
        select(
            Order.customer_id,
            PAID_AT,
            Order.kept_net,
            Order.currency,
        ).where(
            among(Order.customer_id, customers),
            *counts(statuses),
        )
    )
    found: dict[int, list[Fact]] = {}
    for customer, at, amount, its_currency in rows:
        worth = in_currency(Fraction(amount), its_currency, currency)
        if customer is not None and worth is not None:
            found.setdefault(customer, []).append(Fact(at, worth))
    return found


def earned(session: Session, customers: Iterable[int], *, pending: bool) -> dict[int, list[Fact]]:
    """The points that these customers were given and have not given back, each lot a fact.

    They count from when the lot can be spent; with `pending`, from when its order was paid or
    the points were given otherwise. Points adjusted or brought in by hand are none, and redeemed
    points that came back are counted with what gave them, whoever has them now.
    """
    given = func.coalesce(Order.paid_at, Order.placed_at, PointEntry.created_at)
    at = given if pending else func.coalesce(PointLot.matures_at, given)
    rows = session.execute(
        select(PointLot.customer_id, at, PointLot.granted)
        .outerjoin(Order, Order.external_id == PointLot.order_id)
        .outerjoin(PointEntry, PointEntry.reference == _first_entry())
        .where(
            among(PointLot.customer_id, customers),
            PointLot.granted > 0,
            # Such lots have given nothing but what was handed over with its customer.
            ~PointLot.reference.regexp_match(GIVEN_OTHERWISE),
            at.is_not(None),
            literal(pending) | (PointLot.pending == 0) | PointLot.matures_at.is_not(None),
        )
    )
    found: dict[int, list[Fact]] = {}
    for customer, moment, points in rows:
        found.setdefault(customer, []).append(Fact(moment, Fraction(points)))
    return found


def _first_entry() -> ColumnElement[str]:
    """The reference of a lot's first entry, where no order tells since when it is there."""
    return case((PointLot.order_id.is_(None), PointLot.reference + literal(":1", String)))


def kept(session: Session, customers: Iterable[int]) -> dict[int, Kept]:
    """The tiers that these customers were noted with."""
    rows = session.execute(
        select(
            CustomerTier.customer_id,
            CustomerTier.tier,
            CustomerTier.amount,
            CustomerTier.since,
            CustomerTier.as_of,
            CustomerTier.due_at,
        ).where(among(CustomerTier.customer_id, customers))
    )
    return {row[0]: Kept(row[1], Fraction(row[2]), *row[3:]) for row in rows}


def keep(session: Session, tiers: Mapping[int, Kept]) -> None:
    """Note the customers' tiers."""
    insert_rows(
        session,
        CustomerTier,
        [
            {
                "customer_id": customer,
                "tier": one.tier,
                "amount": _number(one.amount),
                "since": one.since,
                "as_of": one.as_of,
                "due_at": one.due_at,
            }
            for customer, one in sorted(tiers.items())
        ],
        unique=("store_id", "customer_id"),
        replace=("tier", "amount", "since", "as_of", "due_at"),
    )


def add_changes(session: Session, changes: Mapping[int, Iterable[Change]], at: datetime) -> None:
    """Add to the trail what changed, noted at this moment."""
    insert_rows(
        session,
        TierChange,
        [
            {
                "customer_id": customer,
                "before": one.before,
                "after": one.after,
                "at": one.at,
                "why": one.why,
                "amount": _number(one.amount),
                "threshold": _number(one.threshold),
                "noted_at": at,
            }
            for customer, listed in sorted(changes.items())
            for one in listed
        ],
    )


def trail(session: Session, customers: Iterable[int]) -> list[Change]:
    """Every change of these customers' tiers, oldest first."""
    rows = session.scalars(
        select(TierChange).where(among(TierChange.customer_id, customers)).order_by(TierChange.id)
    )
    return [
        Change(
            row.before,
            row.after,
            row.at,
            cast(Why, row.why),
            Fraction(row.amount),
            Fraction(row.threshold),
        )
        for row in rows
    ]


def due(session: Session, moment: datetime, limit: int) -> Sequence[int]:
    """Up to `limit` customers whose tier time alone has changed by the moment."""
    return session.scalars(
        select(CustomerTier.customer_id)
        .where(CustomerTier.due_at <= moment)
        .order_by(CustomerTier.due_at)
        .limit(limit)
    ).all()


def customers_after(session: Session, after: int, limit: int) -> Sequence[int]:
    """Up to `limit` of all customers, by our numbers behind `after`."""
    return session.scalars(
        select(Customer.id).where(Customer.id > after).order_by(Customer.id).limit(limit)
    ).all()


def holders(session: Session) -> Sequence[int]:
    """The customers who have a tier."""
    return session.scalars(select(CustomerTier.customer_id).where(CustomerTier.tier != "")).all()


def sizes(session: Session) -> dict[str, int]:
    """How many customers have each tier."""
    rows = session.execute(select(CustomerTier.tier, func.count()).group_by(CustomerTier.tier))
    return {row[0]: row[1] for row in rows}


def _number(amount: Fraction) -> str:
    """An amount as a decimal of four places, as the tables keep it."""
    return str(round(Decimal(amount.numerator) / amount.denominator, 4))
