"""Exports of the plugin “Advanced Order Export For WooCommerce”: a row for each line.

Of its columns, which the merchant chooses, these are read by the names the plugin gives them:
Order ID (or Order Number), Order Status, Order Date, Paid Date, Order Currency, Customer User ID,
Email (Billing), Phone (Billing), Country Code (Billing), Order Total Amount, Order Refund Amount;
and of each line Item Name (or Product Name), Product Id, Quantity, Order Line (w/o tax) or else
Item Cost, which is the price of one after discounts and without tax.
"""

from decimal import Decimal

from connector.exports.reading import Format, Group
from connector.exports.table import Row
from connector.exports.woocommerce import status
from retention.records import Order, OrderLine, Refund

ID = ("order id", "order number")
CURRENCY = ("order currency", "currency")
ACCOUNT = ("customer user id", "user id")
NAME = ("item name", "product name", "name", "product name (main)")
PRODUCT, SKU = ("product id", "product_id"), "sku"
QUANTITY, QUANTITY_LEFT = "quantity", "quantity (- refund)"
NET, PRICE = "order line (w/o tax)", "item cost"
TOTAL, REFUNDED = "order total amount", "order refund amount"
_ADDRESS = (
    *("first name", "last name", "full name", "company", "address 1", "address 2"),
    *("address 1&2", "city", "state code", "state name", "postcode", "country code"),
    *("country name", "email", "phone"),
)
KNOWN = frozenset(
    {
        *(f"{part} ({kind})" for part in _ADDRESS for kind in ("billing", "shipping")),
        *("customer note", "item #", "product variation", "order line tax"),
        *("order line total", "order line total refunded", "order line total (- refund)"),
        *("image url", "coupon code", "discount amount", "discount amount tax"),
        *("payment method title", "payment method", "shipping method title", "coupons used"),
        *("cart discount amount", "order subtotal amount", "order tax amount"),
        *("order shipping amount", "order total tax amount", "total items", "total products"),
        *("category", "order notes", "transaction id"),
    }
)
USED = frozenset(
    {
        *(*ID, *CURRENCY, *ACCOUNT, *NAME, *PRODUCT, QUANTITY, QUANTITY_LEFT, NET, PRICE, TOTAL),
        *(REFUNDED, "order status", "order date", "paid date", "completed date"),
        *("email (billing)", "phone (billing)", "country code (billing)", SKU),
    }
)


def read(group: Group) -> Order:
    """The order of these rows; problems are noted in the group."""
    row = group.first
    number = group.identifier(row, *ID, needed=True)
    placed_at = group.placed_at(row, "order date")
    refunded = group.amount(row, REFUNDED)
    if refunded and QUANTITY not in row.cells:
        group.refuse(row, QUANTITY, "is missing and the order was refunded; export Quantity too")
    return Order(
        id=number,
        number=row.text("order number") or number,
        status=status(group, "order status"),
        currency=group.currency(*CURRENCY),
        placed_at=placed_at,
        paid_at=group.moment(row, "paid date"),
        modified_at=placed_at,
        account_id=group.identifier(row, *ACCOUNT) or None,
        email=group.email("email (billing)"),
        phone=group.phone(row.text("country code (billing)"), "phone (billing)"),
        total=group.amount(row, TOTAL),
        lines=tuple(
            _line(group, line, place)
            for place, line in enumerate((r for r in group.rows if r.text(*NAME)), 1)
        ),
        refunds=(Refund("export", abs(refunded), lines=()),) if refunded else (),
        delivered_at=group.moment(row, "completed date"),
    )


def _line(group: Group, row: Row, place: int) -> OrderLine:
    quantity = group.quantity(row, QUANTITY, QUANTITY_LEFT)
    net = group.amount(row, NET) if row.text(NET) else _price(group, row) * quantity
    product = group.identifier(row, *PRODUCT) or None
    group.note_sku(str(place), row.text(SKU))
    return OrderLine(str(place), product, row.text(*NAME), quantity, net)


def _price(group: Group, row: Row) -> Decimal:
    if not row.text(PRICE):
        group.refuse(row, PRICE, "is empty; fill it in, or export Order Line (w/o tax)")
    return group.amount(row, PRICE)


ADVANCED_ORDER_EXPORT = Format(
    name="Advanced Order Export For WooCommerce",
    signature=frozenset({"order status", "order date"}),
    key=ID,
    has_lines_in_rows=True,
    needed=(
        *(ID, ("order status",), ("order date",), (TOTAL,), NAME),
        *((QUANTITY, QUANTITY_LEFT), (NET, PRICE)),
    ),
    used=USED,
    known=KNOWN,
    read=read,
)
