"""Exports of WebToffee's “Order Export & Order Import for WooCommerce”: a row for each order.

Its lines stand in columns line_item_1, line_item_2 and so on, each like
"name:Green Tea|product_id:21|sku:TEA-1|quantity:2|total:24.00|sub_total:24.00", where total is
after discounts and without tax. Also read are order_id, order_number, status, order_date,
paid_date, order_currency, order_total, customer_id (or customer_user), customer_email,
billing_email, billing_phone, billing_country and refund_items.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from connector.exports.reading import Format, Group
from connector.exports.table import Row
from connector.exports.woocommerce import status
from retention.records import Order, OrderLine, Refund

ACCOUNT = ("customer_id", "customer_user")
_LINE_COLUMN = re.compile(r"line_item_\d{1,4}")
_PART = re.compile(r"(?:^|\|)([a-z_]+):")
_REFUND = re.compile(r"(?:^|[|;\s])amount:\s*([^|;]+)")
_ADDRESS = (
    *("first_name", "last_name", "company", "email", "phone", "address_1", "address_2"),
    *("postcode", "city", "state", "country"),
)
KNOWN = frozenset(
    {
        *(f"{kind}_{part}" for kind in ("billing", "shipping") for part in _ADDRESS),
        *("shipping_total", "shipping_tax_total", "fee_total", "fee_tax_total", "tax_total"),
        *("cart_discount", "order_discount", "discount_total", "order_subtotal", "order_key"),
        *("payment_method", "payment_method_title", "transaction_id", "customer_ip_address"),
        *("customer_user_agent", "shipping_method", "customer_note", "wt_import_key"),
        *("tax_items", "shipping_items", "fee_items", "coupon_items", "order_notes"),
        "download_permissions",
    }
)
USED = frozenset(
    {
        *("order_id", "order_number", "status", "order_date", "paid_date", "order_currency"),
        *("order_total", "customer_email", "billing_email", "billing_phone", "billing_country"),
        *(*ACCOUNT, "refund_items"),
    }
)


def read(group: Group) -> Order:
    """The order of this row; problems are noted in the group."""
    row = group.first
    number = group.identifier(row, "order_id", needed=True)
    placed_at = group.placed_at(row, "order_date")
    return Order(
        id=number,
        number=row.text("order_number") or number,
        status=status(group, "status"),
        currency=group.currency("order_currency"),
        placed_at=placed_at,
        paid_at=group.moment(row, "paid_date"),
        modified_at=placed_at,
        account_id=group.identifier(row, *ACCOUNT) or None,
        email=group.email("billing_email", "customer_email"),
        phone=group.phone(row.text("billing_country"), "billing_phone"),
        total=group.amount(row, "order_total"),
        lines=_lines(group),
        refunds=_refunds(group),
    )


def _lines(group: Group) -> tuple[OrderLine, ...]:
    columns = [name for name in group.first.cells if _LINE_COLUMN.fullmatch(name)]
    filled = [name for name in columns if group.first.text(name)]
    return tuple(_line(group, name, place) for place, name in enumerate(filled, 1))


def _line(group: Group, column: str, place: int) -> OrderLine:
    parts = _parts(group.first.text(column))
    for name in ("name", "quantity", "total"):
        if name not in parts:
            group.refuse(group.first, column, f"has no {name}; import the file as it was exported")
    # What the parts hold is read as cells of their own, so that problems name the column.
    row = Row(group.first.line, {column: parts.get("quantity", "0")})
    quantity = group.quantity(row, column)
    net = group.amount(Row(row.line, {column: parts.get("total", "")}), column)
    group.note_sku(str(place), parts.get("sku", ""))
    product = group.identifier(Row(row.line, {column: parts.get("product_id", "")}), column)
    return OrderLine(str(place), product or None, parts.get("name", ""), quantity, net)


def _parts(text: str) -> Mapping[str, str]:
    """The parts of a line's text. A name may hold a bar or a colon; the first of each counts."""
    marks = list(_PART.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    parts: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=True):
        parts.setdefault(mark[1], text[mark.end() : end].strip())
    return parts


def _refunds(group: Group) -> tuple[Refund, ...]:
    column = "refund_items"
    found = _REFUND.findall(group.first.text(column))
    amounts = [group.amount(Row(group.first.line, {column: text}), column) for text in found]
    return tuple(
        Refund(f"export {place}", abs(amount), Decimal(0), ())
        for place, amount in enumerate(amounts, 1)
        if amount
    )


WEBTOFFEE = Format(
    name="WebToffee's Order Export for WooCommerce",
    signature=frozenset({"order_id", "order_date"}),
    key=("order_id",),
    has_lines_in_rows=False,
    needed=(("order_id",), ("order_date",), ("status",), ("order_total",), ("line_item_1",)),
    used=USED,
    known=KNOWN,
    read=read,
    has_own_columns=lambda column: _LINE_COLUMN.fullmatch(column) is not None,
)
