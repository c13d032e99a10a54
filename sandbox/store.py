"""The state of the pretend store: what it holds, its settings, and who listens to it."""

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from threading import RLock
from zoneinfo import ZoneInfo

from sandbox import clock
from sandbox.records import (
    ApiKey,
    Category,
    Coupon,
    Customer,
    Meta,
    Order,
    Product,
    Refund,
    Review,
    Webhook,
)

WOOCOMMERCE_VERSION = "11.0.1"
WORDPRESS_VERSION = "7.0.4"
MERCHANT_ID = 1
UNCATEGORIZED_ID = 15
CURRENCY_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "IRT": "تومان", "IRR": "﷼"}


@dataclass(frozen=True)
class TaxRate:
    """One tax on everything sold; `percent` such as Decimal("8.5")."""

    percent: Decimal
    code: str = "US-CA-CA TAX-1"
    label: str = "CA Tax"
    id: int = 1


@dataclass(frozen=True)
class Settings:
    """What a merchant sets once: name, money, clock, tax."""

    name: str = "Sandbox store"
    currency: str = "USD"
    decimals: int = 2
    time_zone: str = "UTC"
    tax: TaxRate | None = None


@dataclass(frozen=True)
class Checkout:
    """A purchase that a shopper is going to make: who, what, and when by the data.

    `items` are (product id, quantity, total in smallest units). A guest has no
    `username`; a shopper with one gets an account at the first checkout.
    """

    created: int
    email: str
    first_name: str
    last_name: str
    username: str | None
    items: tuple[tuple[int, int, int], ...]


def _no_listener(_topic: str, _resource_id: int) -> None:
    """Take an event that nobody listens to."""


@dataclass
class Store:
    """Everything a store knows, guarded by one lock.

    `listener` is called with (topic, id) for each event while the lock is held; the events of
    a `change` are told at its end.
    Orders, refunds and products draw their ids from one sequence, as with WooCommerce's
    high-performance order storage.
    """

    settings: Settings = field(default_factory=Settings)
    url: str = "http://127.0.0.1"
    lock: RLock = field(default_factory=RLock)
    listener: Callable[[str, int], None] = _no_listener
    orders: dict[int, Order] = field(default_factory=dict)
    refunds: dict[int, Refund] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    categories: dict[int, Category] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    webhooks: dict[int, Webhook] = field(default_factory=dict)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    upcoming: deque[Checkout] = field(default_factory=deque)
    coupons: dict[int, Coupon] = field(default_factory=dict)
    reviews: dict[int, Review] = field(default_factory=dict)
    orders_version: int = 0
    customer_ids_by_email: dict[str, int] = field(default_factory=dict)
    products_by_category: dict[int, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.settings.time_zone)
        self._depth = 0
        self._fired: list[tuple[str, int]] = []
        self._post_ids = count(82)
        self._user_ids = count(MERCHANT_ID)
        self._term_ids = count(UNCATEGORIZED_ID)
        self._item_ids = count(1)
        self._meta_ids = count(1)
        self._webhook_ids = count(1)
        self._key_ids = count(1)
        self.add_customer(
            Customer(
                id=self.next_user_id(),
                email="merchant@example.test",
                username="admin",
                created=clock.now(),
                role="administrator",
            )
        )
        self.add_category("Uncategorized", slug="uncategorized")

    def next_post_id(self) -> int:
        """A new id for an order, a refund or a product."""
        return next(self._post_ids)

    def next_user_id(self) -> int:
        """A new id for an account."""
        return next(self._user_ids)

    def next_item_id(self) -> int:
        """A new id for a line of an order."""
        return next(self._item_ids)

    def next_webhook_id(self) -> int:
        """A new id for a webhook."""
        return next(self._webhook_ids)

    def new_meta(self, key: str, value: object) -> Meta:
        """A meta data row with a new id."""
        return Meta(next(self._meta_ids), key, value)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock for one change; what it fires is told when it is complete."""
        with self.lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    fired, self._fired = self._fired, []
                    for topic, resource_id in fired:
                        self.listener(topic, resource_id)

    def fire(self, topic: str, resource_id: int) -> None:
        """Tell the listener that something happened."""
        if self._depth:
            self._fired.append((topic, resource_id))
        else:
            self.listener(topic, resource_id)

    def add_customer(self, customer: Customer) -> Customer:
        """Keep an account and its e-mail address."""
        self.customers[customer.id] = customer
        self.customer_ids_by_email[customer.email.lower()] = customer.id
        return customer

    def add_category(self, name: str, *, slug: str, parent: int = 0) -> Category:
        """Keep a new category."""
        category = Category(next(self._term_ids), name, slug, parent)
        self.categories[category.id] = category
        return category

    def add_product(self, product: Product) -> Product:
        """Keep a product, under its categories."""
        self.products[product.id] = product
        for category_id in product.category_ids:
            self.products_by_category.setdefault(category_id, set()).add(product.id)
        return product

    def file_product(self, product: Product, category_ids: tuple[int, ...]) -> None:
        """Move a product to other categories."""
        for category_id in product.category_ids:
            self.products_by_category.get(category_id, set()).discard(product.id)
        product.category_ids = category_ids
        for category_id in category_ids:
            self.products_by_category.setdefault(category_id, set()).add(product.id)

    def drop_product(self, product_id: int) -> None:
        """Forget a product."""
        self.file_product(self.products[product_id], ())
        del self.products[product_id]

    def put_order(self, order: Order) -> None:
        """Keep an order, new or changed."""
        self.orders[order.id] = order
        self.orders_version += 1

    def drop_order(self, order_id: int) -> None:
        """Forget an order and its refunds."""
        for refund_id in self.orders.pop(order_id).refund_ids:
            self.refunds.pop(refund_id, None)
        self.orders_version += 1

    def new_key(
        self,
        *,
        user_id: int = MERCHANT_ID,
        permissions: str = "read_write",
        description: str = "",
    ) -> ApiKey:
        """Make a REST key for a user."""
        key = ApiKey(
            next(self._key_ids),
            user_id,
            description,
            permissions,
            f"ck_{secrets.token_hex(20)}",
            f"cs_{secrets.token_hex(20)}",
        )
        with self.lock:
            self.keys[key.consumer_key] = key
        return key

    def user_with_role(self, role: str) -> Customer:
        """The first user of a role, made when there is none yet."""
        with self.lock:
            for customer in self.customers.values():
                if customer.role == role:
                    return customer
            new_id = self.next_user_id()
            return self.add_customer(
                Customer(
                    new_id,
                    f"{role}-{new_id}@example.test",
                    f"{role}-{new_id}",
                    clock.now(),
                    role=role,
                )
            )
