"""A pretend Shopify shop with the app installed, as its merchant and its shoppers use it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from bazgasht.app import create_app
from connector.registry import platform, register
from connector.shopify import Shopify
from connector.shopify.documents import document
from connector.shopify.shop import AppKeys
from database import stores
from database.models import Store
from database.session import store_transaction
from jobs.context import Context
from jobs.drain import drain
from jobs.pacing import RedisCostBucket
from jobs.recompute import recompute
from jobs.token_keeper import StoreTokenKeeper
from sandbox.shopify.app_config import from_toml
from sandbox.shopify.operations import Terms
from sandbox.shopify.server import RunningShop, ShopOptions
from sandbox.store import Store as PretendStore
from tests.conftest import AppServer, give_points_at_once, work_off

SECRET = "the secret of the app in this test only"
TOML = Path(__file__).parents[1] / "storefront" / "shopify" / "shopify.app.toml"


class Merchant:
    """A shop with the app opened in its admin."""

    def __init__(self, context: Context, shop: RunningShop, app_url: str) -> None:
        self.context, self.shop, self.app_url = context, shop, app_url
        self.open_app()
        found = stores.find(context.engine, "shopify", f"https://{shop.domain}")
        assert found is not None
        self.id: UUID = found
        give_points_at_once(self)
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

    def compute(self) -> None:
        """Recompute the store anew, and write what came of it."""
        with self.scope() as session:
            stores.mark_dirty(session)
        recompute(str(self.id))
        work_off(self.context)
        self.catch_up()

    def scope(self) -> AbstractContextManager[Session]:
        """A transaction on the store's rows."""
        return store_transaction(self.context.engine, self.id)

    def state(self) -> str:
        """The store's state."""
        with self.scope() as session:
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

    def product(self, name: str) -> int:
        """The number of the product of this name."""
        return next(p.id for p in self.shop.store.products.values() if p.name == name)

    def customer(self, email: str) -> int:
        """The number of the customer with this e-mail."""
        return self.shop.store.customer_ids_by_email[email]

    def buy(self, email: str, *names: str, terms: Terms | None = None) -> int:
        """Place an order of one each of these products; its number."""
        goods = {self.product(name): 1 for name in names}
        placed = self.shop.merchant.place_order(
            goods, email=email, customer_id=self.customer(email), terms=terms
        )
        return placed.id


@contextmanager
def open_shop(context: Context, app_server: AppServer, store: PretendStore) -> Iterator[Merchant]:
    """Run a shop over this catalogue, and install the app, which may read all its orders."""
    app = from_toml(TOML, SECRET, origin=context.public_url)
    app = replace(app, scopes=(*app.scopes, "read_all_orders"))
    before, app_before = platform("shopify"), app_server.app
    with RunningShop(store, ShopOptions(app=app)) as shop:
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
