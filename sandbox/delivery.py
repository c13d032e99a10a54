"""Webhook delivery: one queue, at its own pace, without a second try."""

import base64
import hashlib
import hmac
import html
import os
import random
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Condition, Thread

import requests

from sandbox import clock, json_text
from sandbox.delivery_payload import payload_for
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


def new_session(verify: bool | str | None) -> requests.Session:
    """A session that trusts `verify` (a CA file), or what REQUESTS_CA_BUNDLE names."""
    session = requests.Session()
    session.trust_env = False
    session.headers.clear()
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True if verify is None else verify
    return session


class Deliveries:
    """The queue of webhook deliveries and the thread that empties it.

    A delivery that waits already takes in further events of the same webhook and object.
    `hold` and `release` stop and start the queue.
    """

    def __init__(self, store: Store, policy: DeliveryPolicy | None = None) -> None:
        self.store = store
        self.policy = policy or DeliveryPolicy()
        self.delivered = 0
        self.failed = 0
        self._session = new_session(self.policy.verify)
        seed = self.policy.shuffle_seed
        # Shuffling needs no secrecy.
        self._random = None if seed is None else random.Random(seed)  # noqa: S311
        self._waiting: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._change = Condition()
        self._in_flight = 0
        self._held = False
        self._stopped = False
        self._thread = Thread(target=self._run, name="webhook delivery", daemon=True)
        store.listener = self.enqueue

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """End after the delivery in flight; what waits is lost."""
        with self._change:
            self._stopped = True
            self._change.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=self.policy.timeout)
        self._session.close()

    def hold(self) -> None:
        """Let deliveries wait, as a store without traffic does."""
        with self._change:
            self._held = True

    def release(self) -> None:
        """Deliver again."""
        with self._change:
            self._held = False
            self._change.notify_all()

    @property
    def pending(self) -> int:
        """How many deliveries wait or are in flight."""
        with self._change:
            return len(self._waiting) + self._in_flight

    def drain(self, timeout: float = 30) -> None:
        """Wait until nothing waits and nothing is in flight.

        Raises TimeoutError when that takes longer than `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        with self._change:
            while self._waiting or self._in_flight:
                if not self._change.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"{len(self._waiting)} deliveries still wait")

    def enqueue(self, topic: str, resource_id: int) -> None:
        """Queue a delivery for every active webhook of a topic."""
        wanted = [
            (webhook.id, resource_id)
            for webhook in self.store.webhooks.values()
            if webhook.topic == topic and webhook.status == "active"
        ]
        if not wanted:
            return
        with self._change:
            for item in wanted:
                self._waiting.setdefault(item)
            self._change.notify_all()

    def _next(self) -> tuple[int, int] | None:
        with self._change:
            while not self._stopped and (self._held or not self._waiting):
                self._change.wait()
            if self._stopped:
                return None
            if self._random is None:
                item, _nothing = self._waiting.popitem(last=False)
            else:
                item = self._random.choice(list(self._waiting))
                del self._waiting[item]
            self._in_flight = 1
            return item

    def _run(self) -> None:
        while (item := self._next()) is not None:
            try:
                self._deliver(*item)
            finally:
                with self._change:
                    self._in_flight = 0
                    self._change.notify_all()

    def _deliver(self, webhook_id: int, resource_id: int) -> None:
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
