"""Routes that tell about the store itself."""

from datetime import UTC, datetime

from flask import Blueprint, Response

from sandbox import clock
from sandbox.errors import RestError
from sandbox.payloads.common import Payload
from sandbox.rest import exchange
from sandbox.store import WOOCOMMERCE_VERSION, WORDPRESS_VERSION, Store

routes = Blueprint("settings", __name__)
ALLOW = "GET, POST, PUT, PATCH"


def offset_hours(store: Store) -> float:
    """How far the store's clock is ahead of UTC now, in hours."""
    local = datetime.fromtimestamp(clock.now(), UTC).astimezone(store.zone)
    offset = local.utcoffset()
    return offset.total_seconds() / 3600 if offset else 0.0


def root_index(store: Store) -> Payload:
    """The body of GET /wp-json/."""
    offset = offset_hours(store)
    return {
        "name": store.settings.name,
        "description": "",
        "url": store.url,
        "home": store.url,
        "gmt_offset": int(offset) if offset.is_integer() else offset,
        "timezone_string": store.settings.time_zone,
        "namespaces": ["oembed/1.0", "wc/v1", "wc/v2", "wc/v3", "wc/store/v1", "wp/v2"],
        "authentication": {},
        "routes": {},
    }


def _general(store: Store) -> list[Payload]:
    values = {
        "woocommerce_default_country": ("select", "Country / State", "US:CA"),
        "woocommerce_calc_taxes": (
            "checkbox",
            "Enable taxes",
            "yes" if store.settings.tax else "no",
        ),
        "woocommerce_currency": ("select", "Currency", store.settings.currency),
        "woocommerce_price_num_decimals": (
            "number",
            "Number of decimals",
            str(store.settings.decimals),
        ),
    }
    return [_setting(store, name, *described) for name, described in values.items()]


def _setting(store: Store, name: str, kind: str, label: str, value: str) -> Payload:
    base = f"{store.url}/wp-json/wc/v3/settings/general"
    return {
        "id": name,
        "label": label,
        "description": "",
        "type": kind,
        "default": value,
        "tip": "",
        "value": value,
        "group_id": "general",
        "_links": {"self": [{"href": f"{base}/{name}"}], "collection": [{"href": base}]},
    }


@routes.get("/settings/general")
def list_general() -> Response:
    """GET settings/general."""
    return exchange.answer(_general(exchange.services().store), allow="GET")


@routes.get("/settings/general/<name>")
def get_general(name: str) -> Response:
    """GET settings/general/<id>."""
    for setting in _general(exchange.services().store):
        if setting["id"] == name:
            return exchange.answer(setting, allow=ALLOW)
    raise RestError("rest_setting_setting_invalid", "Invalid setting.", 404)


@routes.get("/system_status")
def get_system_status() -> Response:
    """GET system_status: the environment and settings that an app looks at."""
    store = exchange.services().store
    payload = {
        "environment": {
            "home_url": store.url,
            "site_url": store.url,
            "version": WOOCOMMERCE_VERSION,
            "wp_version": WORDPRESS_VERSION,
        },
        "settings": {
            "currency": store.settings.currency,
            "number_of_decimals": store.settings.decimals,
            "HPOS_enabled": True,
        },
    }
    return exchange.answer(payload, allow="GET")
