"""The lines of orders in the bodies of webhooks."""

from sandbox.records import Line, Order
from sandbox.shopify.gid import gid
from sandbox.shopify.order_state import unit_price
from sandbox.shopify.payloads.common import Payload, money_set
from sandbox.shopify.shop import DEFAULT_VARIANT_BASE, Shop


def variant_id(line: Line) -> int:
    """The variant that a line sold."""
    return line.variation_id or DEFAULT_VARIANT_BASE + line.product_id


def line_item(shop: Shop, order: Order, line: Line) -> Payload:
    """One line of an order; its discount is one of a code for the whole order."""
    store = shop.store
    product = store.products.get(line.product_id)
    sold = store.products.get(line.variation_id or line.product_id)
    price = shop.bag(order, unit_price(line))
    return {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "attributed_staffs": [],
        "current_quantity": shop.current_quantity(order, line.id),
        "fulfillable_quantity": 0 if order.completed else line.quantity,
        "fulfillment_service": "manual",
        "fulfillment_status": "fulfilled" if order.completed else None,
        "gift_card": False,
        "grams": 0,
        "name": line.name,
        "price": price.shop.fixed_text,
        "price_set": money_set(price),
        "product_exists": product is not None,
        "product_id": product.id if product else None,
        "properties": [],
        "quantity": line.quantity,
        "requires_shipping": True,
        "sales_line_item_group_id": None,
        "sku": (sold.sku or None) if sold else None,
        "taxable": True,
        "title": product.name if product else line.name,
        "total_discount": shop.bag(order, 0).shop.fixed_text,
        "total_discount_set": money_set(shop.bag(order, 0)),
        "variant_id": variant_id(line) if product else None,
        "variant_inventory_management": None,
        "variant_title": None,
        "vendor": store.settings.name,
        "tax_lines": _tax_lines(shop, order, line),
        "duties": [],
        "discount_allocations": _allocations(shop, order, line),
        "selling_plan_id": None,
    }


def _allocations(shop: Shop, order: Order, line: Line) -> list[Payload]:
    amount = shop.bag(order, line.subtotal - line.total)
    if not amount.shop.amount:
        return []
    return [
        {
            "amount": amount.shop.fixed_text,
            "discount_application_index": 0,
            "amount_set": money_set(amount),
        }
    ]


def _tax_lines(shop: Shop, order: Order, line: Line) -> list[Payload]:
    tax = shop.store.settings.tax
    if tax is None:
        return []
    amount = shop.bag(order, line.total_tax)
    return [
        {
            "channel_liable": False,
            "price": amount.shop.fixed_text,
            "price_set": money_set(amount),
            "rate": float(tax.percent) / 100,
            "title": tax.label,
        }
    ]
