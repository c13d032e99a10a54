"""Routes of webhooks.

A webhook is pinged while its request is answered; the store's lock is not held then, as
the pinged app may well ask the store something first.
"""

import secrets
import string
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response

from sandbox import clock
from sandbox.errors import RestError, cannot_trash, not_found
from sandbox.payloads.accounts import HOOKS, webhook_payload
from sandbox.payloads.common import Payload
from sandbox.records import Webhook
from sandbox.rest import batch, exchange, validation
from sandbox.store import Store

routes = Blueprint("rest_webhooks", __name__)
STATUSES = ("active", "paused", "disabled")
LIST_SCHEMA: dict[str, validation.Check] = {
    **exchange.PAGE_SCHEMA,
    "orderby": validation.one_of("date", "id", "title"),
    "status": validation.one_of("all", *STATUSES),
    "include": validation.list_of(validation.integer),
    "exclude": validation.list_of(validation.integer),
}
SCHEMA: dict[str, validation.Check] = {
    "name": validation.string,
    "status": validation.one_of(*STATUSES),
    "topic": validation.string,
    "delivery_url": validation.string,
    "secret": validation.string,
}
SECRET_CHARACTERS = string.ascii_letters + string.digits + "!@#$%^&*()-_[]{}<>~+=,.;:/?|"
SECRET_LENGTH = 50


def _find(webhook_id: int, missing_status: int = 404) -> Webhook:
    webhook = exchange.services().store.webhooks.get(webhook_id)
    if webhook is None:
        raise not_found("shop_webhook", missing_status)
    return webhook


def _checked_topic(value: object) -> str:
    topic = str(value or "").lower()
    if topic not in HOOKS:
        raise RestError(
            "woocommerce_rest_shop_webhook_invalid_topic",
            "Webhook topic is required and must be valid.",
            400,
        )
    return topic


def _checked_url(value: object) -> str:
    url = str(value or "")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RestError(
            "woocommerce_rest_shop_webhook_invalid_delivery_url",
            "Webhook delivery URL must be a valid URL starting with http:// or https://.",
            400,
        )
    return url


def _default_name(store: Store, moment: int) -> str:
    local = datetime.fromtimestamp(moment, store.zone)
    return f"Webhook created on {local:%b %d, %Y @ %I:%M %p}"


def _new_secret() -> str:
    return "".join(secrets.choice(SECRET_CHARACTERS) for _place in range(SECRET_LENGTH))


def create(body: dict[str, Any]) -> Payload:
    """Register a webhook, which is active whatever status was asked for, and ping it."""
    services = exchange.services()
    moment = clock.now()
    webhook = Webhook(
        id=services.store.next_webhook_id(),
        name=str(body.get("name") or _default_name(services.store, moment)),
        topic=_checked_topic(body.get("topic")),
        delivery_url=_checked_url(body.get("delivery_url")),
        secret=str(body.get("secret") or _new_secret()),
        owner_id=exchange.user().id,
        created=moment,
    )
    payload = webhook_payload(services.store, webhook)
    with services.store.lock:
        services.store.webhooks[webhook.id] = webhook
    services.deliveries.ping(webhook)
    return payload


def update(webhook_id: object, body: dict[str, Any]) -> Payload:
    """Change a webhook; a new delivery_url is pinged, activating alone keeps failures."""
    services = exchange.services()
    webhook = _find(batch.as_id(webhook_id), 400)
    topic = _checked_topic(body["topic"]) if body.get("topic") is not None else webhook.topic
    url = webhook.delivery_url
    if body.get("delivery_url") is not None:
        url = _checked_url(body["delivery_url"])
    has_moved = url != webhook.delivery_url
    with services.store.lock:
        webhook.topic, webhook.delivery_url = topic, url
        for name in ("name", "status", "secret"):
            if body.get(name) is not None:
                setattr(webhook, name, str(body[name]))
        webhook.pending_delivery = webhook.pending_delivery or has_moved
    services.deliveries.save(webhook, ping=has_moved)
    return webhook_payload(services.store, webhook)


def delete(webhook_id: object) -> Payload:
    """Remove a webhook."""
    store = exchange.services().store
    webhook = _find(batch.as_id(webhook_id))
    with store.lock:
        store.webhooks.pop(webhook.id, None)
    return webhook_payload(store, webhook)


@routes.get("/webhooks")
def list_webhooks() -> Response:
    """GET webhooks."""
    parameters = exchange.query()
    validation.check_all(parameters, LIST_SCHEMA)
    store = exchange.services().store
    status = parameters.get("status", "all")
    with store.lock:
        ids = exchange.selected(store.webhooks)
        found = [w for w in store.webhooks.values() if w.id in ids and status in ("all", w.status)]
    descending = parameters.get("order", "desc") == "desc"
    by_id = parameters.get("orderby") == "id"
    found.sort(key=lambda w: w.id if by_id else w.created, reverse=descending)
    return exchange.page(found, lambda webhook: webhook_payload(store, webhook))


@routes.post("/webhooks")
def create_webhook() -> Response:
    """POST webhooks."""
    body = exchange.body()
    validation.require(body, "topic", "delivery_url")
    validation.check_all(body, SCHEMA)
    payload = create(body)
    location = f"webhooks/{payload['id']}"
    return exchange.answer(payload, 201, allow=exchange.COLLECTION_ALLOW, location=location)


@routes.get("/webhooks/<int:webhook_id>")
def get_webhook(webhook_id: int) -> Response:
    """GET webhooks/<id>."""
    payload = webhook_payload(exchange.services().store, _find(webhook_id))
    return exchange.answer(payload, allow=exchange.ITEM_ALLOW)


@routes.route("/webhooks/<int:webhook_id>", methods=["PUT", "POST", "PATCH"])
def update_webhook(webhook_id: int) -> Response:
    """PUT webhooks/<id>."""
    body = exchange.body()
    validation.check_all(body, SCHEMA)
    return exchange.answer(update(webhook_id, body), allow=exchange.ITEM_ALLOW)


@routes.delete("/webhooks/<int:webhook_id>")
def delete_webhook(webhook_id: int) -> Response:
    """DELETE webhooks/<id>, which needs force=true."""
    forced = exchange.force()
    _find(webhook_id)
    if not forced:
        raise cannot_trash("Webhooks")
    return exchange.answer(delete(webhook_id), allow=exchange.ITEM_ALLOW)


@routes.route("/webhooks/batch", methods=["POST", "PUT", "PATCH"])
def batch_webhooks() -> Response:
    """POST webhooks/batch."""
    return batch.run(create, update, delete)
