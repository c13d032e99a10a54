"""WooCommerce's objects, as far as they are read; everything else in them is ignored.

Amounts come as text, times as text in UTC without a zone, absent values as null, 0 or "".
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from connector.values import Amount, Moment, Quantity, Text

_LARGEST_ID = 2**63 - 1


def _blank_as_none(value: object) -> object:
    return None if value in ("", 0, "0") else value


def _listed(value: object) -> object:
    """PHP writes a list that lost an element as an object, and an absent one as null or ""."""
    if isinstance(value, dict):
        return list(value.values())
    return [] if value is None or value == "" else value


Identifier = Annotated[int, Field(gt=0, le=_LARGEST_ID)]
OptionalIdentifier = Annotated[Identifier | None, BeforeValidator(_blank_as_none)]


class Meta(BaseModel):
    """One entry of an object's meta data; the value is whatever a plugin put there."""

    key: Text = ""
    value: Any = None


ATTRIBUTION = "_wc_order_attribution_"


def _attributing(value: object) -> object:
    """Only the rows in which WooCommerce noted where the shopper came from."""
    rows = _listed(value)
    if not isinstance(rows, list):
        return rows
    keyed = [row for row in rows if isinstance(row, dict) and isinstance(row.get("key"), str)]
    return [row for row in keyed if row["key"].startswith(ATTRIBUTION)]


MetaData = Annotated[list[Meta], BeforeValidator(_listed)]


class LinePayload(BaseModel):
    """A line of an order; `total` is after discounts and without tax."""

    id: Identifier
    name: Text = ""
    product_id: OptionalIdentifier = None
    quantity: Quantity
    total: Amount


class RefundNote(BaseModel):
    """What an order says of a refund: the amount only, negative."""

    id: Identifier
    total: Amount


class Billing(BaseModel):
    """The parts of a billing address that identify a shopper."""

    first_name: Text = ""
    last_name: Text = ""
    email: Text = ""
    phone: Text = ""
    country: Text = ""


class OrderAddress(BaseModel):
    """The parts of an order's address that tell whether two are the same place."""

    address_1: Text = ""
    address_2: Text = ""
    city: Text = ""
    postcode: Text = ""
    country: Text = ""


class OrderBilling(Billing, OrderAddress):
    """A billing address of an order."""


class CouponLine(BaseModel):
    """A coupon that was used in an order."""

    code: Text = ""


class FeeLine(BaseModel):
    """A fee of an order; one below zero is what a plugin took off it."""

    total: Amount = Decimal(0)
    total_tax: Amount = Decimal(0)


class OrderPayload(BaseModel):
    """An order; `discount_total` is without tax."""

    id: Identifier
    number: Text = ""
    status: Text
    currency: Text
    date_created_gmt: Moment | None
    date_paid_gmt: Moment | None = None
    date_completed_gmt: Moment | None = None
    date_modified_gmt: Moment | None = None
    customer_id: OptionalIdentifier
    billing: OrderBilling
    shipping: OrderAddress = OrderAddress()
    payment_method: Text = ""
    total: Amount
    line_items: list[LinePayload]
    refunds: Annotated[list[RefundNote], BeforeValidator(_listed)] = []
    discount_total: Amount | None = None
    coupon_lines: Annotated[list[CouponLine], BeforeValidator(_listed)] = []
    fee_lines: Annotated[list[FeeLine], BeforeValidator(_listed)] = []
    # Plugins add dozens of rows to an order, and reading all of them would cost more than the rest.
    meta_data: Annotated[list[Meta], BeforeValidator(_attributing)] = []


class RefundedPart(BaseModel):
    """A line, shipping or fee within a refund; amounts and quantities are negative."""

    quantity: Quantity = 0
    total: Amount = Decimal(0)
    total_tax: Amount = Decimal(0)
    meta_data: MetaData = []


class RefundPayload(BaseModel):
    """A refund read on its own."""

    id: Identifier
    amount: Amount
    line_items: list[RefundedPart] = []
    shipping_lines: list[RefundedPart] = []
    fee_lines: list[RefundedPart] = []


class CategoryNote(BaseModel):
    """A product's category."""

    id: Identifier


class ProductPayload(BaseModel):
    """A product or a variation, which has the type "variation" and a parent."""

    id: Identifier
    type: Text
    name: Text
    status: Text
    catalog_visibility: Text = ""
    stock_status: Text
    post_password: Text = ""
    parent_id: OptionalIdentifier = None
    sku: Text = ""
    categories: Annotated[list[CategoryNote], BeforeValidator(_listed)] = []
    cross_sell_ids: Annotated[list[int], BeforeValidator(_listed)] = []
    date_modified_gmt: Moment | None = None

    @property
    def parent(self) -> str | None:
        """The parent's identifier if this is a variation, else None."""
        is_variation = self.type == "variation" and self.parent_id is not None
        return str(self.parent_id) if is_variation else None


class CustomerPayload(BaseModel):
    """A customer's account. `meta_data` is None when the key's owner may not see it."""

    id: Identifier
    email: Text
    first_name: Text
    last_name: Text = ""
    billing: Billing
    date_created_gmt: Moment | None = None
    date_modified_gmt: Moment | None = None
    meta_data: MetaData | None = None


class CategoryPayload(BaseModel):
    """A category of products."""

    id: Identifier
    name: Text
    parent: OptionalIdentifier


class ReviewPayload(BaseModel):
    """A review of a product; one without a rating has 0."""

    id: Identifier
    product_id: Identifier
    date_created_gmt: Moment
    reviewer_email: Text = ""
    rating: int


class CouponPayload(BaseModel):
    """A coupon; `usage_count` is of orders that are not cancelled, failed or trashed."""

    id: Identifier
    code: Text
    amount: Amount
    discount_type: Text
    date_expires_gmt: Moment | None = None
    usage_count: int = 0
    usage_limit: int | None = None
    minimum_amount: Amount = Decimal(0)
    email_restrictions: Annotated[list[Text], BeforeValidator(_listed)] = []
    meta_data: MetaData = []


class Named(BaseModel):
    """An object of which only the identifier is told, or a REST error in place of one."""

    id: OptionalIdentifier = None
    code: str | None = None
