"""The pretend WooCommerce store: installed with a key, read back by its REST interface."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import requests
from woocommerce import API

from bazgasht.demo.shop import OURS, SECONDS, Account, Levers
from connector.manifest import load

STATE = re.compile(r'name="state" value="([^"]+)"')


class WooCommerceDemo:
    """See `bazgasht.demo.shop.DemoShop`."""

    platform = "woocommerce"
    title = "WooCommerce"
    live_orders = 300
    live_per_second = 20.0

    def __init__(self, url: str) -> None:
        self.levers = Levers(url)
        self.store_url = url
        self._api: API | None = None

    def install(self, app_url: str) -> None:
        """Make a key, and give it to the app on the page that stands in for the store's."""
        page = requests.get(
            f"{app_url}/install/woocommerce", params={"store": self.store_url}, timeout=SECONDS
        )
        state = STATE.search(page.text)
        if state is None:
            raise RuntimeError(f"the install page answered {page.status_code} without a form")
        key = self.levers.pull("keys", description="Bazgasht")
        form = {"key": key["consumer_key"], "secret": key["consumer_secret"], "state": state[1]}
        answer = requests.post(
            f"{app_url}/install/woocommerce/development", data=form, timeout=SECONDS
        )
        if answer.status_code != 200:
            raise RuntimeError(f"the installation was answered with {answer.status_code}")

    def cross_sells(self) -> Iterator[tuple[str, list[str]]]:
        """Every product with its cross-sells."""
        for product in self._everything("products", _fields="id,cross_sell_ids"):
            yield str(product["id"]), [str(one) for one in product["cross_sell_ids"]]

    def accounts(self) -> Iterator[Account]:
        """Every account with our entries of its meta data."""
        names = load().platforms[self.platform].customer_fields
        for account in self._everything("customers", role="all"):
            meta = {entry["key"]: entry["value"] for entry in account["meta_data"]}
            written = (meta.get(names[name]) for name in OURS)
            yield Account(str(account["id"]), *written)

    def earned(self, account: str) -> int | None:
        """One point for each whole unit of each paid order's lines."""
        return sum(
            int(sum(Decimal(line["total"]) for line in order["line_items"]))
            for order in self._everything("orders", customer=account, _fields="status,line_items")
            if order["status"] in {"processing", "completed"}
        )

    def links(self, product: str, account: str) -> list[tuple[str, str]]:
        """The storefront's pages."""
        slug = next(self._everything("products", include=product, _fields="slug"))["slug"]
        return [
            ("the store", f"{self.store_url}/"),
            ("a product with its cross-sells", f"{self.store_url}/product/{slug}/"),
            ("a customer's points", f"{self.store_url}/my-account/{account}/"),
            ("the same in Persian", f"{self.store_url}/my-account/{account}/?lang=fa"),
        ]

    def _everything(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every object of a listing, with a key of the demo's own."""
        if self._api is None:
            key = self.levers.pull("keys", description="Reading back")
            pair = key["consumer_key"], key["consumer_secret"]
            self._api = API(self.store_url, *pair, version="wc/v3", timeout=SECONDS)
        page = 1
        while True:
            query = {"per_page": 100, "page": page, "orderby": "id", "order": "asc", **parameters}
            answer = self._api.get(path, params=query)
            answer.raise_for_status()
            yield from answer.json()
            if page >= int(answer.headers.get("X-WP-TotalPages", "1")):
                return
            page += 1
