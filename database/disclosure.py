"""Everything that the store in scope has about a person, in a form that JSON can hold."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from database import occasion_disclosure, personal, points, redemptions, reports, tiers, warnings
from database.models import (
    Category,
    Customer,
    CustomerCategory,
    Order,
    OrderLine,
    PointEntry,
    Product,
    Refund,
    Review,
    WriteBack,
)
from database.person import Person

Rows = list[dict[str, Any]]


def describe(session: Session, person: Person) -> dict[str, Any]:
    """The person's rows, table by table. Amounts are texts, times ISO 8601 in UTC."""
    balances = points.balances(session, person.customers)
    return {
        "customers": _customers(session, person.customers),
        "orders": [_order(session, row) for row in _orders(session, person.orders)],
        "points": {
            "balance": sum(balance.available for balance in balances.values()),
            "pending": sum(balance.pending for balance in balances.values()),
            "entries": _entries(session, person.customers),
            "redemptions": _redemptions(session, person.customers),
            "tier_changes": _tier_changes(session, person.customers),
            "expiry_warnings": _warnings(session, person.customers),
            **occasion_disclosure.describe(session, person.customers, person.orders),
        },
        "second_purchase_categories": _categories(session, person.customers),
        "predictions": _predictions(session, person.customers),
        "recommendations": personal.describe(session, person.customers),
        "reviews": _reviews(session, person.customers),
        "written_to_the_store": _written(session, person.accounts),
    }


def _customers(session: Session, numbers: Iterable[int]) -> Rows:
    rows = session.scalars(
        select(Customer).where(Customer.id.in_(list(numbers))).order_by(Customer.id)
    )
    return [
        {
            "customer": row.id,
            "account": row.account_id,
            "email": row.email,
            "phone": row.phone,
            "name": row.name,
            "modified_at": _time(row.modified_at),
            "deleted_in_the_store": row.gone,
            "proved_email": row.proved_email,
        }
        for row in rows
    ]


def _orders(session: Session, identifiers: Iterable[str]) -> list[Order]:
    return list(
        session.scalars(
            select(Order)
            .where(Order.external_id.in_(list(identifiers)))
            .order_by(Order.placed_at, Order.id)
        )
    )


def _order(session: Session, order: Order) -> dict[str, Any]:
    return {
        "order": order.external_id,
        "number": order.number,
        "status": order.status,
        "currency": order.currency,
        "placed_at": _time(order.placed_at),
        "paid_at": _time(order.paid_at),
        "modified_at": _time(order.modified_at),
        "customer": order.customer_id,
        "account": order.account_id,
        "email": order.email,
        "phone": order.phone,
        "total": str(order.total),
        "presentment_currency": order.presentment_currency,
        "presentment_total": _amount(order.presentment_total),
        "discount": _amount(order.discount),
        "coupon_codes": order.coupon_codes,
        "source": order.source,
        "medium": order.medium,
        "campaign": order.campaign,
        "paid_by_credit": str(order.paid_by_credit),
        "total_before_credit": _amount(order.total_before_credit),
        "delivered_at": _time(order.delivered_at),
        "kept_net": str(order.kept_net),
        "lines": _lines(session, order.id),
        "refunds": _refunds(session, order.id),
    }


def _lines(session: Session, order: int) -> Rows:
    rows = session.execute(
        select(OrderLine, Product.external_id)
        .outerjoin(Product, Product.id == OrderLine.product_id)
        .where(OrderLine.order_id == order)
        .order_by(OrderLine.position)
    )
    return [
        {
            "line": line.external_id,
            "product": product,
            "name": line.name,
            "quantity": line.quantity,
            "net": str(line.net),
            "kept_quantity": line.kept_quantity,
            "kept_net": str(line.kept_net),
        }
        for line, product in rows
    ]


def _refunds(session: Session, order: int) -> Rows:
    rows = session.scalars(
        select(Refund).where(Refund.order_id == order).order_by(Refund.external_id)
    )
    return [
        {
            "refund": row.external_id,
            "amount": str(row.amount),
            "allocated": str(row.allocated),
            "lines": [
                {"line": line, "quantity": quantity, "net": net}
                for line, quantity, net in row.lines
            ],
        }
        for row in rows
    ]


def _entries(session: Session, numbers: Iterable[int]) -> Rows:
    rows = session.scalars(
        select(PointEntry).where(PointEntry.customer_id.in_(list(numbers))).order_by(PointEntry.id)
    )
    return [
        {
            "order": row.order_id,
            "points": row.points,
            "pending": row.pending,
            "reason": row.reason,
            "rule": row.rule,
            "matures_at": _time(row.matures_at),
            "expires_at": _time(row.expires_at),
            "note": row.note,
            "created_at": _time(row.created_at),
        }
        for row in rows
    ]


def _redemptions(session: Session, numbers: Iterable[int]) -> Rows:
    return [
        {
            "redemption": one.reference,
            "points": one.points,
            "worth": str(one.worth),
            "currency": one.currency,
            "code": one.code,
            "email": one.email,
            "state": one.state,
            "reason": one.reason,
            "made_at": _time(one.made_at),
            "expires_at": _time(one.expires_at),
            "order": one.order_id,
            "returned": one.returned,
        }
        for one in redemptions.of_customers(session, numbers)
    ]


def _tier_changes(session: Session, numbers: Iterable[int]) -> Rows:
    return [
        {
            "at": _time(change.at),
            "before": change.before,
            "after": change.after,
            "why": change.why,
            "amount": str(Decimal(change.amount.numerator) / change.amount.denominator),
            "threshold": str(Decimal(change.threshold.numerator) / change.threshold.denominator),
        }
        for change in tiers.trail(session, numbers)
    ]


def _warnings(session: Session, numbers: Iterable[int]) -> Rows:
    return [
        {
            "expires_on": row.expires_on.isoformat(),
            "days_before": row.days_before,
            "points": row.points,
            "noted_at": _time(row.noted_at),
        }
        for row in warnings.of_customers(session, numbers)
    ]


def _categories(session: Session, numbers: Iterable[int]) -> Rows:
    rows = session.execute(
        select(CustomerCategory, Category.name)
        .join(Category, Category.id == CustomerCategory.category_id)
        .where(CustomerCategory.customer_id.in_(list(numbers)))
        .order_by(CustomerCategory.customer_id, CustomerCategory.rank)
    )
    return [
        {
            "rank": row.rank,
            "category": name,
            "basis": row.basis,
            "probability": row.probability,
            "count": row.count,
            "base": row.base,
        }
        for row, name in rows
    ]


def _predictions(session: Session, numbers: Iterable[int]) -> Rows:
    return [
        {
            "segment": row.segment,
            "churn_probability": row.churn_probability,
            "main_factor": row.main_factor,
            "active_probability": row.active_probability,
            "expected_purchases": row.expected_purchases,
            "value": row.value,
            "value_from": row.low,
            "value_to": row.high,
            "next_order_from": None if row.low_day is None else row.low_day.isoformat(),
            "next_order_to": None if row.high_day is None else row.high_day.isoformat(),
        }
        for row in reports.predictions_of(session, list(numbers))
    ]


def _reviews(session: Session, numbers: Iterable[int]) -> Rows:
    rows = session.scalars(
        select(Review).where(Review.customer_id.in_(list(numbers))).order_by(Review.reviewed_at)
    )
    return [
        {
            "review": row.external_id,
            "product": row.product_external_id,
            "reviewed_at": _time(row.reviewed_at),
            "rating": row.rating,
        }
        for row in rows
    ]


def _written(session: Session, accounts: Iterable[str]) -> Rows:
    rows = session.scalars(
        select(WriteBack).where(
            WriteBack.kind == "customer", WriteBack.external_id.in_(list(accounts))
        )
    )
    return [
        {
            "account": row.external_id,
            "wanted": row.desired,
            "written": row.written,
            "written_at": _time(row.written_at),
        }
        for row in rows
    ]


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
