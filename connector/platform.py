"""The one small protocol that every platform's adapter fulfils.

A `StorePlatform` is what can be known without a store's keys: to verify, name and read events.
`StorePlatform.open` gives a `ConnectedStore`, which calls one store's API. All of it speaks in
the records of `retention.records`; all failures are `connector.errors`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol

from connector.meanings import EventName, Meaning
from retention.records import Account, Category, ObjectKind, Order, Product, Review


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where a store is and the keys to its API. Never logged."""

    store_url: str
    key: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoreProfile:
    """What a store says of itself.

    `time_zone` is an IANA name or a fixed offset such as "+03:30"; `currency` is the platform's
    code; `country` has two letters, or is empty. `warnings` are sentences for the merchant, for
    example that the key's owner may not read what the app writes.
    """

    name: str
    currency: str
    time_zone: str
    country: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing: `number` from 1, and how many pages and records there are in all.

    `rejected` lists the objects that could not be read, as (identifier, reason).
    """

    records: tuple[Order | Product | Account | Category, ...]
    number: int
    pages: int
    total: int
    rejected: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CrossSells:
    """The whole list of cross-sells that a product shall have in the store."""

    product_id: str
    cross_sell_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CustomerFields:
    """What is shown on a customer: keys and texts; None removes a key.

    A list of products is their identifiers with commas between.
    """

    account_id: str
    fields: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Written:
    """The store's answer to one write. `record` is the object as the store now has it.

    `error` is None when it was accepted and read back as sent; `permanent` says that trying
    again changes nothing.
    """

    id: str
    error: str | None = None
    permanent: bool = False
    record: Product | Account | None = None


RewardKind = Literal["code", "store_credit"]
"""A code that lowers one order, or money on the account that the shopper spends as she likes."""


@dataclass(frozen=True, slots=True)
class Reward:
    """What a shopper gets in the store for points, once and for herself alone.

    `code` is ours, unguessable, and never used for two rewards; case means nothing in it.
    `amount` is in `currency`, the store's own. WooCommerce binds a code to the e-mail address,
    Shopify binds codes and credit to the account. `expires_at` is aware; parts of a second are
    left out. `minimum` is the least amount of goods in an order that may use a code. To find or
    withdraw a reward it is given as it was when it was issued; the e-mail address may be missing.
    """

    code: str
    amount: Decimal
    currency: str
    account_id: str | None
    email: str | None = field(repr=False)
    expires_at: datetime
    minimum: Decimal | None = None
    kind: RewardKind = "code"


@dataclass(frozen=True, slots=True)
class IssuedReward:
    """The store's own identifier of a reward that stands there as it was asked for."""

    id: str


CREDIT_OUTLASTS = timedelta(days=1)
"""Within how long after its reward's end store credit runs out."""


@dataclass(frozen=True, slots=True)
class CreditLeft:
    """What nobody has spent of store credit, or what came back; after `ends_at` nobody can."""

    amount: Decimal
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class OtherBalance:
    """The points that another programme shows on an account of the store.

    `points` is None for a text that is no whole number.
    """

    account_id: str
    points: int | None


class ConnectedStore(Protocol):
    """One store's API. Every call raises from `connector.errors`."""

    def profile(self) -> StoreProfile:
        """Name, currency and time zone; the cheapest call that proves the keys work."""
        ...

    def read(
        self, kind: ObjectKind, identifier: str
    ) -> Order | Product | Account | Category | None:
        """The object as it is now, complete (an order with its refunds' lines), or None if gone.

        A trashed order is returned with its status; a variation is read as its parent product.
        """
        ...

    def shows_orders_since(self) -> datetime | None:
        """Orders placed before this are hidden from us, so not finding one says nothing.

        None when every order is shown.
        """
        ...

    def complete(self, order: Order) -> Order:
        """The order with the lines of every refund, read from the store where they are missing."""
        ...

    def pages(
        self, kind: ObjectKind, *, first: int = 1, modified_after: datetime | None = None
    ) -> Iterator[Page]:
        """All objects of a kind, oldest first, a hundred a page, from page `first` on.

        `modified_after` (aware) leaves out what has not changed since; with it, trashed orders
        are listed too, so that polling sees what was trashed.
        """
        ...

    def identifiers(self, kind: ObjectKind) -> Iterator[Sequence[str]]:
        """The identifiers of all objects of a kind, trashed ones left out, in portions."""
        ...

    def products_in(self, category_id: str) -> Iterator[Sequence[str]]:
        """The identifiers of the products whose records name this category, in portions.

        None of them when it is gone. Only for a category of a kind whose changes the platform
        tells of.
        """
        ...

    def reviews(self) -> Iterator[Sequence[Review]]:
        """All reviews of products that shoppers see, in portions; none where there are no such."""
        ...

    def other_balances(self) -> Iterator[Sequence[OtherBalance]]:
        """What accounts have in another programme of points that shows it in the store.

        In portions; none where no such programme is known.
        """
        ...

    def register_webhooks(self, address: str, secret: str, topics: Sequence[str]) -> None:
        """Make the store's subscriptions exactly these: none twice, none missing or disabled.

        One that the store has disabled is deleted and made new, because re-activating keeps its
        failure count. Webhooks of other apps are left alone.
        """
        ...

    def webhooks_are_healthy(self, address: str, topics: Sequence[str]) -> bool:
        """Whether every topic has an active subscription to `address`."""
        ...

    def remove_webhooks(self, address: str) -> None:
        """Delete the subscriptions to `address`."""
        ...

    def write_cross_sells(self, changes: Sequence[CrossSells]) -> Sequence[Written]:
        """Write each list as a whole; one answer per change, in order."""
        ...

    def write_customers(self, changes: Sequence[CustomerFields]) -> Sequence[Written]:
        """Write the fields of each account; one answer per change, in order."""
        ...

    def issue_reward(self, reward: Reward) -> IssuedReward:
        """Make the reward in the store, or find it there: repeating never makes a second one.

        Raises:
            Refused: the store will not have it, or holds something else under this code. Nothing
                of ours is left there.
            TemporaryError: it may or may not have been made; ask again, with the same reward.
        """
        ...

    def credit_left(self, reward: Reward) -> CreditLeft | None:
        """What is left of a reward that is store credit; None when there is none of it."""
        ...

    def withdraw_reward(self, reward: Reward) -> bool:
        """Make sure that nobody can use the reward from now on.

        True: it is gone or switched off and was never used, or never was there. False: it was
        used, and is left as it is.

        Raises:
            TemporaryError: whether it was used cannot be told yet.
        """
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


class StorePlatform(Protocol):
    """A platform: everything that needs no keys."""

    name: str

    def is_ping(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether this is the platform's test call, to be answered 200 and not stored."""
        ...

    def verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
        """Whether one of the secrets signed these raw bytes; compared in constant time."""
        ...

    def name_event(self, body: bytes, headers: Mapping[str, str]) -> EventName:
        """The event's topic and its key, unique per store. Never raises."""
        ...

    def interpret(self, topic: str, body: bytes, *, region: str) -> Meaning:
        """What a verified event means; `region` (two letters) reads local phone numbers.

        Raises:
            BadPayload: the body does not read as the topic's object; the field is named.
        """
        ...

    def topics_to_register(self, topics: Sequence[str]) -> Sequence[str]:
        """Those of the manifest's topics that each store must be asked to send."""
        ...

    def categories_of(self, category_ids: Sequence[str], source: str) -> Sequence[str]:
        """Those of a product's categories that may stand for it, by the store's setting."""
        ...

    def open(self, credentials: Credentials, *, region: str, development: bool) -> ConnectedStore:
        """A connection to one store; `development` allows loopback addresses and plain http."""
        ...
