"""Bodies of webhooks about refunds."""

from sandbox import money
from sandbox.records import Line, Order, Refund
from sandbox.shopify.gid import gid
from sandbox.shopify.order_state import refund_discrepancy
from sandbox.shopify.payloads.common import Payload, moment, money_set
from sandbox.shopify.payloads.lines import line_item
from sandbox.shopify.shop import Shop, refunded_line_id


def refund(shop: Shop, order: Order, one: Refund) -> Payload:
    """A refund, as refunds/create sends it and orders carry it."""
    created = moment(shop, one.created)
    return {
        "id": one.id,
        "order_id": order.id,
        "created_at": created,
        "note": one.reason or None,
        "user_id": None,
        "processed_at": created,
        "duties": [],
        "total_duties_set": money_set(shop.bag(order, 0)),
        "return": None,
        "refund_shipping_lines": _shipping(shop, order, one),
        "restock": False,
        "admin_graphql_api_id": gid("Refund", one.id),
        "order_adjustments": _adjustments(shop, order, one),
        "refund_line_items": [_refund_line(shop, order, line) for line in one.lines],
        "transactions": [_transaction(shop, order, one)],
    }


def _refund_line(shop: Shop, order: Order, line: Line) -> Payload:
    ordered = next(one for one in order.lines if one.id == refunded_line_id(line.meta))
    subtotal, tax = shop.bag(order, -line.total), shop.bag(order, -line.total_tax)
    return {
        "id": line.id,
        "quantity": -line.quantity,
        "line_item_id": ordered.id,
        "location_id": None,
        "restock_type": "no_restock",
        "subtotal": float(subtotal.shop.fixed_text),
        "total_tax": float(tax.shop.fixed_text),
        "subtotal_set": money_set(subtotal),
        "total_tax_set": money_set(tax),
        "line_item": _plain_line(shop, order, ordered),
    }


def _plain_line(shop: Shop, order: Order, line: Line) -> Payload:
    """A line as refunds carry it, without what only orders say of it."""
    shown = line_item(shop, order, line)
    for name in ("attributed_staffs", "current_quantity", "sales_line_item_group_id"):
        shown.pop(name)
    return shown


def _shipping(shop: Shop, order: Order, one: Refund) -> list[Payload]:
    amount = shop.bag(order, shop.shipping_back(one))
    if not amount.shop.amount:
        return []
    return [
        {
            "id": one.id,
            "subtotal_amount_set": money_set(amount),
            "tax_amount_set": money_set(shop.bag(order, 0)),
        }
    ]


def _adjustments(shop: Shop, order: Order, one: Refund) -> list[Payload]:
    amount = refund_discrepancy(shop, one)
    if not amount:
        return []
    return [
        {
            "id": one.id,
            "order_id": order.id,
            "refund_id": one.id,
            "amount": money.to_text(-amount, shop.store.settings.decimals),
            "tax_amount": money.to_text(0, shop.store.settings.decimals),
            "kind": "refund_discrepancy",
            "reason": "Refund discrepancy",
            "amount_set": money_set(shop.bag(order, -amount)),
            "tax_amount_set": money_set(shop.bag(order, 0)),
        }
    ]


def _transaction(shop: Shop, order: Order, one: Refund) -> Payload:
    created = moment(shop, one.created)
    amount = shop.bag(order, one.amount)
    return {
        "id": one.id,
        "order_id": order.id,
        "kind": "refund",
        "gateway": order.payment_method or "bogus",
        "status": "success",
        "message": None,
        "created_at": created,
        "test": False,
        "authorization": None,
        "location_id": None,
        "user_id": None,
        "parent_id": None,
        "processed_at": created,
        "device_id": None,
        "error_code": None,
        "source_name": "web",
        "receipt": {},
        "amount": amount.presentment.fixed_text,
        "currency": amount.presentment.currency,
        "payment_id": f"#{order.id}.1",
        "manual_payment_gateway": False,
        "amount_rounding": None,
        "admin_graphql_api_id": gid("OrderTransaction", one.id),
    }
