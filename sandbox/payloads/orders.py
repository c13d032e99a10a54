"""Bodies of orders, and what their amounts come to."""

import hashlib
import json
from decimal import Decimal

from sandbox import clock, money
from sandbox.payloads.common import Payload, links, meta_list, shipping_address
from sandbox.payloads.lines import line_payload
from sandbox.records import BILLING_FIELDS, CouponLine, Order
from sandbox.store import CURRENCY_SYMBOLS, WOOCOMMERCE_VERSION, Store

EDITABLE_STATUSES = {"pending", "on-hold", "auto-draft"}
PAYABLE_STATUSES = {"pending", "failed"}


def order_key(order: Order) -> str:
    """A key that an order keeps for its whole life."""
    digest = hashlib.sha256(f"order {order.id}".encode()).hexdigest()
    return f"wc_order_{digest[:13]}"


def line_total(order: Order) -> int:
    """What the lines of an order cost after discounts, without tax."""
    return sum(line.total for line in order.lines)


def discount(order: Order) -> int:
    """What discounts took off the lines, without tax."""
    return sum(line.subtotal - line.total for line in order.lines)


def total_tax(order: Order) -> int:
    """The tax on the lines of an order."""
    return sum(line.total_tax for line in order.lines)


def total(order: Order) -> int:
    """What the buyer pays: lines, tax, shipping and fees."""
    shipping = sum(line.total for line in order.shipping_lines)
    fees = sum(line.total for line in order.fee_lines)
    return line_total(order) + total_tax(order) + shipping + fees


def refunded(store: Store, order: Order) -> int:
    """What was given back so far."""
    return sum(store.refunds[refund_id].amount for refund_id in order.refund_ids)


def _tax_lines(store: Store, order: Order) -> list[Payload]:
    tax, decimals = store.settings.tax, store.settings.decimals
    if tax is None or not order.lines:
        return []
    item_ids = [line.id for line in order.lines] + [line.id for line in order.shipping_lines]
    return [
        {
            "id": max(item_ids) + 1,
            "rate_code": tax.code,
            "rate_id": tax.id,
            "label": tax.label,
            "compound": False,
            "tax_total": money.to_text(total_tax(order), decimals),
            "shipping_tax_total": money.to_text(0, decimals),
            "rate_percent": float(tax.percent),
            "meta_data": [],
        }
    ]


def _shipping_lines(store: Store, order: Order) -> list[Payload]:
    decimals = store.settings.decimals
    return [
        {
            "id": line.id,
            "method_title": line.method_title,
            "method_id": line.method_id,
            "instance_id": "",
            "total": money.to_text(line.total, decimals),
            "total_tax": money.to_text(0, decimals),
            "taxes": [],
            "tax_status": "taxable",
            "meta_data": [],
        }
        for line in order.shipping_lines
    ]


def _fee_lines(store: Store, order: Order) -> list[Payload]:
    """Fees as WooCommerce's schema has them; no recording has one."""
    decimals = store.settings.decimals
    return [
        {
            "id": line.id,
            "name": line.name,
            "tax_class": "",
            "tax_status": "none",
            "amount": money.to_text(line.total, decimals),
            "total": money.to_text(line.total, decimals),
            "total_tax": money.to_text(0, decimals),
            "taxes": [],
            "meta_data": [],
        }
        for line in order.fee_lines
    ]


def _refund_summaries(store: Store, order: Order) -> list[Payload]:
    decimals = store.settings.decimals
    return [
        {
            "id": refund_id,
            "reason": store.refunds[refund_id].reason,
            "total": money.to_text(-store.refunds[refund_id].amount, decimals),
            "total_tax": money.to_text(0, decimals),
        }
        for refund_id in sorted(order.refund_ids, reverse=True)
    ]


def _amounts(store: Store, order: Order) -> Payload:
    decimals = store.settings.decimals
    percent = store.settings.tax.percent if store.settings.tax else Decimal(0)
    taken_off = discount(order)
    return {
        "discount_total": money.to_text(taken_off, decimals),
        "discount_tax": money.to_text(money.share(taken_off, percent), decimals),
        "shipping_total": money.to_text(sum(s.total for s in order.shipping_lines), decimals),
        "shipping_tax": money.to_text(0, decimals),
        "cart_tax": money.to_text(total_tax(order), decimals),
        "total": money.to_text(total(order), decimals),
        "total_tax": money.to_text(total_tax(order), decimals),
    }


def _lines_and_refunds(store: Store, order: Order) -> Payload:
    return {
        "meta_data": meta_list(sorted(order.meta, key=lambda row: row.key)),
        "line_items": [line_payload(store, line) for line in order.lines],
        "tax_lines": _tax_lines(store, order),
        "shipping_lines": _shipping_lines(store, order),
        "fee_lines": _fee_lines(store, order),
        "coupon_lines": [_coupon_line(store, line) for line in order.coupon_lines],
        "refunds": _refund_summaries(store, order),
    }


def _coupon_line(store: Store, line: CouponLine) -> Payload:
    decimals = store.settings.decimals
    percent = store.settings.tax.percent if store.settings.tax else Decimal(0)
    tax = money.share(line.discount, percent)
    kind = None if line.discount_type == "fixed_cart" else line.discount_type
    nominal = float(line.amount)
    nominal = int(nominal) if nominal.is_integer() else nominal
    info = json.dumps([line.coupon_id, line.code, kind, nominal], separators=(",", ":"))
    return {
        "id": line.id,
        "code": line.code,
        "discount": _short(money.to_text(line.discount, decimals)),
        "discount_tax": _short(money.to_text(tax, decimals)),
        "meta_data": [
            {
                "id": line.id,
                "key": "coupon_info",
                "value": info,
                "display_key": "coupon_info",
                "display_value": info,
            }
        ],
        "discount_type": line.discount_type,
        "nominal_amount": nominal,
        "free_shipping": False,
    }


def _short(amount: str) -> str:
    """An amount without closing zeros, as coupon lines have it."""
    return amount.rstrip("0").rstrip(".") if "." in amount else amount


def _needs(store: Store, order: Order, key: str) -> Payload:
    products = (store.products.get(line.product_id) for line in order.lines)
    return {
        "payment_url": f"{store.url}/checkout/order-pay/{order.id}/?pay_for_order=true&key={key}",
        "is_editable": order.status in EDITABLE_STATUSES,
        "needs_payment": order.status in PAYABLE_STATUSES and total(order) > 0,
        "needs_processing": any(product and not product.virtual for product in products),
    }


def order_payload(store: Store, order: Order) -> Payload:
    """The body of GET orders/<id>."""
    created, created_gmt = clock.both_texts(order.created, store.zone)
    modified, modified_gmt = clock.both_texts(order.modified, store.zone)
    completed, completed_gmt = clock.both_texts(order.completed, store.zone)
    paid, paid_gmt = clock.both_texts(order.paid, store.zone)
    key = order_key(order)
    return {
        "id": order.id,
        "parent_id": 0,
        "status": order.status,
        "currency": order.currency,
        "version": WOOCOMMERCE_VERSION,
        "prices_include_tax": False,
        "date_created": created,
        "date_modified": modified,
        **_amounts(store, order),
        "customer_id": order.customer_id,
        "order_key": key,
        "billing": {name: order.billing.get(name, "") for name in BILLING_FIELDS},
        "shipping": shipping_address(order.shipping),
        "payment_method": order.payment_method,
        "payment_method_title": order.payment_title,
        "transaction_id": order.transaction_id,
        "customer_ip_address": "",
        "customer_user_agent": "",
        "created_via": order.created_via,
        "customer_note": order.customer_note,
        "date_completed": completed,
        "date_paid": paid,
        "cart_hash": "",
        "number": str(order.id),
        **_lines_and_refunds(store, order),
        **_needs(store, order, key),
        "date_created_gmt": created_gmt,
        "date_modified_gmt": modified_gmt,
        "date_completed_gmt": completed_gmt,
        "date_paid_gmt": paid_gmt,
        "currency_symbol": CURRENCY_SYMBOLS.get(order.currency, order.currency),
        "_links": _order_links(store, order),
    }


def _order_links(store: Store, order: Order) -> Payload:
    found = links(store, "orders", order.id)
    base = f"{store.url}/wp-json/wc/v3"
    templates = f"{base}/orders/{order.id}/actions/email_templates"
    found["email_templates"] = [{"embeddable": True, "href": templates}]
    if order.customer_id:
        found["customer"] = [{"href": f"{base}/customers/{order.customer_id}"}]
    return found
