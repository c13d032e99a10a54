"""Nothing answered is lost and nothing happens twice, whatever is killed under load.

The rounds are drawn from the seed in KILL_SEED (default 1); KILL_ROUNDS (default 8) sets how
many there are, for a longer run than `make test` makes.
"""

import json
import os
import random
import shutil
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
from redis import Redis
from sqlalchemy import Engine, func, select

from bazgasht.services import start_services
from connector.woocommerce.events import signature
from database import outbox, stores
from database.models import InboxEvent, Order, PointEntry, Store
from database.session import connect, store_transaction
from database.vault import Vault
from sandbox.server import RunningStore
from tests.faults.product import Product, wait_for
from tests.shop import Shop

ROUNDS = int(os.environ.get("KILL_ROUNDS", "8"))
SEED = int(os.environ.get("KILL_SEED", "1"))
ORDERS = 120
SENDERS = 4
VICTIMS = ("bazgasht web", "worker events", "worker writes", "postgresql/data", "/valkey/")
NAMES = ("House Blend Beans", "Paper Filters", "Green Tea", "Socks", "Beanie")
EMAILS = ("ada@example.test", "sara@example.test", "reza@example.test", "smile@example.test")


@pytest.fixture
def product() -> Iterator[Product]:
    directory = Path(tempfile.mkdtemp(prefix="bazgasht-kills-"))
    directory.chmod(0o755)
    product = Product(directory)
    try:
        yield product
    finally:
        product.kill()
        shutil.rmtree(directory, ignore_errors=True)


def install(product: Product, sandbox: RunningStore) -> str:
    """Install the app by its development page, and return where it takes webhooks."""
    page = requests.get(
        f"{product.url}/install/woocommerce", params={"store": sandbox.url}, timeout=20
    ).text
    state = page.split('name="state" value="')[1].split('"')[0]
    key = sandbox.new_key()
    form = {"state": state, "key": key.consumer_key, "secret": key.consumer_secret}
    answer = requests.post(f"{product.url}/install/woocommerce/development", data=form, timeout=20)
    assert answer.status_code == 200, answer.text
    webhooks = sandbox.store.webhooks
    wait_for(lambda: len(webhooks) == 9, "the webhooks are not registered")
    return next(iter(webhooks.values())).delivery_url


class Sender:
    """Delivers bodies over and over until each has been answered with 200, and notes which."""

    def __init__(self, url: str, secret: str, bodies: list[bytes]) -> None:
        self._url, self._secret = url, secret
        self._bodies = list(bodies)
        self._lock = threading.Lock()
        self.answered: list[bytes] = []
        self.stop = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        while not self.stop.is_set():
            with self._lock:
                if not self._bodies:
                    return
                body = self._bodies.pop(0)
            if self._post(body):
                self.answered.append(body)
            else:
                with self._lock:
                    self._bodies.append(body)
            time.sleep(0.02)

    def _post(self, body: bytes) -> bool:
        headers = {
            "X-WC-Webhook-Topic": "order.updated",
            "X-WC-Webhook-Signature": signature(body, self._secret),
            "Content-Type": "application/json",
        }
        try:
            return requests.post(self._url, body, headers=headers, timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def finish(self) -> None:
        """Wait until every body has been answered."""
        wait_for(lambda: not any(t.is_alive() for t in self._threads), "not all is answered", 90)


def place_orders(sandbox: RunningStore) -> list[bytes]:
    """Paid orders whose webhooks the store did not send, as the bodies it would have sent."""
    shop = Shop(sandbox)
    products = [shop.product_id(name) for name in NAMES]
    buyers = [shop.customer_id(email) for email in EMAILS]
    sandbox.deliveries.hold()
    bodies = []
    for number in range(ORDERS):
        chosen = (products[number % 5], products[(number + 1 + number // 5 % 4) % 5])
        order = shop.create(
            "orders",
            set_paid=True,
            payment_method="bacs",
            customer_id=buyers[number % 4],
            line_items=[{"product_id": product, "quantity": 1} for product in chosen],
        )
        order.pop("_links", None)
        bodies.append(json.dumps(order).encode())
    return bodies


def expected_points(bodies: list[bytes]) -> dict[str, int]:
    """One point for each whole dollar of an order's lines."""
    orders: list[dict[str, Any]] = [json.loads(body) for body in bodies]
    return {
        str(order["id"]): int(sum(Decimal(line["total"]) for line in order["line_items"]))
        for order in orders
    }


@dataclass
class Inside:
    """A look at the product's own tables and queue, from outside its processes."""

    engine: Engine
    redis: Redis
    store_id: UUID
    secret: str


@contextmanager
def looking_into(product: Product, sandbox: RunningStore) -> Iterator[Inside]:
    """Attach to the services that run; they may be elsewhere after each kill."""
    with start_services(product.directory) as services:
        engine = connect(services.app_url)
        store_id = stores.find(engine, "woocommerce", sandbox.url)
        assert store_id is not None
        vault = Vault([(product.directory / "secret-keys").read_text("ascii")])
        with store_transaction(engine, store_id) as session:
            row = stores.get(session)
            assert row is not None
            assert row.webhook_secrets is not None
            secret = vault.unseal(row.webhook_secrets)[0]
        with Redis.from_url(services.redis_url) as redis:
            yield Inside(engine, redis, store_id, secret)
        engine.dispose()


def is_settled(inside: Inside) -> bool:
    """Whether nothing waits: no event, no write, no recomputation."""
    with store_transaction(inside.engine, inside.store_id) as session:
        waiting = session.scalar(
            select(func.count()).select_from(InboxEvent).where(InboxEvent.state == "waiting")
        )
        writes = sum(n for (_, state), n in outbox.counts(session).items() if state == "waiting")
        dirty = session.scalar(select(Store.dirty_since))
    return not waiting and not writes and dirty is None


def do_harm(product: Product, sandbox: RunningStore, draw: random.Random, number: int) -> None:
    """Kill one part, everything, or wipe the queue."""
    if number % 4 == 3:
        product.kill()
        product.start()
    elif number % 4 == 1:
        wait_for(product.is_ready, f"the product does not come back: {product.log()}")
        with looking_into(product, sandbox) as inside:
            inside.redis.flushall()
    else:
        victim = draw.choice(VICTIMS)
        wait_for(lambda: product.kill(victim) > 0, f"there is no {victim} to kill")


def test_kill_9_of_any_part_under_load_loses_nothing_and_repeats_nothing(
    product: Product, sandbox: RunningStore
) -> None:
    draw = random.Random(SEED)
    product.start()
    url = install(product, sandbox)
    bodies = place_orders(sandbox)
    with looking_into(product, sandbox) as inside:
        secret = inside.secret
        with store_transaction(inside.engine, inside.store_id) as session:
            row = stores.get(session, lock=True)
            assert row is not None
            row.settings = {**row.settings, "recompute_after_seconds": 1}
    sender = Sender(url, secret, bodies)
    for number in range(ROUNDS):
        time.sleep(draw.uniform(0.3, 1.2))
        do_harm(product, sandbox, draw, number)
    wait_for(product.is_ready, f"the product does not come back: {product.log()}")
    sender.finish()
    with looking_into(product, sandbox) as inside:
        wait_for(lambda: is_settled(inside), f"it does not come to rest: {product.log()}", 120)
        check_tables(inside, bodies)
    check_store(sandbox, bodies)
    assert product.interrupt() == 0
    wait_for(lambda: not product.processes(), "processes are left behind", 10)


def check_tables(inside: Inside, bodies: list[bytes]) -> None:
    """Every answered event is there once and handled, every effect there once."""
    points = expected_points(bodies)
    with store_transaction(inside.engine, inside.store_id) as session:
        events = session.execute(
            select(InboxEvent.body, InboxEvent.state).where(InboxEvent.topic == "order.updated")
        ).all()
        orders = session.scalars(select(Order.external_id)).all()
        entries = session.execute(select(PointEntry.order_id, PointEntry.points)).all()
    assert sorted(zlib.decompress(row.body) for row in events) == sorted(bodies)
    assert {row.state for row in events} == {"handled"}
    assert sorted(orders) == sorted(points)
    assert sorted((row.order_id, row.points) for row in entries) == sorted(points.items())


def check_store(sandbox: RunningStore, bodies: list[bytes]) -> None:
    """The points in the store are those of its orders, and its lists are written."""
    shop = Shop(sandbox)
    points = expected_points(bodies)
    buyers = {str(order["id"]): order["customer_id"] for order in map(json.loads, bodies)}
    for email in EMAILS:
        own = [points[order] for order, buyer in buyers.items() if buyer == shop.customer_id(email)]
        assert shop.meta(email)["bazgasht_points"] == str(sum(own))
    others = {shop.product_id(name) for name in NAMES} - {shop.product_id(NAMES[0])}
    assert set(shop.cross_sells(NAMES[0])) == others
