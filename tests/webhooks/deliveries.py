"""Deliveries as a WooCommerce store makes them, to an app that runs in the test's own process."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import requests

from database import stores
from database.session import store_transaction
from jobs.context import Context

SECRET = "s&e<c>r\"e't"


def sign(body: bytes, secret: str = SECRET) -> str:
    """The signature of these bytes."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def set_secrets(context: Context, store_id: UUID, *secrets: str) -> None:
    """Give the store these webhook secrets, the current one first."""
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session, lock=True)
        assert row is not None
        row.webhook_secrets = context.vault.seal(list(secrets))


def headers_of(
    body: bytes, *, topic: str = "order.updated", secret: str = SECRET, **others: str
) -> dict[str, str]:
    """The headers of a signed delivery."""
    return {
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": "https://a.test/",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Signature": sign(body, secret),
        "X-WC-Webhook-ID": "7",
        "X-WC-Webhook-Delivery-ID": "0123456789abcdef",
        **others,
    }


def order_body(**changes: Any) -> bytes:
    """The body of an order with one line, as a store sends it."""
    order = {
        "id": 501,
        "number": "501",
        "status": "completed",
        "currency": "USD",
        "date_created_gmt": "2026-05-01T12:00:00",
        "date_modified_gmt": "2026-05-01T12:00:00",
        "date_paid_gmt": "2026-05-01T12:00:00",
        "customer_id": 0,
        "billing": {"email": "leila@example.test", "phone": "", "country": "US"},
        "total": "12.50",
        "line_items": [
            {"id": 1, "name": "Beans", "product_id": 70, "quantity": 1, "total": "12.50"}
        ],
        "refunds": [],
    }
    return json.dumps({**order, **changes}).encode()


def post(url: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
    """Deliver."""
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, data=body, headers=headers, timeout=30)
