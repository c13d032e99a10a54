"""What a store holds, in records small enough for a few hundred thousand orders.

Money is an integer number of the store's smallest units (cents with two decimals, whole
Toman with none). Moments are whole seconds since 1970 in UTC.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

Address = dict[str, str]

BILLING_FIELDS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "email",
    "phone",
)
SHIPPING_FIELDS = tuple(name for name in BILLING_FIELDS if name != "email")


class Meta(NamedTuple):
    """One row of meta data; `value` is any JSON value."""

    id: int
    key: str
    value: Any


class Line(NamedTuple):
    """One line of an order or of a refund (there quantity and amounts are negative)."""

    id: int
    product_id: int
    variation_id: int
    name: str
    quantity: int
    subtotal: int
    total: int
    subtotal_tax: int = 0
    total_tax: int = 0
    meta: tuple[Meta, ...] = ()


class ShippingLine(NamedTuple):
    """One way of shipping that an order pays for."""

    id: int
    method_title: str
    method_id: str
    total: int


class FeeLine(NamedTuple):
    """A fee of an order; plugins take store credit off by one below zero."""

    id: int
    name: str
    total: int


class CouponLine(NamedTuple):
    """A coupon of an order, with what it takes off in money without tax.

    `counted` says that the order counts among those that used the coupon.
    """

    id: int
    coupon_id: int
    code: str
    discount_type: str
    amount: Decimal
    discount: int
    counted: bool = False


@dataclass(slots=True)
class Coupon:
    """A coupon; `amount` is a percentage, or money, by its `discount_type`.

    `used_by` has the user of each order that used it, or a guest's e-mail address.
    """

    id: int
    code: str
    created: int
    modified: int
    amount: Decimal = Decimal(0)
    discount_type: str = "fixed_cart"
    status: str = "publish"
    description: str = ""
    expires: int | None = None
    individual_use: bool = False
    product_ids: tuple[int, ...] = ()
    usage_limit: int | None = None
    usage_limit_per_user: int | None = None
    minimum_amount: Decimal = Decimal(0)
    email_restrictions: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()
    meta: tuple[Meta, ...] = ()


@dataclass(slots=True)
class Review:
    """An approved review of a product."""

    id: int
    product_id: int
    created: int
    reviewer: str
    reviewer_email: str
    review: str
    rating: int


@dataclass(slots=True)
class Order:
    """An order; `billing` may be one dictionary shared by all orders of a customer."""

    id: int
    status: str
    currency: str
    created: int
    modified: int
    customer_id: int
    billing: Address
    shipping: Address
    lines: tuple[Line, ...]
    shipping_lines: tuple[ShippingLine, ...] = ()
    fee_lines: tuple[FeeLine, ...] = ()
    coupon_lines: tuple[CouponLine, ...] = ()
    paid: int | None = None
    completed: int | None = None
    payment_method: str = ""
    payment_title: str = ""
    transaction_id: str = ""
    customer_note: str = ""
    created_via: str = "rest-api"
    meta: tuple[Meta, ...] = ()
    refund_ids: tuple[int, ...] = ()
    stock_reduced: bool = False


@dataclass(slots=True)
class Refund:
    """Money given back for an order; `amount` is positive."""

    id: int
    order_id: int
    created: int
    amount: int
    reason: str
    refunded_by: int
    refunded_payment: bool
    lines: tuple[Line, ...]
    meta: tuple[Meta, ...]


@dataclass(slots=True)
class Product:
    """A product, or a variation of one when `type` is "variation"."""

    id: int
    name: str
    slug: str
    created: int
    modified: int
    type: str = "simple"
    status: str = "publish"
    catalog_visibility: str = "visible"
    description: str = ""
    short_description: str = ""
    sku: str = ""
    regular_price: str = ""
    sale_price: str = ""
    manage_stock: bool = False
    stock_quantity: int | None = None
    stock_status: str = "instock"
    virtual: bool = False
    total_sales: int = 0
    parent_id: int = 0
    menu_order: int = 0
    category_ids: tuple[int, ...] = ()
    upsell_ids: list[int] | dict[str, int] = field(default_factory=list)
    cross_sell_ids: list[int] | dict[str, int] = field(default_factory=list)
    variation_ids: tuple[int, ...] = ()
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()
    meta: tuple[Meta, ...] = ()

    @property
    def price(self) -> str:
        """The price a buyer pays, as the merchant wrote it; empty when there is none."""
        return self.sale_price or self.regular_price


@dataclass(slots=True)
class Category:
    """A product category; `parent` is 0 at the top."""

    id: int
    name: str
    slug: str
    parent: int = 0
    description: str = ""


@dataclass(slots=True)
class Customer:
    """A user account of the store."""

    id: int
    email: str
    username: str
    created: int
    modified: int | None = None
    first_name: str = ""
    last_name: str = ""
    role: str = "customer"
    billing: Address = field(default_factory=dict)
    shipping: Address = field(default_factory=dict)
    is_paying: bool = False
    meta: tuple[Meta, ...] = ()


@dataclass(slots=True)
class Webhook:
    """A subscription to one topic, owned by the user whose key registered it."""

    id: int
    name: str
    topic: str
    delivery_url: str
    secret: str
    owner_id: int
    created: int
    modified: int | None = None
    status: str = "active"
    failure_count: int = 0
    pending_delivery: bool = True


@dataclass(slots=True)
class ApiKey:
    """A REST key of a user; `permissions` is read, write or read_write."""

    id: int
    user_id: int
    description: str
    permissions: str
    consumer_key: str
    consumer_secret: str
    revoked: bool = False
