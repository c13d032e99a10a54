"""What every platform's adapter must do, whatever the platform.

A platform's own tests subclass `PlatformContract` and give a `Shop`: a store that runs, with the
few things a merchant and a shopper do in it, done without the adapter.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Protocol

import pytest

from connector.errors import CredentialsRefused, TemporaryError
from connector.meanings import Changed, LookUp
from connector.platform import (
    ConnectedStore,
    Credentials,
    CrossSells,
    CustomerFields,
    Reward,
    StorePlatform,
)
from retention.records import Account, ObjectKind, Order, Product

SECRET = "a secret of this store: <&>"


@dataclass(frozen=True)
class Delivered:
    """One call to the address where webhooks are received."""

    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """Where webhooks are received; every call is answered 200 and kept."""

    address: str
    deliveries: list[Delivered] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            receiver.deliveries.append(Delivered(dict(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/webhooks/store/7")
    thread = Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Shop(Protocol):
    """A running store with at least 10 products, one of them with variations, and 3 accounts."""

    platform: StorePlatform
    credentials: Credentials
    topics: Sequence[str]
    currency: str
    time_zone: str
    trashed_status: str
    """What an order's status is once the merchant has thrown it away."""
    lists_trashed: bool
    """Whether such an order is still among the identifiers."""

    def product_ids(self) -> list[str]: ...
    def variation(self) -> tuple[str, str]:
        """A variation and the product it belongs to."""
        ...

    def account_ids(self) -> list[str]: ...
    def order_goods(self, goods: Mapping[str, int], email: str, account: str | None) -> str:
        """A paid order of these quantities of products; its identifier."""
        ...

    def order_many(self, how_many: int) -> None: ...
    def price_of(self, product: str) -> Decimal: ...
    def refund_line(self, order: str, line: str, quantity: int, amount: Decimal) -> None: ...
    def refund_amount(self, order: str, amount: Decimal) -> None: ...
    def trash_order(self, order: str) -> None: ...
    def delete_order(self, order: str) -> None: ...
    def rename_product(self, product: str, name: str) -> None: ...
    def unpublish_product(self, product: str) -> None: ...
    def fields_of(self, account: str) -> Mapping[str, str]: ...
    def other_webhooks(self) -> int:
        """How many subscriptions there are that are not the app's; at least one."""
        ...

    def switch_off_a_webhook(self, address: str) -> None: ...
    def deliver(self) -> None:
        """Wait until everything that has happened is delivered."""
        ...

    def wait_a_second(self) -> None:
        """Let the store's clock go on, so that what happens next is later."""
        ...

    def now(self) -> datetime: ...
    def order_with_code(self, reward: Reward, product: str) -> str:
        """An unpaid order of one piece, for which the shopper has entered the reward's code."""
        ...

    def counted_rewards(self, code: str) -> int:
        """How many coupons or discounts have this code."""
        ...

    def lose_an_answer(self, request: str) -> None:
        """Carry out the next request whose body has this text, and lose the answer."""
        ...

    def fail(self, kind: str, times: int) -> None: ...
    def revoke_key(self) -> None: ...


class PlatformContract:
    """The tests; a subclass gives the fixture `shop`."""

    @pytest.fixture
    def store(self, shop: Shop) -> Iterator[ConnectedStore]:
        opened = shop.platform.open(shop.credentials, region="IR", development=True)
        yield opened
        opened.close()

    @pytest.fixture
    def receiver(self) -> Iterator[Receiver]:
        with receiving() as receiver:
            yield receiver

    def test_the_store_tells_its_currency_and_zone(self, shop: Shop, store: ConnectedStore) -> None:
        profile = store.profile()
        assert profile.name
        assert (profile.currency, profile.time_zone) == (shop.currency, shop.time_zone)
        assert profile.warnings == ()

    def test_a_revoked_key_is_refused(self, shop: Shop, store: ConnectedStore) -> None:
        shop.revoke_key()
        with pytest.raises(CredentialsRefused):
            store.profile()

    @pytest.mark.parametrize("kind", ["product", "customer", "category"])
    def test_a_listing_gives_what_reading_one_by_one_gives(
        self, store: ConnectedStore, kind: ObjectKind
    ) -> None:
        listed = [record for page in store.pages(kind) for record in page.records]
        identifiers = [one for portion in store.identifiers(kind) for one in portion]
        assert [record.id for record in listed] == identifiers
        assert listed == [store.read(kind, identifier) for identifier in identifiers]
        assert len(listed) >= 3

    def test_an_order_is_read_to_the_last_unit(self, shop: Shop, store: ConnectedStore) -> None:
        first, second = shop.product_ids()[:2]
        account = shop.account_ids()[0]
        order = read_order(
            store, shop.order_goods({first: 1, second: 3}, "Ada@Example.Test", account)
        )
        assert order.account_id == account
        assert order.email == "ada@example.test"
        assert order.currency == shop.currency
        assert order.paid_at is not None
        assert [(line.product_id, line.quantity, line.net) for line in order.lines] == [
            (first, 1, shop.price_of(first)),
            (second, 3, 3 * shop.price_of(second)),
        ]
        assert order.total >= order.net
        assert abs((order.placed_at - shop.now()).total_seconds()) < 30

    def test_a_guest_has_no_account(self, shop: Shop, store: ConnectedStore) -> None:
        order = shop.order_goods({shop.product_ids()[0]: 1}, "stranger@example.test", None)
        assert read_order(store, order).account_id is None

    def test_orders_are_listed_oldest_first_and_taken_up_at_a_page(
        self, shop: Shop, store: ConnectedStore
    ) -> None:
        shop.order_many(103)
        pages = list(store.pages("order"))
        assert [(page.number, page.pages, page.total) for page in pages] == [
            (1, 2, 103),
            (2, 2, 103),
        ]
        assert [len(page.records) for page in pages] == [100, 3]
        orders = [record for page in pages for record in page.records]
        places = [order.placed_at for order in orders if isinstance(order, Order)]
        assert len(places) == 103
        assert places == sorted(places)
        assert [page.records for page in store.pages("order", first=2)] == [pages[1].records]
        identifiers = [one for portion in store.identifiers("order") for one in portion]
        assert identifiers == [order.id for order in orders]

    def test_refunds_are_completed_with_their_lines(
        self, shop: Shop, store: ConnectedStore
    ) -> None:
        first, second = shop.product_ids()[:2]
        identifier = shop.order_goods({first: 1, second: 3}, "ada@example.test", None)
        line = read_order(store, identifier).lines[1]
        price = shop.price_of(second)
        shop.refund_line(identifier, line.id, 2, 2 * price)
        shop.refund_amount(identifier, Decimal(1))
        order = read_order(store, identifier)
        by_amount = {refund.amount: refund for refund in order.refunds}
        assert set(by_amount) == {2 * price, Decimal(1)}
        refunded = by_amount[2 * price]
        assert refunded.allocated == 2 * price
        assert refunded.lines is not None
        assert [(part.order_line_id, part.quantity, part.net) for part in refunded.lines] == [
            (line.id, 2, 2 * price)
        ]
        assert by_amount[Decimal(1)].lines == ()
        assert by_amount[Decimal(1)].allocated == 0
        (page,) = store.pages("order")
        (listed,) = page.records
        assert isinstance(listed, Order)
        assert store.complete(listed) == order

    def test_a_trashed_order_is_polled_and_a_deleted_one_is_gone(
        self, shop: Shop, store: ConnectedStore
    ) -> None:
        product = shop.product_ids()[0]
        kept, trashed, deleted = (
            shop.order_goods({product: 1}, f"{name}@example.test", None) for name in "abc"
        )
        shop.wait_a_second()
        shop.wait_a_second()
        moment = shop.now()
        assert polled(store, moment) == []
        shop.trash_order(trashed)
        shop.delete_order(deleted)
        assert read_order(store, trashed).status == shop.trashed_status
        assert store.read("order", deleted) is None
        present = [kept, trashed] if shop.lists_trashed else [kept]
        assert [one for portion in store.identifiers("order") for one in portion] == present
        assert polled(store, moment) == [trashed]

    def test_a_variation_is_read_as_its_product(self, shop: Shop, store: ConnectedStore) -> None:
        variation, parent = shop.variation()
        product = store.read("product", variation)
        assert isinstance(product, Product)
        assert product.id == parent
        assert variation not in [one for part in store.identifiers("product") for one in part]

    def test_what_is_no_longer_published_is_not_recommended(
        self, shop: Shop, store: ConnectedStore
    ) -> None:
        product = shop.product_ids()[0]
        assert read_product(store, product).recommendable
        shop.unpublish_product(product)
        assert not read_product(store, product).recommendable

    def test_what_never_was_is_none(self, store: ConnectedStore) -> None:
        kinds: tuple[ObjectKind, ...] = ("order", "product", "customer", "category")
        assert [store.read(kind, "987654321") for kind in kinds] == [None] * 4

    def test_the_products_in_a_category_are_those_that_name_it(
        self, shop: Shop, store: ConnectedStore
    ) -> None:
        product = store.read("product", shop.product_ids()[0])
        assert isinstance(product, Product)
        category = product.category_ids[-1]
        listed = [name for portion in store.identifiers("product") for name in portion]
        naming = [
            name
            for name in listed
            if isinstance(record := store.read("product", name), Product)
            and category in record.category_ids
        ]
        assert 1 < len(naming) < len(listed)
        found = [name for portion in store.products_in(category) for name in portion]
        assert sorted(found) == sorted(naming)

    def test_events_are_genuine_and_say_what_reading_says(
        self, shop: Shop, store: ConnectedStore, receiver: Receiver
    ) -> None:
        store.register_webhooks(receiver.address, SECRET, shop.topics)
        assert store.webhooks_are_healthy(receiver.address, shop.topics)
        pings = list(receiver.deliveries)
        assert all(shop.platform.is_ping(ping.body, ping.headers) for ping in pings)
        receiver.deliveries.clear()
        order = shop.order_goods({shop.product_ids()[0]: 2}, "ada@example.test", None)
        shop.deliver()
        told = [told_by(shop.platform, store, one) for one in receiver.deliveries]
        assert read_order(store, order) in told

    def test_what_was_trashed_is_told(
        self, shop: Shop, store: ConnectedStore, receiver: Receiver
    ) -> None:
        order = shop.order_goods({shop.product_ids()[0]: 2}, "ada@example.test", None)
        store.register_webhooks(receiver.address, SECRET, shop.topics)
        receiver.deliveries.clear()
        shop.trash_order(order)
        shop.deliver()
        meanings = [meaning_of(shop.platform, one) for one in receiver.deliveries]
        assert LookUp("order", order) in meanings

    def test_registering_again_doubles_nothing(
        self, shop: Shop, store: ConnectedStore, receiver: Receiver
    ) -> None:
        others = shop.other_webhooks()
        store.register_webhooks(receiver.address, "an earlier secret", shop.topics)
        store.register_webhooks(receiver.address, SECRET, shop.topics)
        receiver.deliveries.clear()
        product = shop.product_ids()[0]
        shop.rename_product(product, "Another name ☕")
        shop.deliver()
        (told,) = [told_by(shop.platform, store, one) for one in receiver.deliveries]
        assert isinstance(told, Product)
        assert told == read_product(store, product)
        assert told.name == "Another name ☕"
        assert shop.other_webhooks() == others

    def test_a_webhook_that_was_switched_off_is_made_new(
        self, shop: Shop, store: ConnectedStore, receiver: Receiver
    ) -> None:
        store.register_webhooks(receiver.address, SECRET, shop.topics)
        shop.switch_off_a_webhook(receiver.address)
        assert not store.webhooks_are_healthy(receiver.address, shop.topics)
        store.register_webhooks(receiver.address, SECRET, shop.topics)
        assert store.webhooks_are_healthy(receiver.address, shop.topics)

    def test_removing_leaves_the_webhooks_of_others(
        self, shop: Shop, store: ConnectedStore, receiver: Receiver
    ) -> None:
        others = shop.other_webhooks()
        store.register_webhooks(receiver.address, SECRET, shop.topics)
        store.remove_webhooks(receiver.address)
        assert not store.webhooks_are_healthy(receiver.address, shop.topics[:1])
        assert shop.other_webhooks() == others

    def test_cross_sells_are_written_read_back_and_echoed(
        self, shop: Shop, store: ConnectedStore, receiver: Receiver
    ) -> None:
        store.register_webhooks(receiver.address, SECRET, shop.topics)
        receiver.deliveries.clear()
        first, second, third, *_ = shop.product_ids()
        lists = [CrossSells(first, (third, second)), CrossSells(second, (first,))]
        written = store.write_cross_sells(lists)
        assert [(one.id, one.error) for one in written] == [(first, None), (second, None)]
        assert [one.record for one in written] == [
            read_product(store, first),
            read_product(store, second),
        ]
        assert read_product(store, first).cross_sell_ids == (third, second)
        shop.deliver()
        told = [told_by(shop.platform, store, one) for one in receiver.deliveries]
        assert {one.record for one in written} <= set(told)

    def test_cross_sells_are_cleared(self, shop: Shop, store: ConnectedStore) -> None:
        first, second, *_ = shop.product_ids()
        store.write_cross_sells([CrossSells(first, (second,))])
        (cleared,) = store.write_cross_sells([CrossSells(first, ())])
        assert cleared.error is None
        assert read_product(store, first).cross_sell_ids == ()

    def test_cross_sells_that_cannot_be_written_hold_up_no_others(
        self, shop: Shop, store: ConnectedStore
    ) -> None:
        first, second, *_ = shop.product_ids()
        written = store.write_cross_sells(
            [
                CrossSells("987654321", (first,)),
                CrossSells(first, (first,)),
                CrossSells(second, (first,)),
            ]
        )
        assert [(one.permanent, one.error is None) for one in written] == [
            (True, False),
            (True, False),
            (False, True),
        ]
        assert read_product(store, second).cross_sell_ids == (first,)

    def test_customers_fields_are_written_changed_and_removed(
        self, shop: Shop, store: ConnectedStore
    ) -> None:
        account = shop.account_ids()[0]
        before = shop.fields_of(account)
        category = "چای ☕ & <tea>"
        (written,) = store.write_customers(
            [CustomerFields(account, {"bazgasht_points": "120", "bazgasht_category": category})]
        )
        assert written.error is None
        assert isinstance(written.record, Account)
        assert shop.fields_of(account) == {
            **before,
            "bazgasht_points": "120",
            "bazgasht_category": category,
        }
        (changed,) = store.write_customers(
            [CustomerFields(account, {"bazgasht_points": "121", "bazgasht_category": None})]
        )
        assert changed.error is None
        assert shop.fields_of(account) == {**before, "bazgasht_points": "121"}

    def test_fields_that_cannot_be_written_hold_up_no_others(
        self, shop: Shop, store: ConnectedStore
    ) -> None:
        first, second, *_ = shop.account_ids()
        written = store.write_customers(
            [
                CustomerFields("987654321", {"bazgasht_points": "1"}),
                CustomerFields(first, {"_bazgasht_points": "1"}),
                CustomerFields(second, {"bazgasht_points": "1"}),
            ]
        )
        assert [(one.permanent, one.error is None) for one in written] == [
            (True, False),
            (True, False),
            (False, True),
        ]
        assert shop.fields_of(second)["bazgasht_points"] == "1"

    @pytest.mark.parametrize("kind", ["too_many_requests", "server_error", "half_answer"])
    def test_a_passing_fault_is_outlasted(
        self, shop: Shop, store: ConnectedStore, kind: str
    ) -> None:
        product = shop.product_ids()[0]
        expected = store.read("product", product)
        shop.fail(kind, 2)
        assert store.read("product", product) == expected

    def test_a_lasting_fault_is_temporary(self, shop: Shop, store: ConnectedStore) -> None:
        shop.fail("server_error", 100)
        with pytest.raises(TemporaryError):
            store.profile()


def read_order(store: ConnectedStore, identifier: str) -> Order:
    order = store.read("order", identifier)
    assert isinstance(order, Order)
    assert order.refunds_are_complete
    return order


def read_product(store: ConnectedStore, identifier: str) -> Product:
    product = store.read("product", identifier)
    assert isinstance(product, Product)
    return product


def polled(store: ConnectedStore, moment: datetime) -> list[str]:
    pages = store.pages("order", modified_after=moment)
    return [record.id for page in pages for record in page.records]


def meaning_of(platform: StorePlatform, delivered: Delivered) -> object:
    """What a delivery means, after it has been shown to be genuine."""
    assert platform.verify(delivered.body, delivered.headers, ["another secret", SECRET])
    assert not platform.verify(delivered.body + b" ", delivered.headers, [SECRET])
    assert not platform.verify(delivered.body, delivered.headers, ["another secret"])
    named = platform.name_event(delivered.body, delivered.headers)
    assert named.broken is None
    return platform.interpret(named.topic, delivered.body, region="IR")


def told_by(platform: StorePlatform, store: ConnectedStore, delivered: Delivered) -> object:
    """The record that a genuine delivery carries, or that it says to read."""
    meaning = meaning_of(platform, delivered)
    if isinstance(meaning, Changed):
        return meaning.record
    return store.read(meaning.kind, meaning.id) if isinstance(meaning, LookUp) else meaning
