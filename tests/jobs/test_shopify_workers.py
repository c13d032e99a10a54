"""Workers as processes of their own that renew a shop's tokens, at once or for the last time."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text

from bazgasht.services import RunningServices
from jobs import queue
from jobs.drain import drain
from tests.conftest import SECRET_KEY
from tests.faults.product import PATIENCE, wait_for
from tests.merchant import SECRET, Merchant
from tests.shop_calls import RENEWAL, ShopCalls

ADA, TEA = "ada@example.test", "Green Tea"
StartWorker = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def calls(merchant: Merchant) -> ShopCalls:
    """The calls to the shop, from now on."""
    return ShopCalls().watch(merchant.shop)


@pytest.fixture
def start_worker(merchant: Merchant, services: RunningServices) -> Iterator[StartWorker]:
    """Starts a worker of a queue, as `bazgasht run` does."""
    environment = {
        **os.environ,
        "DATABASE_URL": services.app_url,
        "REDIS_URL": services.redis_url,
        "BAZGASHT_SECRET_KEYS": SECRET_KEY,
        "BAZGASHT_PUBLIC_URL": merchant.context.public_url,
        "BAZGASHT_DEVELOPMENT": "true",
        "BAZGASHT_SHOPIFY_CLIENT_ID": merchant.shop.shop.app.client_id,
        "BAZGASHT_SHOPIFY_CLIENT_SECRET": SECRET,
        "BAZGASHT_SHOPIFY_PRETEND_ADDRESS": merchant.shop.url,
        "BAZGASHT_LOG_LEVEL": "WARNING",
    }
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "bazgasht", "worker", name]
        folder = Path(__file__).parents[2]
        started.append(subprocess.Popen(command, env=environment, cwd=folder))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait(PATIENCE)


def waiting(merchant: Merchant) -> tuple[int, int]:
    """How many events wait to be handled, and objects to be written."""
    with merchant.scope() as session:
        row = session.execute(
            text(
                "SELECT (SELECT count(*) FROM inbox_events WHERE state = 'waiting'),"
                " (SELECT count(*) FROM write_backs WHERE state = 'waiting')"
            )
        ).one()
        return row[0], row[1]


def points_in_shop(merchant: Merchant) -> object:
    """The points that Ada is shown."""
    customer = merchant.shop.store.customers[merchant.customer(ADA)]
    return dict(merchant.shop.services.notes(customer)).get("points")


def test_two_workers_that_renew_at_once_rotate_once_and_both_go_on(
    merchant: Merchant, calls: ShopCalls, start_worker: StartWorker
) -> None:
    # One order is to be handled, and the points of another are to be written.
    merchant.buy(ADA, TEA)
    merchant.shop.drain_deliveries()
    drain(str(merchant.id))
    merchant.buy(ADA, TEA)
    merchant.shop.drain_deliveries()
    merchant.context.redis.flushdb()
    assert min(waiting(merchant)) > 0
    merchant.shop.expire_access_tokens()
    both_were_refused = Event()

    def hold_until_both_were_refused(name: str) -> None:
        if calls.statuses.count(401) == 2:
            both_were_refused.set()
        if name == RENEWAL:
            both_were_refused.wait(PATIENCE)
            time.sleep(0.5)  # The other worker asks for its turn meanwhile.

    calls.statuses.clear()
    calls.after = hold_until_both_were_refused
    for name, function in ((queue.EVENTS, queue.DRAIN), (queue.WRITES, queue.WRITE_BACK)):
        assert queue.enqueue(merchant.context.redis, function, merchant.id)
        start_worker(name)
    wait_for(lambda: waiting(merchant) == (0, 0), "the workers do not come to rest")
    assert calls.statuses.count(401) == 2
    assert calls.count(RENEWAL) == merchant.shop.shop.tokens.refreshes == 1
    assert set(calls.statuses) == {200, 401}
    assert points_in_shop(merchant) == "24"
    assert merchant.state() == "active"


def test_a_worker_killed_before_it_saved_what_the_shop_rotated_is_no_loss(
    merchant: Merchant, calls: ShopCalls, start_worker: StartWorker
) -> None:
    merchant.buy(ADA, TEA)
    merchant.shop.drain_deliveries()
    merchant.context.redis.flushdb()
    merchant.shop.expire_access_tokens()
    has_rotated, is_killed = Event(), Event()

    def hold_until_killed(name: str) -> None:
        if name == RENEWAL:
            has_rotated.set()
            is_killed.wait(PATIENCE)

    calls.after = hold_until_killed
    assert queue.enqueue(merchant.context.redis, queue.DRAIN, merchant.id)
    worker = start_worker(queue.EVENTS)
    assert has_rotated.wait(PATIENCE)
    worker.kill()
    worker.wait(PATIENCE)
    is_killed.set()
    calls.after = lambda _name: None
    with merchant.scope() as session:
        session.execute(text("UPDATE inbox_events SET leased_until = now()"))
    merchant.context.redis.flushdb()
    merchant.catch_up()
    assert merchant.shop.shop.tokens.refreshes == 2
    assert points_in_shop(merchant) == "12"
    assert waiting(merchant) == (0, 0)
    assert merchant.state() == "active"
