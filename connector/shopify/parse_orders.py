"""Shopify's nodes of orders turned into records, from Python values read from JSON.

Amounts are in the shop's own currency, in which points and purchases are counted; the total in
the currency that the shopper saw is kept beside it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from connector.identity import normalise_email, phone_in, postal_address
from connector.shopify.order_payloads import (
    BuyerPayload,
    Journey,
    LinePayload,
    OrderPayload,
    RefundLinePayload,
    RefundPayload,
    Transaction,
    UtmParameters,
)
from connector.shopify.parse import country_of, email_of, phone_of
from connector.shopify.payloads import Address
from connector.values import coupon_codes, label, validate
from retention.records import Order, OrderLine, Refund, RefundLine, Source

CANCELLED = "cancelled"
PENDING = "pending"
PAID = "paid"
CREDIT_GATEWAYS = frozenset({"gift_card", "shopify_store_credit"})
SENT = frozenset({"SUCCESS", "OPEN", "PENDING"})
_CENT_OF_CENT = Decimal("0.0001")


def read_order(content: object, region: str) -> Order:
    """An order. Raises BadPayload.

    The status is "cancelled", or Shopify's financial status in lower case. The time of the
    purchase is when the order was processed, which for one brought in from elsewhere lies before
    the time it was made here. `region` (two letters) reads phone numbers of orders that name no
    country.
    """
    payload = validate(OrderPayload, content)
    lines = {line.id: line for line in payload.line_items.nodes}
    refunds = tuple(_refund(refund, lines, payload.taxes_included) for refund in payload.refunds)
    buyer = payload.customer
    return Order(
        id=payload.id,
        number=payload.name or payload.id,
        status=_status(payload),
        currency=payload.currency_code,
        placed_at=payload.processed_at or payload.created_at,
        paid_at=_paid_at(payload),
        modified_at=payload.updated_at,
        account_id=buyer.id if buyer else None,
        email=normalise_email(payload.email)
        or email_of(buyer.default_email_address if buyer else None),
        phone=_order_phone(payload, buyer, region),
        total=payload.total.shop_money.amount,
        lines=tuple(_line(line, refunds, payload.taxes_included) for line in lines.values()),
        refunds=refunds,
        presentment_currency=payload.total.presentment_money.currency_code,
        presentment_total=payload.total.presentment_money.amount,
        discount=_discount(lines.values(), payload.taxes_included),
        coupon_codes=coupon_codes(payload.discount_codes),
        source=_source(payload.customer_journey_summary),
        paid_by_credit=_paid_by_credit(payload),
        delivered_at=_delivered_at(payload),
        address=_address(payload.shipping_address) or _address(payload.billing_address),
    )


def _status(payload: OrderPayload) -> str:
    if payload.cancelled_at is not None:
        return CANCELLED
    return payload.display_financial_status.lower() or (PAID if payload.fully_paid else PENDING)


def _paid_at(payload: OrderPayload) -> datetime | None:
    """When money first came; an order that was free or marked as paid, when it was placed."""
    payments = _payments(payload)
    known = [one.processed_at for one in payments if one.processed_at is not None]
    if known:
        return min(known)
    is_paid = payload.fully_paid or bool(payments)
    return (payload.processed_at or payload.created_at) if is_paid else None


def _payments(payload: OrderPayload) -> list[Transaction]:
    return [
        one
        for one in payload.transactions
        if one.kind in ("SALE", "CAPTURE") and one.status == "SUCCESS"
    ]


def _paid_by_credit(payload: OrderPayload) -> Decimal:
    """What gift cards and store credit paid, at most the whole order."""
    amounts = (
        one.amount.shop
        for one in _payments(payload)
        if one.amount is not None and one.gateway in CREDIT_GATEWAYS
    )
    return min(sum(amounts, Decimal(0)), payload.total.shop_money.amount)


def _delivered_at(payload: OrderPayload) -> datetime | None:
    """When the last of the goods came; of those of which no carrier tells, when they were sent.

    An order of which not everything was sent is not delivered, and one that needs no sending was
    when it was placed.
    """
    if payload.display_fulfillment_status == "FULFILLMENT_NOT_REQUIRED":
        return payload.processed_at or payload.created_at
    if payload.display_fulfillment_status != "FULFILLED":
        return None
    sent = [one for one in payload.fulfillments if one.status in SENT]
    return max((one.delivered_at or one.created_at for one in sent), default=None)


def _line(line: LinePayload, refunds: tuple[Refund, ...], taxes_included: bool) -> OrderLine:
    """A line as ordered, before refunds, less what was taken off the order without a refund."""
    returned = sum(
        part.quantity
        for refund in refunds
        for part in refund.lines or ()
        if part.order_line_id == line.id
    )
    are_known = all(refund.lines is not None for refund in refunds)
    kept = min(line.current_quantity + returned, line.quantity) if are_known else line.quantity
    net = _net(line, taxes_included)
    if 0 <= kept < line.quantity:
        net = (net * kept / line.quantity).quantize(_CENT_OF_CENT)
    product = line.product.id if line.product else None
    return OrderLine(line.id, product, line.name, kept, net)


def _net(line: LinePayload, taxes_included: bool) -> Decimal:
    return line.discounted - line.tax if taxes_included else line.discounted


def _discount(lines: Iterable[LinePayload], taxes_included: bool) -> Decimal:
    """What was taken off the lines, without tax: of each line the share that its net amount has."""
    return sum((_discount_of(line, taxes_included) for line in lines), Decimal(0))


def _discount_of(line: LinePayload, taxes_included: bool) -> Decimal:
    if not taxes_included or not line.discounted:
        return line.discount
    net = line.discount * _net(line, taxes_included) / line.discounted
    return net.quantize(_CENT_OF_CENT)


def _source(journey: Journey | None) -> Source:
    """The last visit before the order: what its link was marked with, else where it came from."""
    visit = journey.last_visit if journey else None
    if visit is None:
        return Source()
    utm = visit.utm_parameters or UtmParameters()
    return Source(
        source=label(utm.source) or label(visit.source),
        medium=label(utm.medium),
        campaign=label(utm.campaign),
    )


def _refund(
    payload: RefundPayload, lines: Mapping[str, LinePayload], taxes_included: bool
) -> Refund:
    amount = payload.total_refunded.shop
    if payload.refund_line_items is None:
        return Refund(payload.id, amount)
    found = [(part, _refunded(part, lines, taxes_included)) for part in _parts(payload)]
    shipping = payload.refund_shipping_lines.nodes
    allocated = sum((net + part.total_tax.shop for part, net in found), Decimal(0))
    allocated += sum((one.subtotal.shop + one.tax.shop for one in shipping), Decimal(0))
    allocated += sum((duty.amount.shop for duty in payload.duties or ()), Decimal(0))
    return Refund(
        id=payload.id,
        amount=amount,
        allocated=allocated,
        lines=tuple(RefundLine(part.line_item.id, part.quantity, net) for part, net in found),
    )


def _parts(payload: RefundPayload) -> list[RefundLinePayload]:
    return payload.refund_line_items.nodes if payload.refund_line_items else []


def _refunded(
    part: RefundLinePayload, lines: Mapping[str, LinePayload], taxes_included: bool
) -> Decimal:
    """A refunded part without tax.

    Where prices include tax it is not documented whether this subtotal does: it is compared with
    the line's own amounts, with tax and without, and the nearer one tells.
    """
    subtotal, tax = part.subtotal.shop, part.total_tax.shop
    line = lines.get(part.line_item.id)
    if not taxes_included or not tax or line is None or not line.quantity:
        return subtotal
    with_tax = line.discounted * part.quantity / line.quantity
    without = (line.discounted - line.tax) * part.quantity / line.quantity
    has_tax = abs(subtotal - with_tax) <= abs(subtotal - without)
    return subtotal - tax if has_tax else subtotal


def _order_phone(payload: OrderPayload, buyer: BuyerPayload | None, region: str) -> str | None:
    address = payload.billing_address
    number = buyer.default_phone_number if buyer else None
    return phone_in(payload.phone, country_of(address), region) or phone_of(number, address, region)


def _address(one: Address | None) -> str | None:
    if one is None:
        return None
    return postal_address(country_of(one), one.zip or one.city, one.address1, one.address2)
