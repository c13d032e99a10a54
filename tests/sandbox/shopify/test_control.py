"""The levers below /sandbox/ of the Shopify shop."""

from typing import Any

import pytest
import requests

from sandbox.server import RunningStore
from sandbox.shopify.app_config import AppConfig
from sandbox.shopify.server import RunningShop
from sandbox.small import small_store
from tests.sandbox.shopify.client import Admin, document

BEANS, ADA = 82, 2


def call(shop: RunningShop, path: str, body: Any = None) -> requests.Response:
    return requests.post(f"{shop.url}/sandbox/{path}", json=body or {}, timeout=5)


def state(shop: RunningShop) -> Any:
    return requests.get(f"{shop.url}/sandbox/state", timeout=5).json()


def test_a_session_token_installs(shop: RunningShop) -> None:
    assert state(shop)["installed"] == 0
    made = call(shop, "session_token")
    assert made.status_code == 201
    assert made.json()["shop"] == "bazgasht-demo.myshopify.com"
    assert made.json()["app_url"].startswith(AppConfig().url)
    assert state(shop)["installed"] == 1
    call(shop, "uninstall")
    assert state(shop)["installed"] == 0
    call(shop, "install", {"scopes": ["read_orders"]})
    assert shop.shop.scopes == ("read_orders",)


def test_orders_are_placed(shop: RunningShop) -> None:
    made = call(shop, "orders", {"items": {str(BEANS): 2}, "customer_id": ADA})
    order = shop.store.orders[made.json()["id"]]
    assert (order.customer_id, order.lines[0].quantity) == (ADA, 2)
    assert state(shop)["orders"] == 1


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("orders", {"items": {"999": 1}}, "items names 999"),
        ("redact_customer", {"customer_id": 99}, "customer_id is 99; there is no such customer"),
        ("redact_customer", {}, "customer_id is None; it must be a whole number"),
        ("faults", {"kind": "boom"}, "kind is 'boom'"),
    ],
)
def test_bad_input_is_named(
    shop: RunningShop, path: str, body: dict[str, Any], message: str
) -> None:
    answer = call(shop, path, body)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_tokens_expire_and_points_run_out(shop: RunningShop, admin: Admin) -> None:
    call(shop, "empty_bucket")
    admin.post("{ customers(first: 250) { nodes { orders(first: 250) { nodes { id } } } } }")
    assert shop.services.api.bucket.status()["currentlyAvailable"] < 20
    call(shop, "expire_tokens")
    assert admin.post(document("shop")).status_code == 401


def test_faults_strike_the_api_alone(shop: RunningShop, admin: Admin) -> None:
    call(shop, "faults", {"kind": "server_error"})
    assert admin.post(document("shop")).status_code == 500
    assert requests.get(f"{shop.url}/", timeout=5).status_code == 200
    requests.delete(f"{shop.url}/sandbox/faults", timeout=5)
    call(shop, "faults", {"kind": "revoked_key", "times": 1, "consumer_key": admin.token})
    assert admin.post(document("shop")).status_code == 401
    assert admin.post(document("shop")).status_code == 200


def test_a_fault_of_another_platform_is_refused() -> None:
    with RunningStore(small_store()) as store:
        answer = requests.post(f"{store.url}/sandbox/faults", json={"kind": "throttled"}, timeout=5)
    assert answer.status_code == 400
    assert "kind is 'throttled'; here it is one of" in answer.json()["message"]


def test_the_law_is_followed_on_demand(shop: RunningShop) -> None:
    for path, body in (
        ("redact_shop", {}),
        ("request_customer_data", {"customer_id": ADA}),
        ("redact_customer", {"customer_id": ADA}),
    ):
        assert call(shop, path, body).json() == {"done": True}
