"""Webhooks made shop by shop, against the sandbox's shop."""

import pytest

from connector.platform import ConnectedStore
from connector.shopify.events import INCLUDE_FIELDS
from sandbox.shopify.subscriptions import Subscription
from tests.connector.shopify.sandboxed import SandboxShop

ADDRESS = "https://app.example/webhooks/shopify"
TOPICS = ("orders/create", "refunds/create")


def ours(shop: SandboxShop) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.topic, one.uri, one.include_fields) for one in shop.shop.subscriptions.by_api()]


def expected(*topics: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(topic, ADDRESS, INCLUDE_FIELDS[topic]) for topic in topics]


def test_each_topic_is_made_once_with_its_fields(shop: SandboxShop, store: ConnectedStore) -> None:
    for _ in range(2):
        store.register_webhooks(ADDRESS, "", TOPICS)
    assert ours(shop) == expected(*TOPICS)
    store.register_webhooks(ADDRESS, "", ["orders/updated", "refunds/create"])
    assert sorted(ours(shop)) == expected("orders/updated", "refunds/create")


def test_what_asks_for_more_fields_or_goes_elsewhere_is_made_anew(
    shop: SandboxShop, store: ConnectedStore
) -> None:
    book = shop.shop.subscriptions
    for uri, fields in ((ADDRESS, ()), (f"{ADDRESS}/old", INCLUDE_FIELDS["orders/create"])):
        book.add(Subscription(book.next_id(), "orders/create", uri, fields))
    other = "https://elsewhere.example/webhooks"
    book.add(Subscription(book.next_id(), "orders/create", other))
    store.register_webhooks(ADDRESS, "", ["orders/create"])
    assert sorted(ours(shop)) == [*expected("orders/create"), ("orders/create", other, ())]
    store.remove_webhooks(ADDRESS)
    assert ours(shop) == [("orders/create", other, ())]


def test_a_compliance_topic_is_not_made_here(shop: SandboxShop, store: ConnectedStore) -> None:
    with pytest.raises(ValueError, match=r"shop/redact is declared in shopify\.app\.toml"):
        store.register_webhooks(ADDRESS, "", ["orders/create", "shop/redact"])
    assert ours(shop) == []


def test_no_topics_need_no_subscriptions(store: ConnectedStore) -> None:
    store.register_webhooks(ADDRESS, "", [])
    assert store.webhooks_are_healthy(ADDRESS, [])
    assert not store.webhooks_are_healthy(ADDRESS, ["orders/create"])
