"""What an order comes to and how it stands, in Shopify's terms."""

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from sandbox.payloads import orders as amounts
from sandbox.records import Line, Order, Refund
from sandbox.shopify.shop import Shop

UNPAID = {"pending": "PENDING", "on-hold": "AUTHORIZED", "failed": "VOIDED"}


class Totals(NamedTuple):
    """Amounts of an order in the shop's smallest units.

    `subtotal` is that of the lines after discounts, `removed` what edits took off,
    `shipping_back` what of the refunds was for shipping.
    """

    subtotal: int
    discounts: int
    tax: int
    shipping: int
    total: int
    refunded: int
    shipping_back: int
    removed: int

    @property
    def current(self) -> int:
        """What remains after edits and refunds."""
        return self.total - self.removed - self.refunded


def totals(shop: Shop, order: Order) -> Totals:
    """An order's amounts."""
    removed = sum(
        part_of(line.total + line.total_tax, -edit.delta, line.quantity)
        for edit in shop.edits.get(order.id, [])
        for line in order.lines
        if line.id == edit.line_id and edit.delta < 0
    )
    return Totals(
        subtotal=amounts.line_total(order),
        discounts=amounts.discount(order),
        tax=amounts.total_tax(order),
        shipping=sum(line.total for line in order.shipping_lines),
        total=amounts.total(order),
        refunded=amounts.refunded(shop.store, order),
        shipping_back=sum(shop.shipping_back(one) for one in shop.refunds(order)),
        removed=removed,
    )


def codes(shop: Shop, order: Order) -> list[str]:
    """The codes that an order used; one that took something off without a name is DISCOUNT."""
    named = [line.code for line in order.coupon_lines]
    return named or (["DISCOUNT"] if totals(shop, order).discounts else [])


def part_of(amount: int, pieces: int, quantity: int) -> int:
    """The share of some pieces in an amount, rounded half up."""
    share = Decimal(amount * pieces) / max(1, quantity)
    return int(share.to_integral_value(ROUND_HALF_UP))


def is_paid(order: Order) -> bool:
    """Whether the buyer has paid."""
    return order.paid is not None and order.status not in UNPAID


def financial_status(shop: Shop, order: Order) -> str:
    """An OrderDisplayFinancialStatus."""
    if order.status in UNPAID:
        return UNPAID[order.status]
    refunded = amounts.refunded(shop.store, order)
    if refunded and refunded >= amounts.total(order):
        return "REFUNDED"
    if refunded:
        return "PARTIALLY_REFUNDED"
    return "PAID" if is_paid(order) else "VOIDED"


def is_fulfilled(order: Order) -> bool:
    """Whether everything was sent."""
    return order.completed is not None


def cancellation(shop: Shop, order: Order) -> tuple[int, str] | None:
    """When and why an order was cancelled: (moment, OrderCancelReason)."""
    if order.id in shop.cancellations:
        return shop.cancellations[order.id]
    return (order.modified, "OTHER") if order.status == "cancelled" else None


def unit_price(line: Line) -> int:
    """What one piece costs before discounts."""
    return part_of(line.subtotal, 1, line.quantity)


def refund_discrepancy(shop: Shop, refund: Refund) -> int:
    """What a refund gives back beyond its lines and shipping, out of goodwill."""
    for_lines = -sum(line.total + line.total_tax for line in refund.lines)
    return refund.amount - for_lines - shop.shipping_back(refund)


def order_number(order: Order) -> int:
    """The number that buyers see."""
    return 1000 + order.id
