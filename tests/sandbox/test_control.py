"""The levers below /sandbox/."""

import time
from typing import Any

import requests

from sandbox.records import ApiKey
from sandbox.server import RunningStore
from sandbox.store import Checkout
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver


def call(running: RunningStore, method: str, path: str, body: Any = None) -> requests.Response:
    return requests.request(method, f"{running.url}/sandbox/{path}", json=body, timeout=10)


def test_a_made_key_works(small: RunningStore) -> None:
    made = call(small, "POST", "keys", {"role": "shop_manager", "permissions": "read"})
    assert made.status_code == 201
    body = made.json()
    key = ApiKey(0, 0, "", "read", body["consumer_key"], body["consumer_secret"])
    client = Client(small.url, key)
    assert "meta_data" not in client.get("customers/2").json()
    assert client.put("customers/2", {}).status_code == 401
    client.close()


def test_bad_input_is_named(small: RunningStore) -> None:
    for path, body, message in (
        ("keys", {"role": "boss"}, "role is 'boss'"),
        ("keys", {"permissions": "all"}, "permissions must be one of"),
        ("live", {"per_second": 0}, "per_second is 0.0"),
        ("live", {"orders": -1}, "orders is -1"),
        ("faults", {"kind": "boom"}, "kind is 'boom'"),
        ("faults", [], "the body must be a JSON object"),
    ):
        answer = call(small, "POST", path, body)
        assert answer.status_code == 400
        assert message in answer.json()["message"]


def test_faults_over_http(small: RunningStore) -> None:
    call(small, "POST", "faults", {"kind": "server_error", "times": 5})
    assert [fault["times"] for fault in call(small, "GET", "faults").json()] == [5]
    assert requests.get(f"{small.url}/wp-json/", timeout=10).status_code == 500
    assert call(small, "DELETE", "faults").json() == []
    assert requests.get(f"{small.url}/wp-json/", timeout=10).status_code == 200


def test_live_orders_stream_in_and_are_delivered(small: RunningStore, receiver: Receiver) -> None:
    product_id = next(iter(small.store.products))
    small.store.upcoming.extend(
        Checkout(1_500_000_000 + n, f"g{n}@example.com", "G", "H", None, ((product_id, 1, 100),))
        for n in range(5)
    )
    client = Client(small.url, small.new_key())
    body = {"topic": "order.created", "delivery_url": f"{receiver.url}/ok"}
    client.post("webhooks", body)
    client.close()
    call(small, "POST", "live", {"orders": 3, "per_second": 200})
    deadline = time.monotonic() + 5
    while call(small, "GET", "live").json()["running"] and time.monotonic() < deadline:
        time.sleep(0.01)
    small.drain_deliveries()
    assert call(small, "GET", "live").json() == {"wanted": 3, "placed": 3, "running": False}
    # More than there are: only the two that are left.
    call(small, "POST", "live", {"orders": 50, "per_second": 200})
    while call(small, "GET", "live").json()["running"] and time.monotonic() < deadline:
        time.sleep(0.01)
    small.drain_deliveries()
    state = call(small, "GET", "state").json()
    assert (state["orders"], state["upcoming_orders"], state["delivered"]) == (5, 0, 5)
    assert (state["pending_deliveries"], state["failed"]) == (0, 0)
    emails = [delivery.json()["billing"]["email"] for delivery in receiver.deliveries]
    assert emails == [f"g{n}@example.com" for n in range(5)]
