"""The pretend Shopify shop: opened in its admin, read back by its GraphQL interface."""

import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from bazgasht.demo.shop import OURS, SECONDS, Account, Levers
from connector.manifest import load
from connector.shopify.documents import document
from connector.shopify.ids import gid, number_of
from connector.shopify.shop import API_VERSION

AT_ONCE = 100
CUSTOMER_ORDERS = Path(__file__).with_name("customer_orders.graphql").read_text("utf-8")


class ShopifyDemo:
    """See `bazgasht.demo.shop.DemoShop`. `token` gives the access token that the app has."""

    platform = "shopify"
    title = "Shopify"
    live_orders = 60
    live_per_second = 4.0

    def __init__(self, url: str, domain: str, token: Callable[[], str]) -> None:
        self.levers = Levers(url)
        self.store_url = f"https://{domain}"
        self._token = token

    def install(self, app_url: str) -> None:
        """Grant the scopes, and open the app in the admin for the first time."""
        scopes = load().platforms[self.platform].scope.split(",")
        # The purchases are of 2017; a shop shows orders that old only to apps it trusts.
        self.levers.pull("install", scopes=[*scopes, "read_all_orders"])
        shown = self.levers.pull("session_token")
        page = requests.get(
            f"{app_url}/shopify", params={"id_token": shown["session_token"]}, timeout=SECONDS
        )
        if page.status_code != 200:
            raise RuntimeError(f"the app's page was answered with {page.status_code}: {page.text}")

    def cross_sells(self) -> Iterator[tuple[str, list[str]]]:
        """Every product with the references in its metafield."""
        for node in self._nodes("Product", "product_ids", "products", "product_recommendations"):
            listed = json.loads((node["ours"] or {}).get("value") or "[]")
            yield number_of(node["id"]), [number_of(one) for one in listed]

    def accounts(self) -> Iterator[Account]:
        """Every customer with our metafields."""
        names = load().platforms[self.platform].customer_fields
        for node in self._nodes("Customer", "customer_ids", "customers", "customer_fields"):
            fields = {one["key"]: one["value"] for one in node["metafields"]["nodes"]}
            written = (fields.get(names[name]) for name in OURS)
            yield Account(number_of(node["id"]), *written)

    def earned(self, account: str) -> int | None:
        """One point for each whole unit of each paid order's lines."""
        return sum(
            int(Decimal(order["currentSubtotalPriceSet"]["shopMoney"]["amount"]))
            for order in self._orders_of(account)
            if order["fullyPaid"] and not order["cancelledAt"]
        )

    def links(self, product: str, account: str) -> list[tuple[str, str]]:  # noqa: ARG002
        """The storefront's pages."""
        url = self.levers.url
        return [("the shop", f"{url}/"), ("a customer's points", f"{url}/my-account/{account}")]

    def _orders_of(self, account: str) -> Iterator[dict[str, Any]]:
        after = None
        while True:
            query = f"customer_id:{account}"
            found = self._ask(CUSTOMER_ORDERS, after=after, query=query)["orders"]
            yield from found["nodes"]
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    def _nodes(self, kind: str, listing: str, name: str, reading: str) -> Iterator[dict[str, Any]]:
        identifiers: list[str] = []
        after = None
        while True:
            asked = document(listing)
            found = self._ask(asked, after=after, query=None, sortKey="ID")[name]
            identifiers += [number_of(node["id"]) for node in found["nodes"]]
            if not found["pageInfo"]["hasNextPage"]:
                break
            after = found["pageInfo"]["endCursor"]
        for start in range(0, len(identifiers), AT_ONCE):
            ids = [gid(kind, one) for one in identifiers[start : start + AT_ONCE]]
            yield from self._ask(document(reading), ids=ids)["nodes"]

    def _ask(self, asked: str, **variables: object) -> dict[str, Any]:
        while True:
            content = self._answer(asked, variables)
            errors = content.get("errors") or []
            if not errors:
                data: dict[str, Any] = content["data"]
                return data
            if (errors[0].get("extensions") or {}).get("code") != "THROTTLED":
                raise RuntimeError(f"reading back: {errors[0].get('message')}")
            time.sleep(1)

    def _answer(self, asked: str, variables: dict[str, object]) -> dict[str, Any]:
        answer = self.levers.session.post(
            f"{self.levers.url}/admin/api/{API_VERSION}/graphql.json",
            json={"query": asked, "variables": variables},
            headers={"X-Shopify-Access-Token": self._token()},
            timeout=SECONDS,
        )
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content
