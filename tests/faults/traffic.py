"""Traffic of a pretend store: shoppers and a merchant who change orders, and its deliveries.

Unlike a store, the courier tells what was not answered with 200 again until it is, so that what
the product holds in the end can come from its inbox alone; and now and then it tells what was
answered once more, as stores do.
"""

import hashlib
import queue
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock, Thread

import requests

from sandbox import clock, json_text
from sandbox.delivery import signature
from sandbox.delivery_payload import payload_for
from sandbox.operations import orders, refunds
from sandbox.operations.refunds import RefundRequest
from sandbox.records import Order, Webhook
from sandbox.shopify.deliveries import Delivery
from sandbox.shopify.deliveries import signature as shop_signature
from sandbox.shopify.server import RunningShop
from sandbox.store import MERCHANT_ID, Store

COURIERS = 3
TELL_TWICE = 0.1


@dataclass(frozen=True)
class Letter:
    """A delivery as it is sent; `key` is what the product keeps it under."""

    key: str
    url: str
    headers: dict[str, str]
    body: bytes


class Courier:
    """Delivers a store's events in threads, and notes the key of each that was answered 200."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._waiting: queue.SimpleQueue[Callable[[], Letter] | None] = queue.SimpleQueue()
        self._lock = Lock()
        self._stop = Event()
        self.answered: Counter[str] = Counter()
        self.refused = 0
        self._threads = [Thread(target=self._run, daemon=True) for _ in range(COURIERS)]
        for thread in self._threads:
            thread.start()

    def take(self, write: Callable[[], Letter]) -> None:
        """Deliver a letter, written when its turn comes."""
        self._waiting.put(write)

    def _run(self) -> None:
        with requests.Session() as session:
            while (write := self._waiting.get()) is not None:
                self._deliver(session, write())

    def _deliver(self, session: requests.Session, letter: Letter) -> None:
        while not self._stop.is_set():
            is_answered = self._post(session, letter)
            with self._lock:
                self.answered[letter.key] += is_answered
                self.refused += not is_answered
                is_enough = is_answered and self._random.random() > TELL_TWICE
            if is_enough:
                return
            time.sleep(0 if is_answered else 0.1)

    def _post(self, session: requests.Session, letter: Letter) -> bool:
        headers = {**letter.headers, "Connection": "close"}
        try:
            answer = session.post(letter.url, letter.body, headers=headers, timeout=30)
        except requests.RequestException:
            return False
        return answer.status_code == 200

    def finish(self, seconds: float) -> bool:
        """Deliver what waits, then end; whether that was done in time."""
        for _ in self._threads:
            self._waiting.put(None)
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._stop.set()
        return not any(thread.is_alive() for thread in self._threads)


def courier_of(store: Store, seed: int) -> Courier:
    """Takes the place of a WooCommerce store's deliveries, whose bodies tell the newest state."""
    courier = Courier(seed)

    def take(topic: str, resource_id: int) -> None:
        for webhook in list(store.webhooks.values()):
            if webhook.topic == topic:
                courier.take(partial(letter_of, store, webhook, resource_id))

    store.listener = take
    return courier


def letter_of(store: Store, webhook: Webhook, resource_id: int) -> Letter:
    """An event of a WooCommerce store as it would be delivered now."""
    with store.lock:
        content = payload_for(store, webhook, resource_id)
    body = json_text.encode(content).encode()
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": webhook.topic,
        "X-WC-Webhook-Signature": signature(webhook.secret, body),
    }
    key = hashlib.sha256(webhook.topic.encode() + b"\n" + body).hexdigest()
    return Letter(key, webhook.delivery_url, headers, body)


def courier_of_shop(shop: RunningShop, seed: int) -> Courier:
    """Takes the place of a Shopify shop's deliveries, whose bodies tell the event's moment."""
    courier = Courier(seed)
    deliveries = shop.deliveries

    def take(*waiting: Delivery, after: float = 0) -> None:
        for one in waiting:
            signed = {"X-Shopify-Hmac-Sha256": shop_signature(deliveries.secret, one.body)}
            key = one.headers["X-Shopify-Webhook-Id"]
            letter = Letter(key, one.uri, one.headers | signed, one.body)
            courier.take(lambda letter=letter: letter)  # type: ignore[misc]

    deliveries.put = take  # type: ignore[method-assign]
    return courier


@dataclass
class Shoppers:
    """Buy, and see their orders completed, refunded, cancelled and trashed, all at random."""

    store: Store
    seed: int
    seconds_between_changes: float = 0.06
    changes: int = 0
    _stop: Event = field(default_factory=Event)
    _refunded: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the change under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self.seconds_between_changes):
            with self.store.lock:
                earlier = [
                    o for o in self.store.orders.values() if o.status in orders.PAID_STATUSES
                ]
                change = self._random.choice([self._buy, self._buy, self._buy, self._change])
                if not earlier or change == self._buy:
                    self._buy()
                else:
                    self._change(self._random.choice(earlier))
                self.changes += 1

    def _buy(self, _order: Order | None = None) -> None:
        buyers = [c for c in self.store.customers.values() if c.role == "customer"]
        buyer = self._random.choice([*buyers, None])
        guest = {"email": f"guest-{self._random.randrange(5)}@example.test", "country": "US"}
        sold = [p.id for p in self.store.products.values() if p.type == "simple"]
        chosen = self._random.sample(sold, self._random.randint(1, 3))
        order = Order(
            id=self.store.next_post_id(),
            status="pending",
            currency=self.store.settings.currency,
            created=clock.now(),
            modified=clock.now(),
            customer_id=buyer.id if buyer else 0,
            billing=buyer.billing if buyer else guest,
            shipping={},
            lines=tuple(
                orders.new_line(self.store, product, 0, self._random.randint(1, 3))
                for product in chosen
            ),
            payment_method="bacs",
        )
        orders.place(self.store, order, set_paid=True)

    def _change(self, order: Order) -> None:
        change = self._random.choice(["completed", "cancelled", "trash", "refund", "refund"])
        if change == "trash":
            orders.trash(self.store, order)
        elif change != "refund":
            orders.changed(self.store, order, change)
        elif line := next((line for line in order.lines if line.id not in self._refunded), None):
            self._refunded.add(line.id)
            given_back = (line.id, line.quantity, line.total)
            refunds.create(
                self.store,
                order,
                RefundRequest(line.total, "", (given_back,), MERCHANT_ID, False, restock=False),
            )


@dataclass(kw_only=True)
class ShopShoppers(Shoppers):
    """The same in a Shopify shop, where an order is paid back when it is cancelled."""

    shop: RunningShop

    def _buy(self, _order: Order | None = None) -> None:
        buyers = [*self.shop.shop.customers(), None]
        buyer = self._random.choice(buyers)
        sold = [p.id for p in self.shop.shop.products() if p.type == "simple"]
        chosen = self._random.sample(sold, self._random.randint(1, 3))
        self.shop.merchant.place_order(
            {product: self._random.randint(1, 3) for product in chosen},
            email=buyer.email if buyer else f"guest-{self._random.randrange(5)}@example.test",
            customer_id=buyer.id if buyer else 0,
        )

    def _change(self, order: Order) -> None:
        if self._random.random() < 1 / 3:
            self.shop.merchant.cancel(order.id)
        elif line := next((line for line in order.lines if line.id not in self._refunded), None):
            self._refunded.add(line.id)
            self.shop.merchant.refund(order.id, {line.id: (line.quantity, line.total)})


def points_of(store: Store) -> Iterator[tuple[Order, int]]:
    """What each order of the store comes to: a point for each whole dollar that was kept."""
    for order in store.orders.values():
        kept = sum(line.total for line in order.lines)
        for number in order.refund_ids:
            kept += sum(line.total for line in store.refunds[number].lines)
        yield order, kept // 100 if order.status in orders.PAID_STATUSES else 0
