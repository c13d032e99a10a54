"""The frozen records that every part of the product speaks.

Identifiers are the store's own, as text. Amounts are exact decimals in the order's currency,
times are aware and in UTC, points are whole numbers.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Category:
    """A product category of the store; `parent_id` is None at the top level."""

    id: str
    name: str
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A product as the store has it; a variation is never one, it counts as its parent.

    `category_ids` are the store's, in the store's order. `cross_sell_ids` is the list in the
    store now, whoever wrote it. `recommendable` says that a shopper can find and buy it:
    published, visible in the catalogue and in stock. `skus` are its stock numbers.
    """

    id: str
    name: str
    published: bool
    visible: bool
    in_stock: bool
    category_ids: tuple[str, ...] = ()
    cross_sell_ids: tuple[str, ...] = ()
    modified_at: datetime | None = None
    skus: tuple[str, ...] = ()

    @property
    def recommendable(self) -> bool:
        """Whether it may be recommended to a shopper."""
        return self.published and self.visible and self.in_stock


@dataclass(frozen=True, slots=True)
class Account:
    """A customer's account at the store. A guest has none and is known by the orders alone.

    `email` is normalised (lower case, trimmed), `phone` is in E.164 form; either may be unknown.
    `email_is_proved` says that the store itself knows the address to be its holder's.
    `created_at` is when the account was made, `birthday` what it says of that, as it is written.
    """

    id: str
    email: str | None
    phone: str | None
    name: str
    modified_at: datetime | None = None
    created_at: datetime | None = None
    birthday: str | None = None
    email_is_proved: bool = False


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order: `net` is the line's amount after discounts, without tax.

    `product_id` is None when the store no longer knows the product.
    """

    id: str
    product_id: str | None
    name: str
    quantity: int
    net: Decimal


@dataclass(frozen=True, slots=True)
class RefundLine:
    """The part of a refund that concerns one order line; `quantity` and `net` are positive."""

    order_line_id: str
    quantity: int
    net: Decimal


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back on an order.

    `amount` is positive and includes tax and shipping. `allocated` is the part of it that the
    refund itself assigns to lines, taxes, shipping or fees. `lines` is None while only the
    amount is known and the details have yet to be read from the store.
    """

    id: str
    amount: Decimal
    allocated: Decimal = Decimal(0)
    lines: tuple[RefundLine, ...] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where an order's shopper came from, as the store's own tracking tells (UTM)."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A review of a product, of 1 to 5; `email` is its writer's, normalised, as far as known.

    It only serves to find the customer and is not kept.
    """

    id: str
    product_id: str
    email: str | None
    reviewed_at: datetime
    rating: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the store has it at `modified_at`.

    `status` is the platform's own word. `account_id` is None for a guest, who is known by
    `email` or `phone` (normalised as in `Account`). `total` includes tax and shipping and is
    not reduced by refunds. All amounts are in `currency`, the store's own; where the platform
    tells what the shopper saw and paid in, that currency and the total in it are the
    `presentment` ones, from which nothing is computed. `discount` is what was taken off the
    lines, without tax, None where it is not told; `coupon_codes` are in lower case. `address` is
    where it goes to, which only serves to be compared with others and is not kept.
    `paid_by_credit` is what was paid by store credit, points or gift cards, which is a part of
    `total`, or of `total_before_credit` where the platform has taken it off the total.
    `delivered_at` is when all of it had come to the buyer, as far as the platform tells, and
    None before.
    """

    id: str
    number: str
    status: str
    currency: str
    placed_at: datetime
    paid_at: datetime | None
    modified_at: datetime
    account_id: str | None
    email: str | None
    phone: str | None
    total: Decimal
    lines: tuple[OrderLine, ...]
    refunds: tuple[Refund, ...] = ()
    presentment_currency: str = ""
    presentment_total: Decimal | None = None
    discount: Decimal | None = None
    coupon_codes: tuple[str, ...] = ()
    source: Source = Source()
    address: str | None = None
    paid_by_credit: Decimal = Decimal(0)
    total_before_credit: Decimal | None = None
    delivered_at: datetime | None = None

    @property
    def net(self) -> Decimal:
        """The order's amount after discounts, without tax and shipping, before refunds."""
        return sum((line.net for line in self.lines), Decimal(0))

    @property
    def bought_at(self) -> datetime:
        """When the order was paid, or placed where no payment is told."""
        return self.paid_at or self.placed_at

    @property
    def refunds_are_complete(self) -> bool:
        """Whether the lines of every refund are known."""
        return all(refund.lines is not None for refund in self.refunds)


ObjectKind = Literal["order", "product", "customer", "category"]


PointReason = Literal[
    "earned",
    "rewarded",
    "welcome",
    "birthday",
    "anniversary",
    "review",
    "referral",
    "referred",
    "imported",
    "reversed",
    "moved",
    "matured",
    "adjusted",
    "undone",
    "netted",
    "expired",
    "lapsed",
    "restored",
    "written_off",
    "reclaimed",
    "amended",
    "reserved",
    "committed",
    "reopened",
    "redeemed",
    "released",
    "returned",
]
PointAccount = Literal[
    "issued",
    "moved",
    "matured",
    "adjusted",
    "netted",
    "expired",
    "written_off",
    "reserved",
    "redeemed",
]
"""The programme's own accounts, each of which mirrors what customers got by way of it."""


@dataclass(frozen=True, slots=True)
class PointEntry:
    """One line of the append-only points ledger.

    `reference` is unique in the store: the same effect written twice is refused by the
    database. `lot` names the points that came together, by what gave them; `order_id` is None
    when no order did. The customer's pending account gains `pending` points, the available one
    `points - pending`, and the programme's account `against` loses `points`: each entry sums to
    zero. `rule` is the earning rule as it was, so that later edits never change the past, and
    `matures_at` and `expires_at` are what it says of the lot (None: at once, and never).
    `actor` and `note` say who adjusted by hand and why; the note of redeemed points that come back
    as a lot of their own is the lot that they were taken from.
    """

    reference: str
    lot: str
    order_id: str | None
    customer_id: int
    points: int
    pending: int
    against: PointAccount
    reason: PointReason
    rule: str = ""
    matures_at: datetime | None = None
    expires_at: datetime | None = None
    actor: str = ""
    note: str = ""

    @property
    def available(self) -> int:
        """The points that the customer's available account gains."""
        return self.points - self.pending


@dataclass(frozen=True, slots=True)
class PointLot:
    """What is left of points that came together, and what became of the others.

    All of it follows from the lot's entries (see `retention.ledger.book`). `granted` is what its
    order has given so far, `written_off` what was taken back for and yet left to the customer,
    `expired` what lapsed. `available` is below 0 when points were taken back that had been spent.
    """

    reference: str
    order_id: str | None
    customer_id: int
    rule: str
    matures_at: datetime | None
    expires_at: datetime | None
    pending: int = 0
    available: int = 0
    granted: int = 0
    written_off: int = 0
    expired: int = 0
    entries: int = 0

    @property
    def left(self) -> int:
        """The points that are left, pending ones included."""
        return self.pending + self.available
