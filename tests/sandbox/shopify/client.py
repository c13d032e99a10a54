"""Calls of the pretend Admin API with the documents beside this file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from sandbox.shopify.gid import gid
from sandbox.shopify.server import RunningShop

FOLDER = Path(__file__).with_name("documents")
GRAPHQL = "/admin/api/2026-10/graphql.json"


def document(name: str) -> str:
    """The text of a document of the tests."""
    return FOLDER.joinpath(f"{name}.graphql").read_text()


@dataclass
class Admin:
    """The app's calls with its access token."""

    shop: RunningShop
    token: str
    session: requests.Session = field(default_factory=requests.Session)

    def post(self, query: object, **more: Any) -> requests.Response:
        """The HTTP answer to one request."""
        return self.session.post(
            f"{self.shop.url}{GRAPHQL}",
            json={"query": query, **more},
            headers={"X-Shopify-Access-Token": self.token},
            timeout=10,
        )

    def run(self, file: str, operation: str | None = None, **variables: Any) -> Any:
        """The whole body of the answer to an operation of a document."""
        answer = self.post(document(file), variables=variables, operationName=operation)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def data(self, file: str, operation: str | None = None, **variables: Any) -> Any:
        """The data of an answer without errors."""
        body = self.run(file, operation, **variables)
        assert "errors" not in body, body
        return body["data"]

    def order(self, number: int) -> Any:
        """An order with everything."""
        return self.data("order_fields", id=gid("Order", number))["order"]

    def set_metafields(self, *metafields: dict[str, Any]) -> Any:
        """The payload of metafieldsSet."""
        data = self.data("metafields", "SetMetafields", metafields=list(metafields))
        return data["metafieldsSet"]

    def subscribe(self, topic: str, uri: str, **more: Any) -> Any:
        """The payload of webhookSubscriptionCreate."""
        data = self.data("webhooks", "Subscribe", topic=topic, subscription={"uri": uri, **more})
        return data["webhookSubscriptionCreate"]


def code_of(body: Any) -> str:
    """The code of the first error of an answer."""
    code: str = body["errors"][0]["extensions"]["code"]
    return code
