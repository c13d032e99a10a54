"""Levers below /sandbox/ that no running store has: state, live orders, faults."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.faults import Fault
from sandbox.services import services

MOST_ORDERS = 1_000_000


def body() -> dict[str, Any]:
    """The parameters of the JSON body. Raises TypeError when it is none."""
    parsed = request.get_json(silent=True)
    if not isinstance(parsed, dict):
        raise TypeError("the body must be a JSON object, sent as application/json")
    return parsed


def choice(wanted: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """A parameter that is one of some words, by default the first."""
    value = wanted.get(name, allowed[0])
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(allowed)}")
    return str(value)


def _bad_input(error: Exception) -> tuple[Response, int]:
    return jsonify({"message": str(error)}), 400


def blueprint(name: str) -> Blueprint:
    """Levers below /sandbox/ that answer bad input with 400 and its reason."""
    made = Blueprint(name, __name__, url_prefix="/sandbox")
    made.register_error_handler(ValueError, _bad_input)
    made.register_error_handler(TypeError, _bad_input)
    return made


routes = blueprint("control")


@routes.get("/state")
def state() -> Response:
    """Counts of what the store holds and of its webhook deliveries."""
    running = services()
    with running.store.lock:
        counts = running.counts()
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
    wanted = body()
    orders = int(wanted.get("orders", MOST_ORDERS))
    if orders < 0:
        raise ValueError(f"orders is {orders}; it must not be negative")
    progress = services().live.start(orders, float(wanted.get("per_second", 10)))
    return jsonify(asdict(progress))


@routes.get("/live")
def live_progress() -> Response:
    """How far the stream is."""
    return jsonify(asdict(services().live.progress))


@routes.post("/faults")
def add_fault() -> tuple[Response, int]:
    """Switch a fault on: {"kind": ..., "times": ..., "probability": ..., ...}."""
    services().faults.add(Fault(**body()))
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
