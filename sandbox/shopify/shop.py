"""The state of the pretend Shopify shop: the store's data, and what only Shopify has."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sandbox import clock
from sandbox.order_lists import OrderLists
from sandbox.records import Category, Customer, Order, Product, Refund
from sandbox.shopify.amounts import Bag, Presentment, bag
from sandbox.shopify.app_config import AppConfig
from sandbox.shopify.classification import Classification
from sandbox.shopify.credit import CreditBook
from sandbox.shopify.discounts import DiscountBook
from sandbox.shopify.metafields import MetafieldBook
from sandbox.shopify.subscriptions import Subscriptions
from sandbox.shopify.tokens import TokenBook
from sandbox.store import UNCATEGORIZED_ID, Store

SIXTY_DAYS = 60 * 24 * 3600
DEFAULT_VARIANT_BASE = 40_000_000_000_000


@dataclass(frozen=True)
class ShopProfile:
    """What a merchant's shop is called and where it is."""

    domain: str = "bazgasht-demo.myshopify.com"
    id: int = 548_380_009
    email: str = "merchant@example.test"
    country: str = "US"
    plan: str = "Basic"


@dataclass(frozen=True)
class Edit:
    """Pieces of a line taken off (negative) or put on after the order was placed."""

    line_id: int
    delta: int


class Visit(NamedTuple):
    """The last visit before an order, with the marks on the link that led to it."""

    source: str
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    order_id: int = 0


@dataclass
class Shop:
    """A Shopify shop on the data of a `Store`, with one app.

    `scopes` are those that the merchant granted; None while the app is not installed. Orders of
    a buyer who saw another currency are in `presentments`, by order. `cancellations` hold the
    moment and the reason, `handed_over` when a carrier delivered an order, `edits` the pieces that
    edits took off the lines of an order, `refunded_shipping` what a refund gives back for
    shipping and `refunded_credit` to store credit, `tags` are by global id. `unverified`
    customers have not confirmed their addresses.
    """

    store: Store
    app: AppConfig = field(default_factory=AppConfig)
    profile: ShopProfile = field(default_factory=ShopProfile)
    tokens: TokenBook = field(default_factory=TokenBook)
    scopes: tuple[str, ...] | None = None
    presentments: dict[int, Presentment] = field(default_factory=dict)
    visits: dict[int, Visit] = field(default_factory=dict)
    cancellations: dict[int, tuple[int, str]] = field(default_factory=dict)
    edits: dict[int, list[Edit]] = field(default_factory=dict)
    handed_over: dict[int, int] = field(default_factory=dict)
    refunded_shipping: dict[int, int] = field(default_factory=dict)
    refunded_credit: dict[int, int] = field(default_factory=dict)
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unverified: set[int] = field(default_factory=set)
    discounts: DiscountBook = field(default_factory=DiscountBook)
    credit: CreditBook = field(default_factory=CreditBook)

    def __post_init__(self) -> None:
        self.metafields = MetafieldBook(self.app.namespace)
        self.classification = Classification(self.store)
        self.subscriptions = Subscriptions(self.app)
        self.order_lists = OrderLists(self.store)

    def rename(self, name: str) -> None:
        """Give the shop another name."""
        self.store.settings = replace(self.store.settings, name=name)

    def has_scope(self, wanted: str) -> bool:
        """Whether the app may; writing includes reading."""
        granted = self.scopes or ()
        return wanted in granted or wanted.replace("read_", "write_", 1) in granted

    def oldest_order(self) -> int:
        """The moment before which the app sees no order."""
        return 0 if self.has_scope("read_all_orders") else clock.now() - SIXTY_DAYS

    def orders(self) -> Iterator[Order]:
        """The orders that the app may see."""
        oldest = self.oldest_order()
        return (order for order in self.store.orders.values() if order.created >= oldest)

    def order(self, number: int | None) -> Order | None:
        """An order that the app may see."""
        found = self.store.orders.get(number or 0)
        return found if found and found.created >= self.oldest_order() else None

    def products(self) -> Iterator[Product]:
        """The products, variants left out."""
        return (one for one in self.store.products.values() if one.type != "variation")

    def product(self, number: int | None) -> Product | None:
        """A product that is not a variant."""
        found = self.store.products.get(number or 0)
        return found if found and found.type != "variation" else None

    def customers(self) -> Iterator[Customer]:
        """The shoppers, staff left out."""
        return (one for one in self.store.customers.values() if one.role == "customer")

    def customer(self, number: int | None) -> Customer | None:
        """A shopper."""
        found = self.store.customers.get(number or 0)
        return found if found and found.role == "customer" else None

    def collections(self) -> list[Category]:
        """The categories that hold products, as collections."""
        listed = self.store.categories.values()
        return [one for one in listed if one.id != UNCATEGORIZED_ID]

    def collection(self, number: int | None) -> Category | None:
        """A collection."""
        return None if number == UNCATEGORIZED_ID else self.store.categories.get(number or 0)

    def refunds(self, order: Order) -> list[Refund]:
        """What was given back for an order, the oldest first."""
        return [self.store.refunds[number] for number in order.refund_ids]

    def shipping_back(self, refund: Refund) -> int:
        """What a refund gives back for shipping."""
        return self.refunded_shipping.get(refund.id, 0)

    def bag(self, order: Order, amount: int) -> Bag:
        """An amount of an order in both its currencies."""
        return bag(self.store.settings, self.presentments.get(order.id), amount)

    def current_quantity(self, order: Order, line_id: int) -> int:
        """How many pieces of a line remain after edits and refunds."""
        ordered = next(line.quantity for line in order.lines if line.id == line_id)
        edited = sum(one.delta for one in self.edits.get(order.id, []) if one.line_id == line_id)
        return ordered + edited - self.refunded_quantity(order, line_id)

    def refunded_quantity(self, order: Order, line_id: int) -> int:
        """How many pieces of a line were given back."""
        return sum(
            -line.quantity
            for refund in self.refunds(order)
            for line in refund.lines
            if refunded_line_id(line.meta) == line_id
        )


def refunded_line_id(meta: tuple[Any, ...]) -> int:
    """The line of the order that a line of a refund is about."""
    return next((int(row.value) for row in meta if row.key == "_refunded_item_id"), 0)
