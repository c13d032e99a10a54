"""What the database holds of a store, in a form in which two of them can be compared."""

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from database.models import (
    Customer,
    CustomerTier,
    InboxEvent,
    Order,
    OrderLine,
    PointEntry,
    Product,
    Refund,
    WriteBack,
)
from tests.conftest import Installed


def everything(installed: Installed) -> dict[str, Any]:
    """All that is known of the store's orders, accounts and products, and all points."""
    with installed.scope() as session:
        return {
            "orders": orders(session),
            "accounts": accounts(session),
            "products": products(session),
            "points": points(session),
        }


def orders(session: Session, *only: str) -> dict[str, dict[str, Any]]:
    """Each order that is not gone, with its owner, lines and refunds."""
    owners = {row.id: row.key for row in session.execute(select(Customer.id, Customer.key))}
    names = {row.id: row.external_id for row in session.scalars(select(Product))}
    rows = session.scalars(select(Order).where(Order.gone.is_(False)))
    return {
        row.external_id: {
            "owner": owners[row.customer_id] if row.customer_id else None,
            "lines": _lines(session, row, names),
            "refunds": _refunds(session, row),
            **{
                name: getattr(row, name)
                for name in (
                    *("number", "status", "currency", "placed_at", "paid_at", "modified_at"),
                    *("account_id", "email", "phone", "total", "kept_net"),
                    *("presentment_currency", "presentment_total"),
                )
            },
        }
        for row in rows
        if not only or row.external_id in only
    }


def _lines(session: Session, order: Order, names: dict[int, str]) -> list[tuple[Any, ...]]:
    lines = session.scalars(
        select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.position)
    )
    return [
        (
            *(line.external_id, names.get(line.product_id or 0), line.name, line.quantity),
            *(line.net, line.kept_quantity, line.kept_net),
        )
        for line in lines
    ]


def _refunds(session: Session, order: Order) -> dict[str, tuple[Any, ...]]:
    rows = session.scalars(select(Refund).where(Refund.order_id == order.id))
    return {row.external_id: (row.amount, row.allocated, row.lines) for row in rows}


def accounts(session: Session) -> dict[str, tuple[str | None, str | None, str]]:
    """E-mail, phone and name of each account that is not gone."""
    rows = session.scalars(
        select(Customer).where(Customer.account_id.is_not(None), Customer.gone.is_(False))
    )
    return {row.account_id or "": (row.email, row.phone, row.name) for row in rows}


def products(session: Session) -> dict[str, tuple[Any, ...]]:
    """Each product that shoppers can see; a trashed one is in no listing of the store."""
    rows = session.scalars(select(Product).where(Product.published))
    return {
        row.external_id: (
            *(row.name, row.published, row.visible, row.in_stock),
            *(row.category_ids, row.cross_sell_ids),
        )
        for row in rows
    }


def points(session: Session) -> dict[str, int]:
    """Every balance that is not 0, by the customer's key."""
    balances: dict[str, int] = defaultdict(int)
    rows = session.execute(
        select(Customer.key, PointEntry.points).join(
            Customer, Customer.id == PointEntry.customer_id
        )
    )
    for key, amount in rows:
        balances[key] += amount
    return {key: balance for key, balance in balances.items() if balance}


def tiers(session: Session) -> dict[str, str]:
    """The tier of each customer who has one, by the customer's key."""
    rows = session.execute(
        select(Customer.key, CustomerTier.tier).join(
            CustomerTier, CustomerTier.customer_id == Customer.id
        )
    )
    return {row.key: row.tier for row in rows if row.tier}


def ledger(session: Session) -> list[tuple[int, str]]:
    """The entries of the ledger in their sequence, as points and reason."""
    rows = session.execute(select(PointEntry.points, PointEntry.reason).order_by(PointEntry.id))
    return [(row.points, row.reason) for row in rows]


def events(installed: Installed) -> list[tuple[str, str, str | None]]:
    """Topic, state and last error of each event, in the sequence in which they came."""
    with installed.scope() as session:
        rows = session.scalars(select(InboxEvent).order_by(InboxEvent.id))
        return [(row.topic, row.state, row.last_error) for row in rows]


def write_backs(installed: Installed) -> dict[tuple[str, str], WriteBack]:
    """What is to be written and was, by kind and the store's identifier."""
    with installed.scope() as session:
        return {(row.kind, row.external_id): row for row in session.scalars(select(WriteBack))}
