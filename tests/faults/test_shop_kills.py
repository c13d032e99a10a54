"""At a Shopify shop too: nothing answered is lost, nothing happens twice, whatever is killed.

Beside what is killed, the shop lets the app's tokens run out again and again, so that workers
are killed while they renew them.
"""

import random
import time
from collections import defaultdict
from collections.abc import Iterator

import pytest
import requests

from sandbox.shopify.api.cost import RateLimit
from sandbox.shopify.app_config import from_toml
from sandbox.shopify.server import RunningShop, ShopOptions
from sandbox.small import small_store
from tests.faults.product import PARTS, PATIENCE, Product, wait_for
from tests.faults.test_kills import (
    EVERYTHING,
    ROUNDS,
    SEED,
    check_events,
    check_queue,
    do_harm,
    is_at_rest,
    let_leases_end,
)
from tests.faults.traffic import ShopShoppers, courier_of_shop, points_of
from tests.merchant import SECRET, TOML

# A shop on the Plus plan, so that reading goes on as fast as orders are placed.
PLUS = RateLimit(maximum=20_000, restore_rate=1_000)
# What only wipes or starts servers is the same for every platform, and done at the other one.
SHOP_HARMS = (*PARTS, EVERYTHING)


@pytest.fixture
def shop(stopped_product: Product) -> Iterator[RunningShop]:
    """The small shop, as the product is told to reach it."""
    app = from_toml(TOML, SECRET, origin=stopped_product.url)
    with RunningShop(small_store(), ShopOptions(app=app, rate_limit=PLUS)) as shop:
        stopped_product.environment |= {
            "BAZGASHT_SHOPIFY_CLIENT_ID": app.client_id,
            "BAZGASHT_SHOPIFY_CLIENT_SECRET": SECRET,
            "BAZGASHT_SHOPIFY_PRETEND_ADDRESS": shop.url,
        }
        yield shop


def open_app(product: Product, shop: RunningShop) -> str:
    """Open the app in the shop's admin, and wait for the history; the store's identifier."""
    token = shop.session_token()
    answer = requests.get(f"{product.url}/shopify", params={"id_token": token}, timeout=30)
    assert answer.status_code == 200, answer.text
    loaded = "SELECT FROM progress WHERE task LIKE 'backfill%' AND state = 'done'"
    wait_for(lambda: len(product.rows(loaded)) == 4, f"the history is not loaded: {product.log()}")
    (store,) = product.rows("SELECT id FROM stores")
    return str(store["id"])


@pytest.mark.timeout(900)
def test_whatever_is_killed_at_a_shop_nothing_is_lost_and_nothing_happens_twice(
    stopped_product: Product, shop: RunningShop
) -> None:
    product, draw = stopped_product, random.Random(SEED)
    product.start()
    store_id = open_app(product, shop)
    courier = courier_of_shop(shop, SEED)
    shoppers = ShopShoppers(shop.store, SEED, 0.15, shop=shop)
    for _ in range(ROUNDS):
        for harm in draw.sample(SHOP_HARMS, len(SHOP_HARMS)):
            # A token that runs out before its first use tells the app that it was removed.
            shop.expire_access_tokens(unused=False)
            time.sleep(draw.uniform(0.1, 0.6))
            do_harm(product, harm)
    shoppers.stop()
    assert courier.finish(PATIENCE), product.log()
    product.wait_until_ready()
    let_leases_end(product, store_id)
    wait_for(lambda: is_at_rest(product), f"it does not come to rest: {product.log()}")
    (store,) = product.rows("SELECT state FROM stores")
    assert store["state"] == "active"
    assert shop.shop.tokens.refreshes >= 2 * ROUNDS
    check_events(product, courier)
    check_orders(product, shop)
    check_points(product, shop)
    check_queue(product)
    assert product.interrupt() == 0
    assert product.processes() == []


def check_orders(product: Product, shop: RunningShop) -> None:
    """The tables hold what was kept of each order that the shop has, and its refunds."""
    kept = {
        int(row["external_id"]): (row["refunds"], int(row["kept_net"] * 100))
        for row in product.rows(
            "SELECT external_id, kept_net, (SELECT count(*) FROM refunds r "
            "WHERE r.order_id = o.id) AS refunds FROM orders o"
        )
    }
    assert kept == {
        order.id: (
            len(order.refund_ids),
            sum(line.total for line in order.lines)
            + sum(line.total for one in shop.shop.refunds(order) for line in one.lines),
        )
        for order in shop.store.orders.values()
    }


def check_points(product: Product, shop: RunningShop) -> None:
    """The ledger comes to what the orders are worth, and the shop shows each account's sum."""
    worth = {str(order.id): points for order, points in points_of(shop.store)}
    ledger = product.rows("SELECT order_id, sum(points) AS n FROM point_entries GROUP BY order_id")
    found = {row["order_id"]: int(row["n"]) for row in ledger}
    assert found | dict.fromkeys(worth.keys() - found.keys(), 0) == worth
    balances: defaultdict[int, int] = defaultdict(int)
    for order, points in points_of(shop.store):
        balances[order.customer_id] += points
    for number in balances.keys() - {0}:
        shown = dict(shop.services.notes(shop.store.customers[number]))
        points = int(str(shown["points"])) + int(str(shown["points_pending"]))
        assert points == balances[number]
