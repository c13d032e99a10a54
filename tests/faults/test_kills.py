"""Nothing answered is lost and nothing happens twice, whatever is killed under load.

A round kills every part, both servers, the command itself and everything at once, and wipes the
queue, in a random order. FAULT_ROUNDS sets how many rounds there are (default 1, as `make test`
makes it) and FAULT_SEED what they are drawn from (default 1).
"""

import os
import random
import time
from collections import defaultdict

import pytest
import requests
from rq import Queue
from rq.registry import StartedJobRegistry

from jobs.queue import JOB_SECONDS, QUEUES, answers
from sandbox.server import RunningStore
from sandbox.store import Store
from tests.faults.product import PARTS, PATIENCE, SERVERS, Product, wait_for
from tests.faults.traffic import Courier, Shoppers, courier_of, points_of
from tests.shop import Shop

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
WIPE = "wipe the queue"
EVERYTHING = "everything"
HARMS = (*PARTS, *SERVERS, "run", EVERYTHING, WIPE)


def install(product: Product, sandbox: RunningStore) -> str:
    """Install the app by its development page; the store's identifier."""
    with requests.Session() as session:
        page = session.get(f"{product.url}/install/woocommerce", params={"store": sandbox.url})
        state = page.text.split('name="state" value="')[1].split('"')[0]
        key = sandbox.new_key()
        form = {"state": state, "key": key.consumer_key, "secret": key.consumer_secret}
        answer = session.post(f"{product.url}/install/woocommerce/development", data=form)
        assert answer.status_code == 200, answer.text
    loaded = "SELECT FROM progress WHERE task LIKE 'backfill%' AND state = 'done'"
    wait_for(lambda: len(product.rows(loaded)) == 4, "the history is not loaded")
    (store,) = product.rows("SELECT id FROM stores")
    return str(store["id"])


def do_harm(product: Product, harm: str) -> None:
    """Kill something, or wipe the queue."""
    if harm == WIPE:
        wait_for(lambda: answers(product.redis()), "the queue does not come back")
        product.redis().flushall()
    elif harm in (EVERYTHING, "run"):
        product.kill("" if harm == EVERYTHING else harm)
        product.start()
    else:
        wait_for(lambda: product.kill(harm), f"{harm} does not come back")


def let_leases_end(product: Product, store_id: str) -> None:
    """Move the clock forward for what killed workers had taken, instead of waiting minutes."""
    product.change(
        store_id,
        "UPDATE inbox_events SET leased_until = now() WHERE leased_until > now()",
        "UPDATE write_backs SET next_attempt_at = now() WHERE next_attempt_at > now()",
    )


def is_at_rest(product: Product) -> bool:
    """Whether nothing is left to handle, to compute and to write."""
    (left,) = product.rows(
        "SELECT (SELECT count(*) FROM inbox_events WHERE state = 'waiting') + (SELECT count(*) "
        "FROM write_backs WHERE state = 'waiting') + (SELECT count(dirty_since) FROM stores) AS n"
    )
    return bool(left["n"] == 0)


@pytest.mark.timeout(900)
def test_whatever_is_killed_under_load_nothing_is_lost_and_nothing_happens_twice(
    product: Product, sandbox: RunningStore
) -> None:
    draw = random.Random(SEED)
    store_id = install(product, sandbox)
    courier = courier_of(sandbox.store, SEED)
    shoppers = Shoppers(sandbox.store, SEED)
    for _ in range(ROUNDS):
        for harm in draw.sample(HARMS, len(HARMS)):
            time.sleep(draw.uniform(0.1, 0.6))
            do_harm(product, harm)
    shoppers.stop()
    assert courier.finish(PATIENCE), product.log()
    product.wait_until_ready()
    let_leases_end(product, store_id)
    wait_for(lambda: is_at_rest(product), f"it does not come to rest: {product.log()}")
    check_events(product, courier)
    check_orders(product, sandbox.store)
    check_points(product, sandbox)
    check_queue(product)
    assert product.interrupt() == 0
    assert product.processes() == []


def check_events(product: Product, courier: Courier) -> None:
    """Every event that was answered with 200 is there once, and handled."""
    rows = product.rows("SELECT key, state FROM inbox_events")
    assert {row["state"] for row in rows} == {"handled"}
    assert courier.answered.keys() <= {row["key"] for row in rows}
    assert len(rows) == len({row["key"] for row in rows})
    assert len(courier.answered) > 100 * ROUNDS


def check_orders(product: Product, store: Store) -> None:
    """The tables hold the orders, lines and refunds that the store has."""
    lines = defaultdict(list)
    for row in product.rows(
        "SELECT o.external_id, p.external_id AS product, l.quantity, l.net FROM orders o "
        "JOIN order_lines l ON l.order_id = o.id JOIN products p ON p.id = l.product_id "
        "ORDER BY l.position"
    ):
        line = (int(row["product"]), row["quantity"], int(row["net"] * 100))
        lines[int(row["external_id"])].append(line)
    kept = {
        int(row["external_id"]): (row["status"], row["refunds"], lines[int(row["external_id"])])
        for row in product.rows(
            "SELECT external_id, status, (SELECT count(*) FROM refunds r WHERE r.order_id = o.id) "
            "AS refunds FROM orders o"
        )
    }
    assert kept == {
        order.id: (
            order.status,
            len(order.refund_ids),
            [(line.product_id, line.quantity, line.total) for line in order.lines],
        )
        for order in store.orders.values()
    }


def check_points(product: Product, sandbox: RunningStore) -> None:
    """The ledger comes to what the orders are worth, and the store shows each account's sum."""
    worth = {str(order.id): points for order, points in points_of(sandbox.store)}
    ledger = product.rows("SELECT order_id, sum(points) AS n FROM point_entries GROUP BY order_id")
    found = {row["order_id"]: int(row["n"]) for row in ledger}
    assert found | dict.fromkeys(worth.keys() - found.keys(), 0) == worth
    balances: defaultdict[int, int] = defaultdict(int)
    for order, points in points_of(sandbox.store):
        balances[order.customer_id] += points
    shop = Shop(sandbox)
    for number in balances.keys() - {0}:
        meta = shop.meta(sandbox.store.customers[number].email)
        shown = int(meta["bazgasht_points"]) + int(meta["bazgasht_points_pending"])
        assert shown == balances[number]


def check_queue(product: Product) -> None:
    """No job waits, and none that a killed worker had begun counts as running for ever."""
    redis = product.redis()
    for name in QUEUES:
        waiting = Queue(name, connection=redis)
        wait_for(waiting.is_empty, f"jobs wait in {name}")
        latest = time.time() + JOB_SECONDS[name] + 60
        registry = StartedJobRegistry(name, connection=redis)
        assert redis.zcount(registry.key, latest, "+inf") == 0
