"""What a request body says about an order, and how it is written into one."""

from typing import Any

from sandbox import money
from sandbox.errors import RestError, invalid_parameter
from sandbox.operations import coupons, orders
from sandbox.operations.meta import merged
from sandbox.records import (
    BILLING_FIELDS,
    SHIPPING_FIELDS,
    CouponLine,
    FeeLine,
    Line,
    Order,
    ShippingLine,
)
from sandbox.rest import validation
from sandbox.store import Store

STATUSES = (
    "auto-draft",
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "checkout-draft",
)
SCHEMA: dict[str, validation.Check] = {
    "status": validation.one_of(*STATUSES),
    "customer_id": validation.integer,
    "currency": validation.string,
    "customer_note": validation.string,
    "payment_method": validation.string,
    "payment_method_title": validation.string,
    "transaction_id": validation.string,
    "set_paid": validation.boolean,
    "billing": validation.json_object,
    "shipping": validation.json_object,
    "meta_data": validation.list_of(validation.json_object),
    "line_items": validation.list_of(validation.json_object),
    "shipping_lines": validation.list_of(validation.json_object),
    "fee_lines": validation.list_of(validation.json_object),
    "coupon_lines": validation.list_of(validation.json_object),
}
TEXT_FIELDS = {
    "currency": "currency",
    "customer_note": "customer_note",
    "payment_method": "payment_method",
    "payment_method_title": "payment_title",
    "transaction_id": "transaction_id",
}
Body = dict[str, Any]


def write(store: Store, order: Order, body: Body) -> None:
    """Write everything but the status; raises RestError for what cannot be."""
    _write_customer(store, order, body)
    for item in body.get("coupon_lines") or []:
        coupons.find(store, str(item.get("code", "")))
    for name, attribute in TEXT_FIELDS.items():
        if body.get(name) is not None:
            setattr(order, attribute, str(body[name]))
    if isinstance(body.get("billing"), dict):
        order.billing = _address(order.billing, body["billing"], BILLING_FIELDS)
    if isinstance(body.get("shipping"), dict):
        order.shipping = _address(order.shipping, body["shipping"], SHIPPING_FIELDS)
    if isinstance(body.get("meta_data"), list):
        order.meta = merged(store, order.meta, body["meta_data"])
    for item in body.get("line_items") or []:
        order.lines = _with_line(store, order.lines, item)
    for item in body.get("shipping_lines") or []:
        order.shipping_lines = (*order.shipping_lines, _shipping_line(store, item))
    order.fee_lines += tuple(_fee_line(store, item) for item in body.get("fee_lines") or [])
    for item in body.get("coupon_lines") or []:
        _use_coupon(store, order, str(item["code"]))


def _write_customer(store: Store, order: Order, body: Body) -> None:
    if body.get("customer_id") is None:
        return
    customer_id = int(body["customer_id"])
    if customer_id != 0 and customer_id not in store.customers:
        raise RestError("woocommerce_rest_invalid_customer_id", "Customer ID is invalid.", 400)
    order.customer_id = customer_id


def _use_coupon(store: Store, order: Order, code: str) -> None:
    coupon = coupons.find(store, code)
    coupons.check_use(store, coupon, order)
    taken = coupons.taken_off(store, coupon, order.lines)
    order.lines = tuple(
        orders.taxed(store, line._replace(total=line.total - share))
        for line, share in zip(order.lines, taken, strict=True)
    )
    used = CouponLine(
        store.next_item_id(),
        coupon.id,
        coupon.code,
        coupon.discount_type,
        coupon.amount,
        sum(taken),
    )
    order.coupon_lines = (*order.coupon_lines, used)


def _address(before: dict[str, str], change: Body, names: tuple[str, ...]) -> dict[str, str]:
    given = {name: str(change[name]) for name in names if change.get(name) is not None}
    return {**before, **given}


def _amount(store: Store, item: Body, name: str) -> int | None:
    if item.get(name) is None:
        return None
    try:
        return money.from_text(item[name], store.settings.decimals)
    except ValueError as error:
        raise invalid_parameter(name, f"{error}.", "rest_invalid_type") from None


def _with_line(store: Store, lines: tuple[Line, ...], item: Body) -> tuple[Line, ...]:
    if not item.get("id"):
        return (*lines, _new_line(store, item))
    place = next((i for i, line in enumerate(lines) if line.id == item["id"]), None)
    if place is None:
        raise RestError(
            "woocommerce_rest_invalid_item_id",
            "Order item ID provided is not associated with order.",
            400,
        )
    if item.get("quantity") == 0 or ("product_id" in item and item["product_id"] is None):
        return lines[:place] + lines[place + 1 :]
    return (*lines[:place], _changed_line(store, lines[place], item), *lines[place + 1 :])


def _new_line(store: Store, item: Body) -> Line:
    if not item.get("product_id") and not item.get("variation_id"):
        raise RestError(
            "woocommerce_rest_required_product_reference", "Product ID or SKU is required.", 400
        )
    amounts = (_amount(store, item, "subtotal"), _amount(store, item, "total"))
    variation_id = int(item.get("variation_id") or 0)
    product_id = int(item.get("product_id") or 0)
    named = store.products.get(product_id)
    if named is not None and named.type == "variation":
        product_id, variation_id = named.parent_id, named.id
    quantity = int(item.get("quantity", 1))
    line = orders.new_line(store, product_id, variation_id, quantity, amounts)
    named = store.products.get(line.variation_id)
    if named is None:
        return line
    choices = tuple(store.new_meta(name.lower(), values[0]) for name, values in named.options)
    return line._replace(meta=choices)


def _changed_line(store: Store, line: Line, item: Body) -> Line:
    subtotal, total = _amount(store, item, "subtotal"), _amount(store, item, "total")
    changed = line._replace(
        quantity=int(item.get("quantity", line.quantity)),
        subtotal=line.subtotal if subtotal is None else subtotal,
        total=line.total if total is None else total,
    )
    return orders.taxed(store, changed)


def _shipping_line(store: Store, item: Body) -> ShippingLine:
    return ShippingLine(
        store.next_item_id(),
        str(item.get("method_title", "")),
        str(item.get("method_id", "")),
        _amount(store, item, "total") or 0,
    )


def _fee_line(store: Store, item: Body) -> FeeLine:
    total = _amount(store, item, "total") or 0
    return FeeLine(store.next_item_id(), str(item.get("name", "")), total)
