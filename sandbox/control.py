"""Levers below /sandbox/ that no running store has: keys, state, live orders, faults."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.faults import Fault
from sandbox.rest.exchange import services

routes = Blueprint("control", __name__, url_prefix="/sandbox")
ROLES = ("administrator", "shop_manager")
PERMISSIONS = ("read", "write", "read_write")
MOST_ORDERS = 1_000_000


def _body() -> dict[str, Any]:
    parsed = request.get_json(silent=True)
    if not isinstance(parsed, dict):
        raise TypeError("the body must be a JSON object, sent as application/json")
    return parsed


def _choice(body: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = body.get(name, allowed[0])
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(allowed)}")
    return str(value)


@routes.errorhandler(ValueError)
@routes.errorhandler(TypeError)
def _bad_input(error: Exception) -> tuple[Response, int]:
    return jsonify({"message": str(error)}), 400


@routes.post("/keys")
def make_key() -> tuple[Response, int]:
    """Make a REST key, as a merchant does in wp-admin."""
    body = _body()
    store = services().store
    owner = store.user_with_role(_choice(body, "role", ROLES))
    permissions = str(body.get("permissions", "read_write"))
    if permissions not in PERMISSIONS:
        raise ValueError(f"permissions must be one of {', '.join(PERMISSIONS)}")
    key = store.new_key(
        user_id=owner.id,
        permissions=permissions,
        description=str(body.get("description", "")),
    )
    shown = ("consumer_key", "consumer_secret", "permissions", "description", "user_id")
    return jsonify({"key_id": key.id, **{name: getattr(key, name) for name in shown}}), 201


@routes.get("/state")
def state() -> Response:
    """Counts of what the store holds and of its webhook deliveries."""
    running = services()
    store = running.store
    with store.lock:
        counts = {
            "products": len(store.products),
            "categories": len(store.categories),
            "customers": len(store.customers),
            "orders": len(store.orders),
            "refunds": len(store.refunds),
            "webhooks": len(store.webhooks),
            "keys": len(store.keys),
            "upcoming_orders": len(store.upcoming),
        }
    deliveries = running.deliveries
    return jsonify(
        {
            **counts,
            "pending_deliveries": deliveries.pending,
            "delivered": deliveries.delivered,
            "failed": deliveries.failed,
        }
    )


@routes.post("/live")
def start_live() -> Response:
    """Stream the next orders: {"orders": n, "per_second": r}."""
    body = _body()
    wanted = int(body.get("orders", MOST_ORDERS))
    if wanted < 0:
        raise ValueError(f"orders is {wanted}; it must not be negative")
    progress = services().live.start(wanted, float(body.get("per_second", 10)))
    return jsonify(asdict(progress))


@routes.get("/live")
def live_progress() -> Response:
    """How far the stream is."""
    return jsonify(asdict(services().live.progress))


@routes.post("/faults")
def add_fault() -> tuple[Response, int]:
    """Switch a fault on: {"kind": ..., "times": ..., "probability": ..., ...}."""
    services().faults.add(Fault(**_body()))
    return jsonify(services().faults.listed()), 201


@routes.get("/faults")
def list_faults() -> Response:
    """The faults that are on."""
    return jsonify(services().faults.listed())


@routes.delete("/faults")
def clear_faults() -> Response:
    """Switch all faults off."""
    services().faults.clear()
    return jsonify([])
