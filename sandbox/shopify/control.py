"""Levers below /sandbox/ that only the Shopify shop has."""

from typing import Any

from flask import Response, jsonify

from sandbox.control import blueprint, body
from sandbox.records import Customer
from sandbox.shopify.admin import app_address
from sandbox.shopify.operations import Terms
from sandbox.shopify.services import services

routes = blueprint("shopify_control")
Answer = tuple[Response, int]


def _done() -> Answer:
    return jsonify({"done": True}), 200


def _number(wanted: dict[str, Any], name: str) -> int:
    value = wanted.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; it must be a whole number")
    return value


def _customer(wanted: dict[str, Any]) -> Customer:
    number = _number(wanted, "customer_id")
    found = services().shop.customer(number)
    if found is None:
        raise ValueError(f"customer_id is {number}; there is no such customer")
    return found


@routes.post("/session_token")
def session_token() -> Answer:
    """Open the app in the admin: a session token, and the address that the frame opens."""
    token = services().installation.session_token()
    shop = services().shop
    shown = {
        "session_token": token,
        "shop": shop.profile.domain,
        "client_id": shop.app.client_id,
        "app_url": app_address(),
    }
    return jsonify(shown), 201


@routes.post("/install")
def install() -> Answer:
    """Install the app, or grant it other scopes: {"scopes": [...]}."""
    scopes = body().get("scopes")
    services().installation.install(None if scopes is None else tuple(map(str, scopes)))
    return _done()


@routes.post("/uninstall")
def uninstall() -> Answer:
    """Uninstall the app."""
    services().installation.uninstall()
    return _done()


@routes.post("/redact_shop")
def redact_shop() -> Answer:
    """Send shop/redact now."""
    services().installation.redact_shop()
    return _done()


@routes.post("/request_customer_data")
def request_customer_data() -> Answer:
    """Send customers/data_request: {"customer_id": n}."""
    services().installation.request_customer_data(_customer(body()))
    return _done()


@routes.post("/redact_customer")
def redact_customer() -> Answer:
    """Send customers/redact: {"customer_id": n}."""
    services().installation.redact_customer(_customer(body()))
    return _done()


@routes.post("/orders")
def place_order() -> Answer:
    """Buy: {"items": {"<product or variant id>": pieces}, "email": ..., "customer_id": n}.

    "codes" are discount codes to use, "paid" is whether the order is paid at once.
    """
    wanted = body()
    goods = {int(number): int(pieces) for number, pieces in dict(wanted["items"]).items()}
    unknown = sorted(goods.keys() - services().store.products.keys())
    if unknown:
        raise ValueError(f"items names {unknown[0]}; there is no such product or variant")
    order = services().merchant.place_order(
        goods,
        email=str(wanted.get("email", "")),
        customer_id=_customer(wanted).id if "customer_id" in wanted else 0,
        terms=Terms(
            paid=bool(wanted.get("paid", True)),
            codes=tuple(map(str, wanted.get("codes") or ())),
        ),
    )
    return jsonify({"id": order.id}), 201


@routes.post("/expire_tokens")
def expire_tokens() -> Answer:
    """Let every access token expire now."""
    services().shop.tokens.expire_access()
    return _done()


@routes.post("/empty_bucket")
def empty_bucket() -> Answer:
    """Leave the app no points, as another of its calls would."""
    services().api.bucket.empty()
    return _done()
