"""Orders of the store in scope: as records, gone, and moved from customer to customer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.models import Order, OrderLine, Refund
from retention.records import Order as OrderRecord
from retention.records import OrderLine as LineRecord
from retention.records import Refund as RefundRecord
from retention.records import RefundLine, Source

GONE = "gone"
EPOCH = datetime.fromtimestamp(0, UTC)

PAID_AT = func.coalesce(Order.paid_at, Order.placed_at)
"""When an order was paid, or else placed."""


def counts(statuses: Sequence[str]) -> list[ColumnElement[bool]]:
    """The conditions on an order that counts as a purchase and of which something is kept."""
    return [Order.status.in_(statuses), Order.gone.is_(False), Order.kept_net > 0]


def known_refunds(session: Session, orders: Iterable[str]) -> dict[tuple[str, str], RefundRecord]:
    """The refunds that the database holds with their lines, by order and refund."""
    rows = session.execute(
        select(Order.external_id, Refund)
        .join(Refund, Refund.order_id == Order.id)
        .where(among(Order.external_id, orders))
    )
    return {(order, refund.external_id): _refund_record(refund) for order, refund in rows}


def _refund_record(refund: Refund) -> RefundRecord:
    return RefundRecord(
        refund.external_id,
        refund.amount,
        refund.allocated,
        tuple(RefundLine(line, quantity, Decimal(net)) for line, quantity, net in refund.lines),
    )


def load_orders(session: Session, identifiers: Iterable[str]) -> list[OrderRecord]:
    """These orders as records, with lines and refunds; one that is gone has the status GONE."""
    orders = session.scalars(select(Order).where(among(Order.external_id, identifiers))).all()
    lines: dict[int, list[OrderLine]] = {order.id: [] for order in orders}
    for line in session.scalars(
        select(OrderLine).where(among(OrderLine.order_id, lines)).order_by(OrderLine.position)
    ):
        lines[line.order_id].append(line)
    refunds: dict[int, list[Refund]] = {order.id: [] for order in orders}
    for refund in session.scalars(select(Refund).where(among(Refund.order_id, lines))):
        refunds[refund.order_id].append(refund)
    return [_order_record(order, lines[order.id], refunds[order.id]) for order in orders]


def _order_record(order: Order, lines: list[OrderLine], refunds: list[Refund]) -> OrderRecord:
    return OrderRecord(
        id=order.external_id,
        number=order.number,
        status=order.status,
        currency=order.currency,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        modified_at=order.modified_at,
        account_id=order.account_id,
        email=order.email,
        phone=order.phone,
        total=order.total,
        lines=tuple(
            LineRecord(line.external_id, None, line.name, line.quantity, line.net) for line in lines
        ),
        refunds=tuple(_refund_record(refund) for refund in refunds),
        presentment_currency=order.presentment_currency,
        presentment_total=order.presentment_total,
        discount=order.discount,
        coupon_codes=tuple(order.coupon_codes),
        source=Source(order.source, order.medium, order.campaign),
        paid_by_credit=order.paid_by_credit,
        total_before_credit=order.total_before_credit,
        delivered_at=order.delivered_at,
    )


def mark_orders_gone(session: Session, identifiers: Iterable[str]) -> None:
    """Note that the store no longer has these orders, also those we never saw.

    A row stays for each, so that an event that comes late finds it and does not revive it.
    """
    tombstone = {
        "number": "",
        "status": GONE,
        "currency": "XXX",
        "placed_at": EPOCH,
        "modified_at": EPOCH,
        "total": 0,
        "kept_net": 0,
        "content": b"",
        "gone": True,
    }
    insert_rows(
        session,
        Order,
        [tombstone | {"external_id": identifier} for identifier in sorted(identifiers)],
        unique=("store_id", "external_id"),
        replace=("status", "gone"),
    )


def move_orders(session: Session, customers: Mapping[str, int | None]) -> list[str]:
    """Give orders to the customers named; the orders whose customer changed."""
    rows = session.execute(
        select(Order.external_id, Order.customer_id).where(among(Order.external_id, customers))
    ).all()
    moved = {
        row.external_id: customers[row.external_id]
        for row in rows
        if row.customer_id != customers[row.external_id]
    }
    session.execute(
        text(
            "UPDATE orders SET customer_id = (value #>> '{}')::bigint "
            "FROM jsonb_each(CAST(:moved AS jsonb)) WHERE external_id = key"
        ),
        {"moved": json.dumps(moved)},
    )
    return list(moved)


def customers_of(session: Session, identifiers: Iterable[str]) -> dict[str, int | None]:
    """The customer of each of these orders."""
    rows = session.execute(
        select(Order.external_id, Order.customer_id).where(among(Order.external_id, identifiers))
    )
    return {row.external_id: row.customer_id for row in rows}


def refunded_orders(session: Session, within: timedelta) -> Sequence[str]:
    """The orders with refunds that changed within that time."""
    return session.scalars(
        select(Order.external_id).where(
            Order.gone.is_(False),
            Order.modified_at > func.clock_timestamp() - within,
            select(Refund).where(Refund.order_id == Order.id).exists(),
        )
    ).all()


def placed_at(session: Session, identifier: str) -> datetime | None:
    """When an order was placed, None when it is not known."""
    return session.scalar(select(Order.placed_at).where(Order.external_id == identifier))


def present_orders(session: Session, since: datetime | None = None) -> set[str]:
    """Every order that is neither gone nor in the trash, but for those only a file has told of.

    `since` leaves out what was placed before.
    """
    statement = select(Order.external_id).where(
        Order.gone.is_(False), Order.status != "trash", Order.modified_at > EPOCH
    )
    if since is not None:
        statement = statement.where(Order.placed_at >= since)
    return set(session.scalars(statement))
