"""What of the store in scope decides which points an order earns besides the order itself."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from database.bulk import among
from database.catalogue import categories
from database.models import Customer, Order, OrderLine, PointLot, Product
from database.orders import PAID_AT, counts
from retention.records import Order as OrderRecord


class Line(NamedTuple):
    """A line with the store's product and its categories, and those above them."""

    order_id: str
    line_id: str
    product_id: str
    category_ids: Sequence[str]


def lines(session: Session, orders: Iterable[str]) -> list[Line]:
    """The lines of these orders whose product is known."""
    rows = session.execute(
        select(Order.external_id, OrderLine.external_id, Product.external_id, Product.category_ids)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Product, Product.id == OrderLine.product_id)
        .where(among(Order.external_id, orders))
        .order_by(Order.id, OrderLine.position)
    ).all()
    parents = {name: record.parent_id for name, (_, record) in categories(session).items()}
    return [Line(row[0], row[1], row[2], _with_those_above(row[3], parents)) for row in rows]


def _with_those_above(names: Iterable[str], parents: dict[str, str | None]) -> list[str]:
    found: dict[str, None] = {}
    for name in names:
        above: str | None = name
        while above is not None and above not in found:
            found[above] = None
            above = parents.get(above)
    return list(found)


def purchases(
    session: Session, customers: Iterable[int], statuses: Sequence[str]
) -> dict[int, list[datetime]]:
    """When each of these customers paid for the orders that count and of which something is kept.

    They are in the sequence in which they were placed.
    """
    rows = session.execute(
        select(Order.customer_id, func.array_agg(aggregate_order_by(PAID_AT, Order.placed_at)))
        .where(
            among(Order.customer_id, customers),
            *counts(statuses),
        )
        .group_by(Order.customer_id)
    )
    return {row[0]: list(row[1]) for row in rows if row[0] is not None}


def guests(session: Session, orders: Iterable[OrderRecord]) -> set[int]:
    """The customers known as guests by what these orders tell of their buyers."""
    keys = {
        f"{kind}:{value}"
        for order in orders
        for kind, value in (("email", order.email), ("phone", order.phone))
        if value
    }
    return set(session.scalars(select(Customer.id).where(among(Customer.key, keys))))


def capped_orders(session: Session, customers: Iterable[int]) -> dict[str, int]:
    """The orders that are these customers' now and earned under caps, with their customer."""
    rows = session.execute(
        select(Order.external_id, Order.customer_id)
        .join(PointLot, PointLot.order_id == Order.external_id)
        .where(among(Order.customer_id, customers), PointLot.rule.contains('caps":'))
        .distinct()
    )
    return {row.external_id: row.customer_id for row in rows}


def named(
    session: Session, customers: Iterable[int], accounts: Iterable[str], emails: Iterable[str]
) -> set[int]:
    """Those of the customers who have one of these accounts or e-mail addresses."""
    return set(
        session.scalars(
            select(Customer.id).where(
                among(Customer.id, customers),
                Customer.account_id.in_(list(accounts)) | Customer.email.in_(list(emails)),
            )
        )
    )
