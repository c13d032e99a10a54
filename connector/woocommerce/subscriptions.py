"""The store's webhooks that deliver to us."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from connector.errors import NotFound
from connector.woocommerce import listing
from connector.woocommerce.client import Client

NAME_PREFIX = "Bazgasht"


class Subscriptions:
    """Makes, mends and removes our webhooks and leaves those of others alone."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def register_webhooks(self, address: str, secret: str, topics: Sequence[str]) -> None:
        """Make the subscriptions to `address` exactly these, each active, once, with `secret`.

        One that is not active is deleted and made new, because re-activating keeps its failure
        count. One under our name to another path of the same host, left by an earlier
        installation, is deleted too. While a webhook is made the store calls `address` with a
        ping and waits for the answer.
        """
        kept: set[str] = set()
        for webhook in self._ours(address):
            topic = str(webhook.get("topic"))
            if not _delivers(webhook, address) or topic in kept or topic not in topics:
                self._delete(webhook)
                continue
            # The store never tells a webhook's secret: writing it is the only way to be sure.
            self._client.put(f"webhooks/{webhook['id']}", {"secret": secret})
            kept.add(topic)
        for topic in topics:
            if topic not in kept:
                self._make(address, secret, topic)

    def webhooks_are_healthy(self, address: str, topics: Sequence[str]) -> bool:
        """Whether every topic has an active subscription to `address`."""
        active = {hook.get("topic") for hook in self._ours(address) if _delivers(hook, address)}
        return active.issuperset(topics)

    def remove_webhooks(self, address: str) -> None:
        """Delete the subscriptions to `address`, and ours to other paths of its host."""
        for webhook in self._ours(address):
            self._delete(webhook)

    def _delete(self, webhook: Mapping[str, Any]) -> None:
        with contextlib.suppress(NotFound):  # A repeated call, or the merchant, was first.
            self._client.delete(f"webhooks/{webhook['id']}", params={"force": "true"})

    def _make(self, address: str, secret: str, topic: str) -> None:
        webhook = {
            "name": f"{NAME_PREFIX} {topic}",
            "topic": topic,
            "delivery_url": address,
            "secret": secret,
        }
        # Made twice it would deliver twice, so a lost answer is left to the next healing.
        self._client.post("webhooks", webhook, repeatable=False)

    def _ours(self, address: str) -> list[Mapping[str, Any]]:
        everything = listing.replies(self._client, listing.Listing("webhooks"))
        webhooks = [webhook for _, reply in everything for webhook in listing.objects(reply)]
        return [webhook for webhook in webhooks if _is_ours(webhook, address)]


def _is_ours(webhook: Mapping[str, Any], address: str) -> bool:
    delivery_url = str(webhook.get("delivery_url", ""))
    is_named = str(webhook.get("name", "")).startswith(NAME_PREFIX)
    is_same_host = urlsplit(delivery_url).netloc == urlsplit(address).netloc
    return delivery_url == address or (is_named and is_same_host)


def _delivers(webhook: Mapping[str, Any], address: str) -> bool:
    return webhook.get("delivery_url") == address and webhook.get("status") == "active"
