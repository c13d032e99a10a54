"""Orders of the store in scope into rows: each in its newest state with lines and refunds."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from database.bulk import among, insert_rows
from database.catalogue import product_numbers
from database.models import Order, OrderLine, Refund
from database.versions import digest
from retention.net import KeptLine, KeptOrder, kept
from retention.records import Order as OrderRecord

ORDER_COLUMNS = (
    "number",
    "status",
    "currency",
    "placed_at",
    "paid_at",
    "modified_at",
    "account_id",
    "email",
    "phone",
    "customer_id",
    "total",
    "presentment_currency",
    "presentment_total",
    "discount",
    "coupon_codes",
    "source",
    "medium",
    "campaign",
    "paid_by_credit",
    "total_before_credit",
    "delivered_at",
    "kept_net",
    "content",
    "gone",
)


def save_orders(
    session: Session, orders: Sequence[OrderRecord], customers: Mapping[str, int | None]
) -> None:
    """Replace the orders with their newest states; their old lines and refunds go.

    `customers` maps each order to our customer. Every refund must have its lines.
    """
    amounts = {order.id: kept(order) for order in orders}
    rows = [
        _order_row(order, customers[order.id], amounts[order.id])
        for order in sorted(orders, key=lambda order: order.id)
    ]
    written = insert_rows(
        session,
        Order,
        rows,
        unique=("store_id", "external_id"),
        replace=ORDER_COLUMNS,
        # A row that was there before carries the mark of the transaction that now changes it.
        returning=("id", "external_id", "xmax <> 0 AS was_there"),
    )
    numbers = {row.external_id: row.id for row in written}
    _forget_parts(session, [row.id for row in written if row.was_there])
    _save_lines(session, orders, numbers, amounts)
    _save_refunds(session, orders, numbers)


def _order_row(order: OrderRecord, customer: int | None, amount: KeptOrder) -> dict[str, Any]:
    return {
        "external_id": order.id,
        "number": order.number,
        "status": order.status,
        "currency": order.currency,
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
        "modified_at": order.modified_at,
        "account_id": order.account_id,
        "email": order.email,
        "phone": order.phone,
        "customer_id": customer,
        "total": order.total,
        "presentment_currency": order.presentment_currency,
        "presentment_total": order.presentment_total,
        "discount": order.discount,
        "coupon_codes": order.coupon_codes,
        "source": order.source.source,
        "medium": order.source.medium,
        "campaign": order.source.campaign,
        "paid_by_credit": order.paid_by_credit,
        "total_before_credit": order.total_before_credit,
        "delivered_at": order.delivered_at,
        "kept_net": sum((line.net for line in amount.lines), Decimal(0)),
        "content": digest(order),
        "gone": False,
    }


def _forget_parts(session: Session, numbers: Sequence[int]) -> None:
    for table in (OrderLine, Refund) if numbers else ():
        session.execute(
            delete(table)
            .where(among(table.order_id, numbers))
            .execution_options(synchronize_session=False)
        )


def _save_lines(
    session: Session,
    orders: Sequence[OrderRecord],
    numbers: Mapping[str, int],
    amounts: Mapping[str, KeptOrder],
) -> None:
    names = {line.product_id: line.name for o in orders for line in o.lines if line.product_id}
    products = product_numbers(session, names) if names else {}
    insert_rows(
        session,
        OrderLine,
        [
            _line_row(numbers[order.id], position, line, products)
            for order in orders
            for position, line in enumerate(amounts[order.id].lines)
        ],
    )


def _line_row(
    order: int, position: int, amount: KeptLine, products: Mapping[str, int]
) -> dict[str, Any]:
    line = amount.line
    return {
        "order_id": order,
        "position": position,
        "external_id": line.id,
        "product_id": products[line.product_id] if line.product_id else None,
        "name": line.name,
        "quantity": line.quantity,
        "net": line.net,
        "kept_quantity": amount.quantity,
        "kept_net": amount.net,
    }


def _save_refunds(
    session: Session, orders: Sequence[OrderRecord], numbers: Mapping[str, int]
) -> None:
    insert_rows(
        session,
        Refund,
        [
            {
                "order_id": numbers[order.id],
                "external_id": refund.id,
                "amount": refund.amount,
                "allocated": refund.allocated,
                "lines": [
                    [line.order_line_id, line.quantity, str(line.net)]
                    for line in refund.lines or ()
                ],
            }
            for order in orders
            for refund in order.refunds
        ],
    )
