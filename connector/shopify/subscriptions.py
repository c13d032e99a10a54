"""The shop's webhooks that deliver to us.

The app's configuration file declares most topics for all shops at once; those Shopify keeps
itself, and this API does not show them. Here are those that are made shop by shop. Shopify
signs all of them with the app's own secret, and deletes one after eight failures in a row.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from connector.shopify.events import COMPLIANCE_TOPICS, INCLUDE_FIELDS
from connector.shopify.graphql import Client, next_cursor, nodes


class Subscriptions:
    """Makes, mends and removes our webhooks; those of other apps are not shown to us."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def register_webhooks(
        self,
        address: str,
        secret: str,  # noqa: ARG002  # One signature for all platforms.
        topics: Sequence[str],
    ) -> None:
        """Make the subscriptions to `address` exactly these, each once.

        Of those to other paths of its host, left by an earlier installation, none stays.

        Raises:
            ValueError: a compliance topic, which only the app's configuration file can name.
        """
        for topic in topics:
            if topic in COMPLIANCE_TOPICS:
                raise ValueError(f"{topic} is declared in shopify.app.toml, not by the API")
        wanted = {_enumerated(topic): topic for topic in topics}
        for subscription in self._ours(address):
            topic = str(subscription.get("topic"))
            if topic in wanted and _delivers(subscription, address, wanted[topic]):
                del wanted[topic]
            else:
                self._delete(subscription)
        for topic in wanted.values():
            self._make(address, topic)

    def webhooks_are_healthy(self, address: str, topics: Sequence[str]) -> bool:
        """Whether every topic has a subscription to `address`."""
        found = {
            subscription.get("topic")
            for subscription in self._ours(address)
            if subscription.get("uri") == address
        }
        return found.issuperset(_enumerated(topic) for topic in topics)

    def remove_webhooks(self, address: str) -> None:
        """Delete the subscriptions to `address`, and ours to other paths of its host."""
        for subscription in self._ours(address):
            self._delete(subscription)

    def _make(self, address: str, topic: str) -> None:
        subscription = {
            "uri": address,
            "format": "JSON",
            "includeFields": list(INCLUDE_FIELDS.get(topic, ())),
        }
        # Made twice it would deliver twice, so a lost answer is left to the next healing.
        self._client.change(
            "webhook_subscription_create",
            "webhookSubscriptionCreate",
            repeatable=False,
            topic=_enumerated(topic),
            subscription=subscription,
        )

    def _delete(self, subscription: Mapping[str, Any]) -> None:
        self._client.change(
            "webhook_subscription_delete", "webhookSubscriptionDelete", id=subscription["id"]
        )

    def _ours(self, address: str) -> list[Mapping[str, Any]]:
        host = urlsplit(address).netloc
        found: list[Mapping[str, Any]] = []
        after: str | None = None
        while True:
            data = self._client.run("webhook_subscriptions", after=after)
            found += nodes(data, "webhookSubscriptions")
            after = next_cursor(data, "webhookSubscriptions")
            if after is None:
                return [one for one in found if urlsplit(str(one.get("uri"))).netloc == host]


def _delivers(subscription: Mapping[str, Any], address: str, topic: str) -> bool:
    fields = tuple(subscription.get("includeFields") or ())
    is_ours = subscription.get("uri") == address and subscription.get("format") == "JSON"
    return is_ours and sorted(fields) == sorted(INCLUDE_FIELDS.get(topic, ()))


def _enumerated(topic: str) -> str:
    """The topic as the API names it: `orders/create` is ORDERS_CREATE."""
    return topic.upper().replace("/", "_")
