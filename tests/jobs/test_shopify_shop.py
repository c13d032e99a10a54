"""The main job on a pretend Shopify shop, through the same jobs and tables as on WooCommerce."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import requests
from sqlalchemy import select

from bazgasht.app import create_app
from connector.registry import platform, register
from connector.shopify import Shopify
from connector.shopify.documents import document
from connector.shopify.shop import AppKeys
from database import stores
from database.models import Customer, Order, PointEntry, Product, Store
from database.session import store_transaction
from jobs.context import Context
from jobs.drain import drain
from jobs.pacing import RedisCostBucket
from jobs.recompute import recompute
from jobs.reconcile import compare_identifiers
from jobs.token_keeper import StoreTokenKeeper
from sandbox.shopify.app_config import from_toml
from sandbox.shopify.server import RunningShop, ShopOptions
from sandbox.small import small_store
from tests.conftest import AppServer, work_off

SECRET = "the secret of the app in this test only"
TOML = Path(__file__).parents[2] / "storefront" / "shopify" / "shopify.app.toml"


class Merchant:
    """The small shop with the app opened in its admin."""

    def __init__(self, context: Context, shop: RunningShop, app_url: str) -> None:
        self.context, self.shop, self.app_url = context, shop, app_url
        self.open_app()
        found = stores.find(context.engine, "shopify", f"https://{shop.domain}")
        assert found is not None
        self.id: UUID = found
        self.catch_up()

    def open_app(self) -> None:
        """Open the app's page as the admin does."""
        token = self.shop.session_token()
        answer = requests.get(f"{self.app_url}/shopify", params={"id_token": token}, timeout=20)
        assert answer.status_code == 200, answer.text
        assert f"https://{self.shop.domain}" in answer.headers["Content-Security-Policy"]

    def catch_up(self) -> None:
        """Wait for deliveries, then do all work."""
        self.shop.drain_deliveries()
        drain(str(self.id))
        work_off(self.context)

    def state(self) -> str:
        """The store's state."""
        with store_transaction(self.context.engine, self.id) as session:
            return session.scalars(select(Store.state)).one()

    def metafields(self, document_name: str, gid: str) -> dict[str, object]:
        """An object as the shop's own API shows it, read with another token."""
        token = self.shop.new_token().access_token
        answer = requests.post(
            f"{self.shop.url}/admin/api/2026-10/graphql.json",
            json={"query": document(document_name), "variables": {"ids": [gid]}},
            headers={"X-Shopify-Access-Token": token},
            timeout=20,
        ).json()
        node: dict[str, object] = answer["data"]["nodes"][0]
        return node


@pytest.fixture
def merchant(context: Context, app_server: AppServer) -> Iterator[Merchant]:
    app = from_toml(TOML, SECRET, origin=context.public_url)
    app = replace(app, scopes=(*app.scopes, "read_all_orders"))
    before, app_before = platform("shopify"), app_server.app
    with RunningShop(small_store(), ShopOptions(app=app)) as shop:
        register(
            Shopify(
                AppKeys(app.client_id, SECRET),
                keepers=lambda c: StoreTokenKeeper(context.engine, context.vault, c),
                buckets=lambda address: RedisCostBucket(context.redis, address),
                pretend_address=shop.url,
            )
        )
        app_server.app = create_app(context)
        yield Merchant(context, shop, context.public_url)
    register(before)
    app_server.app = app_before


def product(merchant: Merchant, name: str) -> int:
    return next(p.id for p in merchant.shop.store.products.values() if p.name == name)


def customer(merchant: Merchant, email: str) -> int:
    return merchant.shop.store.customer_ids_by_email[email]


def buy(merchant: Merchant, email: str, *names: str) -> int:
    goods = {product(merchant, name): 1 for name in names}
    placed = merchant.shop.merchant.place_order(
        goods, email=email, customer_id=customer(merchant, email)
    )
    return placed.id


def test_opening_the_app_connects_the_shop_and_loads_its_catalogue(merchant: Merchant) -> None:
    assert merchant.state() == "active"
    with store_transaction(merchant.context.engine, merchant.id) as session:
        assert len(session.scalars(select(Product)).all()) == 12
        assert len(session.scalars(select(Customer)).all()) == 4
    merchant.open_app()
    assert [s.platform for s in stores.all_stores(merchant.context.engine)] == ["shopify"]


def test_orders_become_points_and_recommendations_in_the_shop(merchant: Merchant) -> None:
    for email in ("ada@example.test", "sara@example.test", "reza@example.test"):
        buy(merchant, email, "House Blend Beans", "Paper Filters")
    buy(merchant, "smile@example.test", "Green Tea")
    merchant.catch_up()
    recompute(str(merchant.id))
    work_off(merchant.context)
    with store_transaction(merchant.context.engine, merchant.id) as session:
        assert sorted(session.scalars(select(PointEntry.points))) == [12, 27, 27, 27]
    ada = f"gid://shopify/Customer/{customer(merchant, 'ada@example.test')}"
    fields = merchant.metafields("customer_fields", ada)["metafields"]
    assert {"key": "points", "value": "27"} in fields["nodes"]  # type: ignore[index]
    beans = f"gid://shopify/Product/{product(merchant, 'House Blend Beans')}"
    ours = merchant.metafields("product_recommendations", beans)["ours"]
    first = json.loads(ours["value"])[0]  # type: ignore[index]
    assert first == f"gid://shopify/Product/{product(merchant, 'Paper Filters')}"


def test_removing_the_app_ends_all_work_at_once(merchant: Merchant) -> None:
    merchant.shop.uninstall()
    merchant.shop.drain_deliveries()
    drain(str(merchant.id))
    assert merchant.state() == "uninstalled"
    buy(merchant, "ada@example.test", "Green Tea")
    merchant.shop.drain_deliveries()
    with store_transaction(merchant.context.engine, merchant.id) as session:
        assert session.scalars(select(Order)).all() == []
    merchant.open_app()
    assert merchant.state() == "active"


def test_an_old_order_that_the_shop_hides_keeps_its_points(merchant: Merchant) -> None:
    number = buy(merchant, "ada@example.test", "House Blend Beans")
    merchant.catch_up()
    merchant.shop.store.orders[number].created -= 61 * 24 * 3600
    with store_transaction(merchant.context.engine, merchant.id) as session:
        session.scalars(select(Order)).one().placed_at -= timedelta(days=61)
    merchant.shop.install(tuple(s for s in merchant.shop.shop.app.scopes if s != "read_all_orders"))
    compare_identifiers(str(merchant.id))
    with store_transaction(merchant.context.engine, merchant.id) as session:
        assert session.scalars(select(Order.gone)).one() is False
        assert session.scalars(select(PointEntry.points)).all() == [23]
