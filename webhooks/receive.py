"""The door for webhooks: verify the raw bytes, keep the event, answer, and only then enqueue."""

import time
from collections.abc import Callable, Mapping
from uuid import UUID

import structlog
from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from connector.meanings import EventName
from connector.registry import platform
from database.inbox import Incoming
from database.vault import VaultError
from jobs import queue
from jobs.context import Context
from webhooks.gate import Gate
from webhooks.measures import ACKNOWLEDGED
from webhooks.writer import InboxWriter, NotKept

log = structlog.get_logger()

blueprint = Blueprint("webhooks", __name__)

LARGEST_BODY = 4 * 1024 * 1024
KEPT_HEADERS = (
    "X-WC-Webhook-Source",
    "X-WC-Webhook-Topic",
    "X-WC-Webhook-ID",
    "X-WC-Webhook-Delivery-ID",
    "X-Shopify-Topic",
    "X-Shopify-Shop-Domain",
    "X-Shopify-API-Version",
    "X-Shopify-Webhook-Id",
    "X-Shopify-Event-Id",
    "X-Shopify-Triggered-At",
    "User-Agent",
)
SIGNATURE_HEADERS = ("X-WC-Webhook-Signature", "X-Shopify-Hmac-Sha256")


class Receiver:
    """What the door needs, made once for the app."""

    def __init__(self, context: Context) -> None:
        self.gate = Gate(context.engine, context.vault)
        self.writer = InboxWriter(context.engine, self._announce)
        self._redis = context.redis

    def keep(
        self, store_id: UUID, event: EventName, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """Keep a verified event durably, and say so."""
        kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
        self.writer.put(Incoming(store_id, event.key, event.topic, kept, body, event.broken))
        return answer(200, "")

    def _announce(self, store_id: UUID) -> None:
        queue.enqueue(self._redis, queue.DRAIN, store_id)


def receiver() -> Receiver:
    """The app's own."""
    held: Receiver = current_app.extensions["bazgasht_receiver"]
    return held


@blueprint.post("/webhooks/<name>/<uuid:store_id>")
def receive(name: str, store_id: UUID) -> Response:
    """Take one delivery: 200 once it is durable, 404, 401, 413, or 503 to be told again."""
    return timed(lambda: _receive(name, store_id))


def timed(take: Callable[[], Response]) -> Response:
    """What `take` answers, with the time it took counted by status."""
    began = time.perf_counter()
    answered = take()
    ACKNOWLEDGED.labels(str(answered.status_code)).observe(time.perf_counter() - began)
    return answered


def _receive(name: str, store_id: UUID) -> Response:
    held = receiver()

    def take(body: bytes) -> Response:
        door = held.gate.door(store_id)
        if door is None or door.platform != name:
            return answer(404, "no such store")
        return _take(held, store_id, name, body)

    return guarded(take)


def guarded(take: Callable[[bytes], Response]) -> Response:
    """What `take` answers to the body: 413 when it is too large, 503 when it cannot be kept."""
    try:
        return take(_body())
    except RequestEntityTooLarge:
        return answer(413, f"the body is larger than {LARGEST_BODY} bytes")
    except (NotKept, SQLAlchemyError, VaultError) as error:
        log.warning("delivery not kept", path=request.path, error=type(error).__name__)
        return answer(503, "try again later")


def _body() -> bytes:
    # A length over the limit is refused before a byte of the body is read. A body of untold length
    # is cut off, without an error, one byte beyond the limit.
    request.max_content_length = LARGEST_BODY + 1
    if (request.content_length or 0) > LARGEST_BODY:
        raise RequestEntityTooLarge
    body = request.get_data(cache=False)
    if len(body) > LARGEST_BODY:
        raise RequestEntityTooLarge
    return body


def _take(held: Receiver, store_id: UUID, name: str, body: bytes) -> Response:
    adapter = platform(name)
    headers = signed_headers()
    if adapter.is_ping(body, headers):
        return answer(200, "")
    for fresh in (False, True):
        door = held.gate.door(store_id, fresh=fresh)
        if door and adapter.verify(body, headers, door.secrets):
            break
    else:
        log.warning("delivery with a bad signature", store=str(store_id))
        return answer(401, "bad signature")
    return held.keep(store_id, adapter.name_event(body, headers), headers, body)


def signed_headers() -> dict[str, str]:
    """What platforms sign and describe their deliveries with, under the names they document."""
    found = {name: request.headers.get(name) for name in (*KEPT_HEADERS, *SIGNATURE_HEADERS)}
    return {name: value for name, value in found.items() if value is not None}


def answer(status: int, text: str) -> Response:
    """A short answer in plain text."""
    return Response(text, status, mimetype="text/plain")
