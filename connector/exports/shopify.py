"""Shopify's order export: a row for each line, the order's own cells in its first row only.

It tells no product's number, only its SKU, and of discounts and taxes no more than the order's own
amounts, so they are spread over the lines in proportion. Refunds are one amount.
"""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from connector.exports.goods import spread
from connector.exports.reading import Format, Group
from retention.records import Order, OrderLine, Refund

CANCELLED = "cancelled"

_ADDRESS = (
    *("name", "street", "address1", "address2", "company", "city", "zip", "province", "country"),
    *("phone", "province name"),
)
KNOWN = frozenset(
    {
        *("accepts marketing", "discount code"),
        *("shipping method", "lineitem compare at price"),
        *("lineitem requires shipping", "lineitem taxable", "lineitem fulfillment status"),
        *(f"{kind} {part}" for kind in ("billing", "shipping") for part in _ADDRESS),
        *("notes", "note attributes", "payment method", "payment reference", "vendor"),
        *("outstanding balance", "employee", "location", "device id", "tags", "risk level"),
        *("source", "receipt number", "duties", "payment id", "payment terms name"),
        *("next payment due at", "payment references"),
        *(f"tax {number} {part}" for number in range(1, 6) for part in ("name", "value")),
    }
)
USED = frozenset(
    {
        *("id", "name", "email", "phone", "financial status", "cancelled at", "currency"),
        *("subtotal", "shipping", "taxes", "total", "discount amount", "refunded amount"),
        *("fulfillment status", "fulfilled at"),
        *("created at", "paid at", "lineitem name", "lineitem quantity", "lineitem price"),
        *("lineitem discount", "lineitem sku"),
        *("billing phone", "shipping phone", "billing country"),
    }
)


def read(group: Group) -> Order:
    """The order of these rows; problems are noted in the group."""
    row = group.first
    number = group.identifier(row, "id", needed=True)
    placed_at = group.placed_at(row, "created at")
    refunded = group.amount(row, "refunded amount")
    country = row.text("billing country")
    return Order(
        id=number,
        number=row.text("name") or number,
        status=_status(group),
        currency=group.currency("currency"),
        placed_at=placed_at,
        paid_at=group.moment(row, "paid at"),
        modified_at=placed_at,
        account_id=None,
        email=group.email("email"),
        phone=group.phone(country, "phone", "billing phone", "shipping phone"),
        total=group.amount(row, "total"),
        lines=_lines(group),
        refunds=(Refund("export", refunded, lines=()),) if refunded > 0 else (),
        delivered_at=_delivered_at(group),
    )


def _delivered_at(group: Group) -> datetime | None:
    """When all of it was sent; the export does not tell when it came."""
    is_sent = group.first.text("fulfillment status").lower() == "fulfilled"
    return group.moment(group.first, "fulfilled at") if is_sent else None


def _status(group: Group) -> str:
    """As the adapter for Shopify's API tells it: cancelled, or else whether it was paid."""
    if group.first.text("cancelled at"):
        return CANCELLED
    status = group.first.text("financial status").lower().replace(" ", "_")
    if not status:
        group.refuse(group.first, "financial status", "is empty; import the file as exported")
    return status


def _lines(group: Group) -> tuple[OrderLine, ...]:
    rows = [row for row in group.rows if row.text("lineitem name")]
    quantities = [group.quantity(row, "lineitem quantity") for row in rows]
    shares = [
        max(
            group.amount(row, "lineitem price") * quantity - group.amount(row, "lineitem discount"),
            Decimal(0),
        )
        for row, quantity in zip(rows, quantities, strict=True)
    ]
    for place, row in enumerate(rows, 1):
        group.note_sku(str(place), row.text("lineitem sku"))
    nets = spread(_goods(group, sum(shares, Decimal(0))), shares)
    return tuple(
        OrderLine(str(place), None, row.text("lineitem name"), quantity, net)
        for place, (row, quantity, net) in enumerate(zip(rows, quantities, nets, strict=True), 1)
    )


def _goods(group: Group, listed: Decimal) -> Fraction:
    """What the goods cost after discounts and without tax, which is the subtotal as a rule.

    `listed` is the sum of the lines. Where the total is subtotal and shipping alone (a discount
    may be on the shipping), the prices hold the tax, and the goods bear their part of it.
    """
    row = group.first
    subtotal, shipping = group.amount(row, "subtotal"), group.amount(row, "shipping")
    taxes, total = group.amount(row, "taxes"), group.amount(row, "total")
    discount = group.amount(row, "discount amount")
    goods = Fraction(subtotal if row.text("subtotal") else listed - discount)
    paid = subtotal + shipping
    if taxes > 0 and paid > 0 and total in (paid, paid - discount):
        goods -= Fraction(taxes) * Fraction(subtotal) / Fraction(paid)
    return max(goods, Fraction(0))


SHOPIFY = Format(
    name="Shopify's order export",
    signature=frozenset({"name", "created at", "lineitem name"}),
    key=("name", "id"),
    has_lines_in_rows=True,
    needed=(
        *(("id",), ("created at",), ("financial status",), ("total",), ("subtotal",)),
        *(("lineitem name",), ("lineitem quantity",), ("lineitem price",)),
    ),
    used=USED,
    known=KNOWN,
    read=read,
)
