"""Writing recommendations: our own metafield, and the native list where that is allowed."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.errors import CredentialsRefused
from connector.shopify import native
from connector.shopify.graphql import Client
from connector.shopify.ids import gid
from connector.shopify.metafields import (
    NAMESPACE,
    RECOMMENDATIONS,
    REFERENCES,
    Input,
    Metafields,
    Refusal,
    value,
)
from connector.shopify.native import Lists, NativeRecommendations, as_references

Wanted = Mapping[str, Sequence[str]]

# These tell about one product's list, or about this moment, and nothing about the shop.
_SAYS_NOTHING = frozenset(
    {"INVALID_VALUE", "STALE_OBJECT", "INVALID_COMPARE_DIGEST", "INTERNAL_ERROR"}
)


class RecommendationLists:
    """Writes whole lists of recommended products in one shop."""

    def __init__(self, client: Client, metafields: Metafields) -> None:
        self._metafields = metafields
        self._native = NativeRecommendations(client)

    def write(self, wanted: Wanted) -> tuple[set[str], dict[str, Refusal]]:
        """Write the lists of these products: which of them are there at all, and the refused."""
        lists = self._native.lists(list(wanted))
        present = {name: wanted[name] for name in wanted if name in lists}
        rest = dict(present)
        for name in self._try(present, lists):
            del rest[name]
        is_allowed = self._native.is_allowed() is True
        refused = self._send(rest, lists, with_native=is_allowed)
        if is_allowed and refused:
            # The native list may be what was refused, changed by a merchant just now.
            again = {name: rest[name] for name in refused}
            refused = self._send(again, lists, with_native=False)
        return set(present), refused

    def _try(self, wanted: Wanted, lists: Mapping[str, Lists]) -> set[str]:
        """Find out, if nobody knows yet, whether the shop allows it; what was written by that."""
        name = next((n for n, listed in wanted.items() if listed and lists[n].native_is_ours), None)
        if name is None or self._native.is_allowed() is not None:
            return set()
        try:
            refusal = self._send({name: wanted[name]}, lists, with_native=True).get(name)
        except CredentialsRefused as error:
            refusal = Refusal(str(error), "ACCESS_DENIED", permanent=True)
        if refusal is None:
            self._native.remember(allowed=True)
            return {name}
        if refusal.code in _SAYS_NOTHING:
            return set()
        if self._send({name: wanted[name]}, lists, with_native=False):
            return set()  # Our own list was refused too: the product is the reason.
        self._native.remember(allowed=False)
        return {name}

    def _send(
        self, wanted: Wanted, lists: Mapping[str, Lists], *, with_native: bool
    ) -> dict[str, Refusal]:
        sets: dict[str, list[Input]] = {}
        deletions: dict[str, list[Input]] = {}
        for name, listed in wanted.items():
            ours = with_native and lists[name].native_is_ours
            if listed:
                extra = [native.write(name, listed, lists[name])] if ours else []
                sets[name] = [_own(name, listed), *extra]
            else:
                extra = [native.removal(name)] if ours and lists[name].native else []
                deletions[name] = [_own_removal(name), *extra]
        return self._metafields.set(sets) | self._metafields.delete(deletions)


def _own(product_id: str, listed: Sequence[str]) -> dict[str, Any]:
    owner = gid("Product", product_id)
    return value(owner, RECOMMENDATIONS, as_references(listed), REFERENCES)


def _own_removal(product_id: str) -> dict[str, Any]:
    owner = gid("Product", product_id)
    return {"ownerId": owner, "namespace": NAMESPACE, "key": RECOMMENDATIONS}
