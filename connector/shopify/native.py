"""Shopify's own recommendations, which the Search & Discovery app keeps in product metafields.

Whether an app may write them differs and is documented nowhere, so it is tried once in a shop
and the answer is kept there, in a metafield of the app's installation, which goes with it. What
a merchant picked is never touched: only a list that is empty, or that is still what we wrote.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.shopify.graphql import Client
from connector.shopify.ids import gid, number_of
from connector.shopify.metafields import REFERENCES, TEXT, value
from connector.shopify.parse import references

NAMESPACE = "shopify--discovery--product_recommendation"
KEY = "complementary_products"
LARGEST = 10

ALLOWED, REFUSED = "allowed", "refused"
_REMEMBERED = "native_recommendations"


@dataclass(frozen=True, slots=True)
class Lists:
    """A product's lists as the shop has them: ours and the native one.

    `digest` identifies the native list's state; None while there is no such list.
    """

    ours: tuple[str, ...]
    native: tuple[str, ...]
    digest: str | None

    @property
    def native_is_ours(self) -> bool:
        """Whether the native list holds nothing that a merchant picked."""
        return not self.native or self.native == self.ours[:LARGEST]


class NativeRecommendations:
    """The native lists of one shop."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._installation = ""
        self._answer: str | None = None

    def lists(self, product_ids: Sequence[str]) -> dict[str, Lists]:
        """The lists of these products; those that are gone are left out."""
        ids = [gid("Product", identifier) for identifier in product_ids]
        data = self._client.run("product_recommendations", ids=ids)
        return {number_of(node["id"]): _lists(node) for node in data["nodes"] if node}

    def is_allowed(self) -> bool | None:
        """Whether this shop lets the app write them, None while nobody has tried."""
        if self._answer is None:
            installation = self._client.run("native_recommendations")["currentAppInstallation"]
            self._installation = str(installation["id"])
            remembered = installation.get("remembered")
            self._answer = str(remembered["value"]) if remembered else ""
        return None if not self._answer else self._answer == ALLOWED

    def remember(self, *, allowed: bool) -> None:
        """Keep the answer in the shop, for as long as the app is installed."""
        self._answer = ALLOWED if allowed else REFUSED
        kept = value(self._installation, _REMEMBERED, self._answer, TEXT, "bazgasht")
        self._client.change("metafields_set", "metafieldsSet", metafields=[kept])


def write(product_id: str, listed: Sequence[str], known: Lists) -> dict[str, Any]:
    """The input that sets a native list, unless somebody changed it meanwhile."""
    text = as_references(listed[:LARGEST])
    sent = value(gid("Product", product_id), KEY, text, REFERENCES, NAMESPACE)
    return {**sent, "compareDigest": known.digest}


def removal(product_id: str) -> dict[str, Any]:
    """What names a native list to delete."""
    return {"ownerId": gid("Product", product_id), "namespace": NAMESPACE, "key": KEY}


def as_references(product_ids: Sequence[str]) -> str:
    """The value of a metafield that refers to these products."""
    return json.dumps([gid("Product", identifier) for identifier in product_ids])


def _lists(node: Mapping[str, Any]) -> Lists:
    ours, native = node.get("ours") or {}, node.get("native") or {}
    digest = native.get("compareDigest")
    return Lists(references(ours.get("value", "")), references(native.get("value", "")), digest)
