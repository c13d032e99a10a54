"""WooCommerce's objects, as far as they are read; everything else in them is ignored.

Amounts come as text, times as text in UTC without a zone, absent values as null, 0 or "".
"""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

LARGEST_AMOUNT = Decimal("9999999999999999.9999")
_CENT_OF_CENT = Decimal("0.0001")
_LARGEST_QUANTITY = 2_147_483_647
_LARGEST_ID = 2**63 - 1


def _blank_as_zero(value: object) -> object:
    return 0 if value is None or value == "" else value


def _blank_as_none(value: object) -> object:
    return None if value in ("", 0, "0") else value


def _none_as_empty(value: object) -> object:
    return "" if value is None else value


def _listed(value: object) -> object:
    """PHP writes a list that lost an element as an object, and an absent one as null or ""."""
    if isinstance(value, dict):
        return list(value.values())
    return [] if value is None or value == "" else value


def _bounded(amount: Decimal) -> Decimal:
    if abs(amount) > LARGEST_AMOUNT:
        raise ValueError(f"must be at most {LARGEST_AMOUNT:,}")
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -4:
        return amount.quantize(_CENT_OF_CENT, ROUND_HALF_UP)
    return amount


def _whole(value: object) -> object:
    if isinstance(value, int):
        return value
    try:
        quantity = Decimal(str(value or 0))
        return quantity if quantity.is_nan() else int(quantity.to_integral_value(ROUND_UP))
    except (InvalidOperation, OverflowError):
        return value


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _without_nul(text: str) -> str:
    return text.replace("\x00", "") if "\x00" in text else text


# An exact amount. More than four decimals are rounded, halves away from zero, to what is kept.
Amount = Annotated[Decimal, BeforeValidator(_blank_as_zero), AfterValidator(_bounded)]
# Plugins that sell by weight have quantities in fractions: they count as the next whole number.
Quantity = Annotated[
    int, BeforeValidator(_whole), Field(ge=-_LARGEST_QUANTITY, le=_LARGEST_QUANTITY)
]
Moment = Annotated[datetime, AfterValidator(_in_utc)]
# PostgreSQL keeps no NUL characters.
Text = Annotated[str, BeforeValidator(_none_as_empty), AfterValidator(_without_nul)]
Identifier = Annotated[int, Field(gt=0, le=_LARGEST_ID)]
OptionalIdentifier = Annotated[Identifier | None, BeforeValidator(_blank_as_none)]


class Meta(BaseModel):
    """One entry of an object's meta data; the value is whatever a plugin put there."""

    key: Text = ""
    value: Any = None


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


class OrderPayload(BaseModel):
    """An order."""

    id: Identifier
    number: Text = ""
    status: Text
    currency: Text
    date_created_gmt: Moment | None
    date_paid_gmt: Moment | None = None
    date_modified_gmt: Moment | None = None
    customer_id: OptionalIdentifier
    billing: Billing
    total: Amount
    line_items: list[LinePayload]
    refunds: Annotated[list[RefundNote], BeforeValidator(_listed)] = []


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
    date_modified_gmt: Moment | None = None
    meta_data: MetaData | None = None


class CategoryPayload(BaseModel):
    """A category of products."""

    id: Identifier
    name: Text
    parent: OptionalIdentifier


class Named(BaseModel):
    """An object of which only the identifier is told, or a REST error in place of one."""

    id: OptionalIdentifier = None
    code: str | None = None
