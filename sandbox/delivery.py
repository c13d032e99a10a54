"""Webhook delivery: one queue, at its own pace, without a second try."""

import base64
import hashlib
import hmac
import html
from dataclasses import dataclass

import requests

from sandbox import clock, json_text
from sandbox.delivery_payload import payload_for
from sandbox.delivery_queue import DeliveryQueue, new_session
from sandbox.records import Webhook
from sandbox.store import WOOCOMMERCE_VERSION, WORDPRESS_VERSION, Store

USER_AGENT = f"WooCommerce/{WOOCOMMERCE_VERSION} Hookshot (WordPress/{WORDPRESS_VERSION})"
COMMON_HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "*/*",
    "Accept-Encoding": "deflate, gzip, br, zstd",
}
DELIVERY_ID_SALT = b"salt of the pretend store"
DISABLED_BEYOND_FAILURES = 5


@dataclass(frozen=True)
class DeliveryPolicy:
    """How webhooks are delivered.

    `verify` names the CA file trusted over TLS; without it REQUESTS_CA_BUNDLE does.
    `shuffle_seed` takes what waits in a random order, since a running store keeps none.
    The timeouts are in seconds.
    """

    verify: bool | str | None = None
    shuffle_seed: int | None = None
    timeout: float = 60
    ping_timeout: float = 5


def signature(secret: str, body: bytes) -> str:
    """The X-WC-Webhook-Signature of a body; the secret is HTML-entity-decoded first."""
    key = html.unescape(secret).encode()
    return base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()


def delivery_id(webhook_id: int, moment: int) -> str:
    """The Delivery-ID, which all deliveries of one webhook within a second share."""
    return hmac.new(DELIVERY_ID_SALT, f"{webhook_id}{moment}".encode(), "md5").hexdigest()


class Deliveries(DeliveryQueue[tuple[int, int]]):
    """The webhook deliveries of a store, as (webhook id, resource id), without a second try.

    A delivery that waits already takes in further events of the same webhook and object.
    """

    def __init__(self, store: Store, policy: DeliveryPolicy | None = None) -> None:
        self.store = store
        self.policy = policy or DeliveryPolicy()
        super().__init__(shuffle_seed=self.policy.shuffle_seed, patience=self.policy.timeout)
        self._session = new_session(self.policy.verify)
        store.listener = self.enqueue

    def stop(self) -> None:
        """End after the delivery in flight; what waits is lost."""
        super().stop()
        self._session.close()

    def enqueue(self, topic: str, resource_id: int) -> None:
        """Queue a delivery for every active webhook of a topic."""
        wanted = [
            (webhook.id, resource_id)
            for webhook in self.store.webhooks.values()
            if webhook.topic == topic and webhook.status == "active"
        ]
        self.put(*wanted)

    def deliver(self, item: tuple[int, int]) -> None:
        """Send one webhook about one object, as both are now."""
        webhook_id, resource_id = item
        with self.store.lock:
            webhook = self.store.webhooks.get(webhook_id)
            if webhook is None or webhook.status != "active":
                return
            payload = payload_for(self.store, webhook, resource_id)
        body = json_text.encode(payload).encode()
        status = self._post(webhook, self._headers(webhook, body), body)
        with self.store.lock:
            if status is not None and 200 <= status < 303:
                self.delivered += 1
                webhook.failure_count = 0
            else:
                self.failed += 1
                self._note_failure(webhook)
        self.save(webhook)

    @staticmethod
    def _note_failure(webhook: Webhook) -> None:
        if webhook.failure_count > DISABLED_BEYOND_FAILURES:
            webhook.status = "disabled"
        else:
            webhook.failure_count += 1

    def _headers(self, webhook: Webhook, body: bytes) -> dict[str, str]:
        resource, event = webhook.topic.split(".", 1)
        return {
            **COMMON_HEADERS,
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{self.store.url}/",
            "X-WC-Webhook-Topic": webhook.topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": signature(webhook.secret, body),
            "X-WC-Webhook-ID": str(webhook.id),
            "X-WC-Webhook-Delivery-ID": delivery_id(webhook.id, clock.now()),
            "Connection": "close",
        }

    def _post(self, webhook: Webhook, headers: dict[str, str], body: bytes) -> int | None:
        try:
            with self._session.post(
                webhook.delivery_url,
                data=body,
                headers=headers,
                timeout=self.policy.timeout,
                allow_redirects=False,
            ) as answer:
                return answer.status_code
        except requests.RequestException:
            return None
        finally:
            # The connection was announced to be closed, so it must not be used again.
            self._session.close()

    def save(self, webhook: Webhook, *, ping: bool = False) -> None:
        """Store a webhook; an active one is pinged until it answered exactly 200 once.

        `ping` asks for a ping in any case, as a changed delivery_url does.
        """
        webhook.modified = clock.now()
        if webhook.status == "active" and (ping or webhook.pending_delivery):
            self.ping(webhook)

    def ping(self, webhook: Webhook) -> None:
        """Send the unsigned form `webhook_id=N` and note whether it was answered 200."""
        try:
            with new_session(self.policy.verify) as session:
                answer = session.post(
                    webhook.delivery_url,
                    data={"webhook_id": str(webhook.id)},
                    headers={**COMMON_HEADERS, "Connection": "close"},
                    timeout=self.policy.ping_timeout,
                    allow_redirects=False,
                )
        except requests.RequestException:
            return
        if answer.status_code == 200:
            webhook.pending_delivery = False
            webhook.modified = clock.now()
