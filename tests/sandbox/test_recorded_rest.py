"""Every recorded REST request, made again to the pretend store.

Errors must come back word for word. Successes must have the same keys in the same order
and the same JSON types, the same status and the same headers that tell something.
"""

import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
import trustme

from sandbox.operations import orders
from sandbox.server import RunningStore
from sandbox.store import Store
from tests.sandbox.client import Client
from tests.sandbox.recorded_store import ADMIN_KEY, READ_KEY, give_back, recorded_store
from tests.sandbox.recordings import differences, path_and_query, rest, rest_names

# The pretend store's index names no routes.
LEFT_OUT = {"wc_v3_index"}
HTTPS = {name for name in rest_names() if name.startswith("https_")}
UNSIGNED = {
    "auth_401_no_credentials",
    "auth_basic_over_http",
    "auth_query_string_over_http",
    "bad_json_400",
}
READ_ONLY = {"auth_readonly_key_read", "auth_readonly_key_write"}
SIGNED = sorted(set(rest_names()) - LEFT_OUT - HTTPS - UNSIGNED - READ_ONLY)
LOS_ANGELES = {name for name in SIGNED if "_tz_" in name}


def order_of_unknown_product(store: Store) -> None:
    lines = (orders.new_line(store, 999999, 0, 1),)
    orders.place(store, replace(store.orders[209], id=225, lines=lines))


PREPARATIONS: dict[str, Callable[[Store], None]] = {
    "auth_client_query_string_auth": order_of_unknown_product,
    "refund_create_line": lambda store: give_back(store, 500),
    "refund_create_rest_full": lambda store: give_back(store, 500, 3599),
    "refund_delete": lambda store: give_back(store, 500, 3599),
    "refunds_list": lambda store: give_back(store, 500, 3599),
    "order_get_partially_refunded": lambda store: give_back(store, 500, 3599),
    "order_get_fully_refunded": lambda store: give_back(store, 500, 3599, 7239),
}
TELLING_HEADERS = ("Content-Type", "Allow", "X-Content-Type-Options", "X-Robots-Tag")


def make_room(store: Store, name: str) -> None:
    """What a recorded request needs to find, or must not find."""
    if name in PREPARATIONS:
        PREPARATIONS[name](store)
    if name == "customer_create":
        store.customer_ids_by_email.pop("rec@example.test")


def check(name: str, response: requests.Response) -> None:
    expected = rest(name)["response"]
    assert response.status_code == expected["status"], response.text
    for header in TELLING_HEADERS:
        assert response.headers.get(header) == expected["headers"].get(header), header
    assert ("X-WP-Total" in response.headers) == ("X-WP-Total" in expected["headers"])
    assert ("Location" in response.headers) == ("Location" in expected["headers"])
    body = json.loads(expected["body"])
    if expected["status"] >= 400:
        assert response.json() == body
    else:
        assert differences(body, response.json()) == []


def body_of(request: dict[str, Any]) -> Any:
    """The recorded JSON body."""
    return json.loads(request["body"]) if request["body"] else None


@pytest.mark.parametrize("name", SIGNED)
def test_signed_request(name: str) -> None:
    store = recorded_store("America/Los_Angeles" if name in LOS_ANGELES else "UTC")
    make_room(store, name)
    request = rest(name)["request"]
    path, query = path_and_query(request["url"])
    key = ADMIN_KEY
    with RunningStore(store) as running:
        if name.startswith("shop_manager_customer"):
            key = running.new_key("shop_manager")
        elif name == "auth_401_bad_key":
            key = replace(ADMIN_KEY, consumer_key="ck_unknown")
        elif name == "auth_401_bad_secret":
            key = replace(ADMIN_KEY, consumer_secret="cs_wrong")
        client = Client(running.url, ADMIN_KEY)
        if path.startswith("webhooks/"):
            path = f"webhooks/{add_webhook(client, name)}"
        if name == "order_get_trashed":
            client.delete("orders/204")
        client.key = key
        check(name, client.call(request["method"], path, body_of(request), query=query))
        client.close()


def add_webhook(client: Client, name: str) -> int:
    body = {"topic": "order.updated", "delivery_url": f"{client.url}/wp-json/"}
    webhook_id = client.post("webhooks", body).json()["id"]
    if name == "webhook_disabled_get":
        client.put(f"webhooks/{webhook_id}", {"status": "disabled"})
    return int(webhook_id)


@pytest.mark.parametrize("name", sorted(UNSIGNED))
def test_unsigned_request(name: str, recorded: RunningStore) -> None:
    request = rest(name)["request"]
    path, query = path_and_query(request["url"])
    headers = {
        key: value
        for key, value in request["headers"].items()
        if key in {"Authorization", "Content-Type"}
    }
    response = requests.request(
        request["method"],
        f"{recorded.url}/wp-json/wc/v3/{path}",
        params=query,
        headers=headers,
        data=request["body"],
        timeout=10,
    )
    check(name, response)


def test_read_only_key_may_read(recorded: RunningStore) -> None:
    client = Client(recorded.url, READ_KEY)
    check("auth_readonly_key_read", client.get("products/categories", per_page=1))
    client.close()


def test_read_only_key_may_not_write(recorded: RunningStore) -> None:
    client = Client(recorded.url, READ_KEY)
    response = client.post("products", {"name": "nope"})
    client.close()
    expected = rest("auth_readonly_key_write")["response"]
    assert (response.status_code, response.text) == (expected["status"], expected["body"])


@pytest.fixture
def over_tls() -> Iterator[tuple[RunningStore, str]]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with (
        authority.cert_pem.tempfile() as certificate,
        RunningStore(recorded_store(), tls=context) as running,
    ):
        yield running, certificate


@pytest.mark.parametrize("name", sorted(HTTPS))
def test_request_over_https(name: str, over_tls: tuple[RunningStore, str]) -> None:
    running, certificate = over_tls
    request = rest(name)["request"]
    path, query = path_and_query(request["url"])
    headers = {"Authorization": request["headers"].get("Authorization", "")}
    with requests.Session() as session:
        session.verify = certificate
        session.trust_env = False
        address = f"{running.url}/wp-json/wc/v3/{path}"
        check(name, session.get(address, params=query, headers=headers, timeout=10))
