"""Bodies of webhooks about orders."""

from sandbox.records import Customer, Order
from sandbox.shopify import order_state
from sandbox.shopify.gid import gid
from sandbox.shopify.order_state import Totals
from sandbox.shopify.payloads.common import Payload, address, moment, money_set
from sandbox.shopify.payloads.customers import customer
from sandbox.shopify.payloads.lines import line_item
from sandbox.shopify.payloads.refunds import refund
from sandbox.shopify.shop import Edit, Shop


def order(shop: Shop, one: Order) -> Payload:
    """An order, as orders/create, orders/updated, orders/paid and orders/cancelled send it."""
    totals = order_state.totals(shop, one)
    return {
        "id": one.id,
        "admin_graphql_api_id": gid("Order", one.id),
        **_standing(shop, one),
        **_amounts(shop, one, totals),
        **_contact(shop, one),
        "line_items": [line_item(shop, one, line) for line in one.lines],
        "payment_terms": None,
        "refunds": [refund(shop, one, given) for given in shop.refunds(one)],
        "shipping_lines": [
            {
                "id": line.id,
                "code": None,
                "discounted_price": shop.bag(one, line.total).shop.fixed_text,
                "discounted_price_set": money_set(shop.bag(one, line.total)),
                "is_removed": False,
                "price": shop.bag(one, line.total).shop.fixed_text,
                "price_set": money_set(shop.bag(one, line.total)),
                "source": "shopify",
                "title": line.method_title,
                "tax_lines": [],
                "discount_allocations": [],
            }
            for line in one.shipping_lines
        ],
        "returns": [],
        "line_item_groups": [],
    }


def _standing(shop: Shop, one: Order) -> Payload:
    cancelled = order_state.cancellation(shop, one)
    number = order_state.order_number(one)
    return {
        "app_id": None,
        "cancel_reason": cancelled[1].lower() if cancelled else None,
        "cancelled_at": moment(shop, cancelled[0]) if cancelled else None,
        "closed_at": None,
        "confirmation_number": None,
        "confirmed": True,
        "created_at": moment(shop, one.created),
        "financial_status": order_state.financial_status(shop, one).lower(),
        "fulfillment_status": "fulfilled" if order_state.is_fulfilled(one) else None,
        "name": f"#{number}",
        "note": one.customer_note or None,
        "note_attributes": [],
        "number": number - 1000,
        "order_number": number,
        "processed_at": moment(shop, one.created),
        "source_name": "web",
        "tags": ", ".join(shop.tags.get(gid("Order", one.id), ())),
        "tax_exempt": False,
        "taxes_included": False,
        "test": False,
        "updated_at": moment(shop, one.modified),
    }


def _amounts(shop: Shop, one: Order, totals: Totals) -> Payload:
    named = {
        "current_subtotal_price": totals.subtotal - totals.removed,
        "current_total_discounts": totals.discounts,
        "current_total_price": totals.current,
        "current_total_tax": totals.tax,
        "subtotal_price": totals.subtotal,
        "total_discounts": totals.discounts,
        "total_line_items_price": totals.subtotal + totals.discounts,
        "total_price": totals.total,
        "total_tax": totals.tax,
    }
    bags = {name: shop.bag(one, amount) for name, amount in named.items()}
    outstanding = 0 if order_state.is_paid(one) else totals.current
    return {
        "currency": shop.store.settings.currency,
        "presentment_currency": shop.bag(one, 0).presentment.currency,
        **{name: amount.shop.fixed_text for name, amount in bags.items()},
        **{f"{name}_set": money_set(amount) for name, amount in bags.items()},
        "current_shipping_price_set": money_set(shop.bag(one, totals.shipping)),
        "total_shipping_price_set": money_set(shop.bag(one, totals.shipping)),
        "total_outstanding": shop.bag(one, outstanding).shop.fixed_text,
        "discount_codes": _codes(shop, one, totals),
        "discount_applications": [],
        "tax_lines": [],
    }


def _codes(shop: Shop, one: Order, totals: Totals) -> list[Payload]:
    if not totals.discounts:
        return []
    taken = {line.code: line.discount for line in one.coupon_lines}
    return [
        {
            "code": code,
            "amount": shop.bag(one, taken.get(code, totals.discounts)).shop.fixed_text,
            "type": "fixed_amount",
        }
        for code in order_state.codes(shop, one)
    ]


def _contact(shop: Shop, one: Order) -> Payload:
    buyer = shop.customer(one.customer_id)
    email = one.billing.get("email") or None
    return {
        "contact_email": email,
        "email": email,
        "phone": one.billing.get("phone") or None,
        "customer_locale": "en",
        "billing_address": address(one.billing),
        "shipping_address": address(one.shipping),
        "customer": _buyer(shop, buyer) if buyer else None,
        "payment_gateway_names": [one.payment_method] if one.payment_method else [],
    }


def _buyer(shop: Shop, buyer: Customer) -> Payload:
    shown = customer(shop, buyer)
    shown.pop("addresses")
    return shown


def edited(shop: Shop, one: Order, edits: list[Edit]) -> Payload:
    """What an edit changed, as orders/edited sends it."""

    def changes(sign: int) -> list[Payload]:
        listed = (edit for edit in edits if edit.delta * sign > 0)
        return [{"id": edit.line_id, "delta": abs(edit.delta)} for edit in listed]

    created = moment(shop, one.modified)
    return {
        "order_edit": {
            "id": one.id,
            "app_id": None,
            "created_at": created,
            "committed_at": created,
            "notify_customer": False,
            "order_id": one.id,
            "staff_note": "",
            "user_id": None,
            "line_items": {"additions": changes(1), "removals": changes(-1)},
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }
