"""Webhook delivery: the body of the event's moment, tried again until it is answered 200."""

import base64
import hashlib
import hmac
import json
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import RLock
from typing import Any

import requests

from sandbox.delivery_queue import DeliveryQueue, new_session
from sandbox.shopify.subscriptions import Subscription, Subscriptions

API_VERSION = "2026-10"
Body = dict[str, Any]
# Eight more tries within four hours, in seconds after the one before.
RETRY_DELAYS = (10.0, 60.0, 300.0, 600.0, 1_200.0, 2_400.0, 3_600.0, 6_000.0)


@dataclass(frozen=True)
class WebhookPolicy:
    """How webhooks are delivered.

    `retry_scale` stretches the time between tries: 1 is Shopify's, 0 tries again at once.
    `duplicates` is the share of deliveries that are sent twice, `losses` the share that is never
    sent. `shuffle_seed` takes what waits in a random order. `timeout` is in seconds. `verify`
    names the CA file trusted over TLS; without it REQUESTS_CA_BUNDLE does.
    """

    retry_scale: float = 1.0
    duplicates: float = 0.0
    losses: float = 0.0
    shuffle_seed: int | None = None
    timeout: float = 5
    verify: bool | str | None = None


@dataclass(eq=False)
class Delivery:
    """One webhook to one address; `tries` counts what has failed so far."""

    subscription: Subscription
    uri: str
    headers: dict[str, str]
    body: bytes
    tries: int = 0


def signature(secret: str, body: bytes) -> str:
    """The X-Shopify-Hmac-Sha256 of a body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def included(body: Body, fields: tuple[str, ...]) -> Body:
    """The members that `include_fields` name, such as "id" and "variants.id"; empty: all."""
    if not fields:
        return body
    found: Body = {}
    for name in dict.fromkeys(field.split(".")[0] for field in fields):
        if name not in body:
            continue
        inner = tuple(f.partition(".")[2] for f in fields if f.startswith(f"{name}."))
        value = body[name]
        if name in fields or not inner:
            found[name] = value
        elif isinstance(value, list):
            found[name] = [included(one, inner) for one in value]
        else:
            found[name] = included(value, inner) if isinstance(value, dict) else value
    return found


class ShopDeliveries(DeliveryQueue[Delivery]):
    """The shop's webhook deliveries.

    `secret` signs them and may be changed, as when a merchant's developer rotates it.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        domain: str,
        secret: str,
        lock: RLock,
        policy: WebhookPolicy | None = None,
    ) -> None:
        self.policy = policy or WebhookPolicy()
        super().__init__(shuffle_seed=self.policy.shuffle_seed, patience=self.policy.timeout)
        self.subscriptions = subscriptions
        self.secret = secret
        self._domain = domain
        self._lock = lock
        self._session = new_session(self.policy.verify)
        # Duplicating and losing at random needs no secrecy.
        self._chance = random.Random(self.policy.shuffle_seed or 0)  # noqa: S311

    def stop(self) -> None:
        """End after the delivery in flight; what waits is lost."""
        super().stop()
        self._session.close()

    def announce(
        self,
        topic: str,
        told: list[Subscription],
        body_for: Callable[[Subscription], Body],
    ) -> None:
        """Queue an event for those who are told of it, with the body that it has now."""
        event_id, moment = str(uuid.uuid4()), _now_text()
        for subscription in told:
            shown = included(body_for(subscription), subscription.include_fields)
            body = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
            headers = self._headers(topic, subscription, event_id, moment)
            if self._chance.random() < self.policy.losses:
                continue
            self.put(Delivery(subscription, subscription.uri, headers, body))
            if self._chance.random() < self.policy.duplicates:
                self.put(Delivery(subscription, subscription.uri, dict(headers), body))

    def _headers(
        self, topic: str, subscription: Subscription, event_id: str, moment: str
    ) -> dict[str, str]:
        named = {"X-Shopify-Name": subscription.name} if subscription.name else {}
        return {
            "Content-Type": "application/json",
            "Accept": "*/*",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": self._domain,
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": event_id,
            "X-Shopify-Triggered-At": moment,
            **named,
        }

    def deliver(self, item: Delivery) -> None:
        """Send a webhook; what is not answered 200 within the time is tried again."""
        succeeded = self._post(item)
        with self._lock:
            self.subscriptions.note(item.subscription, succeeded=succeeded)
        if succeeded:
            self.delivered += 1
            return
        self.failed += 1
        item.tries += 1
        if item.tries <= len(RETRY_DELAYS):
            delay = RETRY_DELAYS[item.tries - 1] * self.policy.retry_scale
            self.put(item, after=delay)

    def _post(self, item: Delivery) -> bool:
        signed = {"X-Shopify-Hmac-Sha256": signature(self.secret, item.body)}
        begun = time.monotonic()
        try:
            answer = self._session.post(
                item.uri,
                data=item.body,
                headers=item.headers | signed,
                timeout=self.policy.timeout,
                allow_redirects=False,
            )
        except requests.RequestException:
            return False
        in_time = time.monotonic() - begun <= self.policy.timeout
        return answer.status_code == 200 and in_time


def _now_text() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"
