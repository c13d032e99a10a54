"""Credentials over plain http; the recorded refusals are replayed elsewhere."""

import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from woocommerce import API
from woocommerce.oauth import OAuth

from sandbox.server import RunningStore
from tests.sandbox.client import Client
from tests.sandbox.recorded_store import ADMIN_KEY


def signed(running: RunningStore, method: str, query: str = "", **fields: int) -> str:
    return str(
        OAuth(
            url=f"{running.url}/wp-json/wc/v3/orders{query}",
            consumer_key=ADMIN_KEY.consumer_key,
            consumer_secret=ADMIN_KEY.consumer_secret,
            version="wc/v3",
            method=method,
            **fields,
        ).get_oauth_url()
    )


def message(response: requests.Response) -> str:
    assert response.status_code == 401
    return str(response.json()["message"])


def test_the_woocommerce_client_is_understood(recorded: RunningStore) -> None:
    api = API(recorded.url, ADMIN_KEY.consumer_key, ADMIN_KEY.consumer_secret)
    assert api.get("orders", params={"per_page": 1, "search": "a b+c%d"}).status_code == 200
    assert api.get("orders", params={"include[0]": 204, "include[1]": 209}).status_code == 200
    assert api.post("orders", {"customer_note": "سلام"}).json()["customer_note"] == "سلام"


def test_nonce_is_good_once(recorded: RunningStore) -> None:
    url = signed(recorded, "GET")
    assert requests.get(url, timeout=10).status_code == 200
    again = requests.get(url, timeout=10)
    assert message(again) == "Invalid nonce - nonce has already been used."


def test_timestamp_must_be_near(recorded: RunningStore) -> None:
    url = signed(recorded, "GET", oauth_timestamp=int(time.time()) - 1000)
    assert message(requests.get(url, timeout=10)) == "Invalid timestamp."


@pytest.mark.parametrize("change", ["method", "path", "query"])
def test_signature_covers(change: str, recorded: RunningStore) -> None:
    url = signed(recorded, "PUT" if change == "method" else "GET", "?per_page=2")
    if change == "path":
        url = url.replace("/orders", "/products")
    elif change == "query":
        url = url.replace("per_page=2", "per_page=3")
    refused = message(requests.get(url, timeout=10))
    assert refused == "Invalid signature - provided signature does not match."


def test_next_page_link_does_not_fit_its_signature(recorded: RunningStore, api: Client) -> None:
    link = api.get("orders", per_page=1).links["next"]["url"]
    assert message(requests.get(link, timeout=10)).startswith("Invalid signature")


def test_write_key_may_not_read(recorded: RunningStore) -> None:
    client = Client(recorded.url, recorded.new_key(permissions="write"))
    refused = message(client.get("orders"))
    assert refused == "The API key provided does not have read permissions."
    assert client.post("orders", {}).status_code == 201
    client.close()


def test_missing_oauth_parameter(recorded: RunningStore) -> None:
    parts = urlsplit(signed(recorded, "GET"))
    left = [(name, v) for name, v in parse_qsl(parts.query) if name != "oauth_nonce"]
    url = f"{recorded.url}{parts.path}?{urlencode(left)}"
    assert message(requests.get(url, timeout=10)) == "Missing OAuth parameter oauth_nonce"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "orders", "woocommerce_rest_cannot_view"),
        ("GET", "orders/204", "woocommerce_rest_cannot_view"),
        ("POST", "orders", "woocommerce_rest_cannot_create"),
        ("PUT", "orders/204", "woocommerce_rest_cannot_edit"),
        ("DELETE", "orders/204", "woocommerce_rest_cannot_delete"),
        ("POST", "orders/batch", "woocommerce_rest_cannot_batch"),
    ],
)
def test_without_credentials(recorded: RunningStore, method: str, path: str, code: str) -> None:
    response = requests.request(method, f"{recorded.url}/wp-json/wc/v3/{path}", timeout=10)
    assert (response.status_code, response.json()["code"]) == (401, code)
