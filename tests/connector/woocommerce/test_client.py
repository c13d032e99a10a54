"""How requests are signed, and what each answer means."""

import base64
import hmac
import random
from urllib.parse import quote

import pytest

from connector.errors import (
    ConnectorError,
    CredentialsRefused,
    NotFound,
    RateLimited,
    Refused,
    TemporaryError,
)
from connector.http import Answer, GuardedSession
from connector.platform import Credentials
from connector.woocommerce.client import Client, Reply, read_answer
from tests.connector.conftest import CONSUMER_KEY, CONSUMER_SECRET, QUICK, Open
from tests.connector.recordings import Call, Recorded, answer, recorded, replaying

HTML = Recorded(b"<!DOCTYPE html><title>Maintenance</title>", 200, {"Content-Type": "text/html"})


def read(name: str) -> Reply:
    """The reply that a recorded answer makes."""
    found = recorded(name)
    return read_answer(Answer(found.status, found.headers, found.body), "GET it")


def failure(found: Recorded) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        read_answer(Answer(found.status, found.headers, found.body), "GET it")
    return caught.value


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        ("auth_401_bad_key", CredentialsRefused, "401 woocommerce_rest_authentication_error"),
        ("auth_401_bad_secret", CredentialsRefused, "401 woocommerce_rest_authentication_error"),
        ("auth_401_no_credentials", CredentialsRefused, "401 woocommerce_rest_cannot_view"),
        ("auth_readonly_key_write", CredentialsRefused, "401 woocommerce_rest_authentication"),
        ("https_401_bad_key", CredentialsRefused, "401 woocommerce_rest_cannot_view"),
        ("https_401_bad_secret", CredentialsRefused, "401 woocommerce_rest_authentication_error"),
        ("customer_get_404", NotFound, "404 wc_user_invalid_id"),
        ("product_get_404", NotFound, "404 woocommerce_rest_product_invalid_id"),
        ("product_put_variation_id", NotFound, "404 woocommerce_rest_invalid_product_id"),
        ("route_404", TemporaryError, "404 rest_no_route; is WooCommerce active"),
        ("bad_json_400", Refused, "400 rest_invalid_json"),
        ("cross_sell_strings", Refused, "400 rest_invalid_param (cross_sell_ids)"),
        ("orders_per_page_101_400", Refused, "400 rest_invalid_param (per_page)"),
        ("orders_bad_status_400", Refused, "400 rest_invalid_param (status"),
        ("products_batch_101_413", Refused, "413 woocommerce_rest_request_entity_too_large"),
        ("customer_duplicate_email_400", Refused, "400 registration-error-email-exists"),
        ("customer_delete_without_force_501", Refused, "501 woocommerce_rest_trash_not_supported"),
        ("refund_too_much_400", Refused, "500 woocommerce_rest_cannot_create_order_refund"),
    ],
)
def test_a_recorded_refusal_is_our_error(name: str, error: type[ConnectorError], told: str) -> None:
    found = failure(recorded(name))
    assert type(found) is error
    assert str(found).startswith("GET it: answered ")
    assert told in str(found)
    assert "@" not in str(found)


@pytest.mark.parametrize(
    ("found", "error", "told"),
    [
        (HTML, TemporaryError, "answered an HTML page instead of JSON"),
        (
            Recorded(b'{"id":1', 200),
            TemporaryError,
            "something of 7 bytes instead of JSON, or half",
        ),
        (Recorded(b"", 200), TemporaryError, "something of 0 bytes"),
        (Recorded(b'"text"', 200), TemporaryError, "instead of JSON"),
        (answer({"code": "internal_server_error"}, 500), TemporaryError, "500 internal_server"),
        (Recorded(b"<html>", 502), TemporaryError, "502 an HTML page"),
        (answer({}, 503), TemporaryError, "503"),
        (answer({}, 408), TemporaryError, "408"),
        (Recorded(b"<html>", 404), TemporaryError, "404 an HTML page; is WooCommerce active"),
        (Recorded(b"<html>", 403), Refused, "403 an HTML page"),
        (answer({"code": "woocommerce_rest_cannot_edit"}, 403), CredentialsRefused, "403 woo"),
        (Recorded(b"<html>", 401), CredentialsRefused, "401 an HTML page"),
        (answer({"code": ["x"]}, 400), Refused, "400"),
    ],
)
def test_other_answers_are_our_errors_too(
    found: Recorded, error: type[ConnectorError], told: str
) -> None:
    raised = failure(found)
    assert type(raised) is error
    assert told in str(raised)


def test_the_code_and_the_wait_are_told() -> None:
    refused = failure(recorded("orders_per_page_101_400"))
    assert isinstance(refused, Refused)
    assert refused.code == "rest_invalid_param"
    blocked = failure(Recorded(b"<html>", 403))
    assert isinstance(blocked, Refused)
    assert blocked.code == "http_403"
    limited = failure(answer({}, 429, Retry_After="7"))
    assert type(limited) is RateLimited
    assert limited.retry_after == 7
    busy = failure(answer({}, 503, Retry_After="3"))
    assert isinstance(busy, TemporaryError)
    assert busy.retry_after == 3


def test_a_store_that_has_moved_tells_where() -> None:
    moved = failure(Recorded(b"", 301, {"Location": "https://www.shop.example/wp-json/x?key=1"}))
    assert type(moved) is Refused
    assert "the store has moved to https://www.shop.example: install it there" in str(moved)
    assert "key=1" not in str(moved)


def test_a_listing_tells_its_size() -> None:
    reply = read("orders_list_page2")
    assert (reply.pages, reply.total) == (26, 129)
    assert read("orders_list_beyond_last_page") == Reply([], 0, 0)
    assert read("order_get").pages is None


def test_a_byte_order_mark_is_overlooked() -> None:
    assert read_answer(Answer(200, {}, b'\xef\xbb\xbf{"id":1}'), "GET it").content == {"id": 1}


def expected_signature(call: Call, address: str) -> str:
    """The OAuth 1.0a signature as its specification and WooCommerce compute it."""
    signed = {key: value for key, value in call.query.items() if key != "oauth_signature"}
    pairs = sorted((quote(key, ""), quote(value, "")) for key, value in signed.items())
    text = "&".join(f"{key}={value}" for key, value in pairs)
    base = f"{call.method}&{quote(address, '')}&{quote(text, '')}"
    digest = hmac.digest(f"{CONSUMER_SECRET}&".encode(), base.encode(), "sha256")
    return base64.b64encode(digest).decode()


def test_a_call_over_http_is_signed_once_each(open_store: Open) -> None:
    store, replay = open_store({"GET orders": [answer({}, 503), answer([], X_WP_TotalPages="0")]})
    client = store._client
    parameters = {"status": "any,trash", "modified_after": "2026-11-21T21:31:33Z", "page": 1}
    assert client.get("orders", params=parameters).content == []
    first, second = replay.calls
    for call in (first, second):
        assert call.query["modified_after"] == "2026-11-21T21:31:33Z"
        assert call.query["oauth_consumer_key"] == CONSUMER_KEY
        expected = expected_signature(call, f"{replay.url}/wp-json/wc/v3/orders")
        assert call.query["oauth_signature"] == expected
        assert "Authorization" not in call.headers
    assert first.query["oauth_nonce"] != second.query["oauth_nonce"]


def test_a_nonce_never_repeats_even_if_chance_does(open_store: Open) -> None:
    store, replay = open_store({"GET orders": [answer([], X_WP_TotalPages="0")] * 2})
    for _ in range(2):
        random.seed(7)
        store._client.get("orders")
    first, second = replay.calls
    assert first.query["oauth_nonce"] != second.query["oauth_nonce"]


def test_a_call_over_https_carries_the_key_in_a_header() -> None:
    with replaying({}):
        session = GuardedSession(development=True, limits=QUICK)
        client = Client(Credentials("https://shop.example/sub", "ck_1", "cs_2"), session)
        request = client._signed("GET", "orders", None, {"page": 1})
        session.close()
    assert request.url == "https://shop.example/sub/wp-json/wc/v3/orders?page=1"
    prepared = request.prepare()
    assert prepared.headers["Authorization"] == f"Basic {base64.b64encode(b'ck_1:cs_2').decode()}"
    assert prepared.url == request.url


def test_what_is_sent_is_json_in_utf8(open_store: Open) -> None:
    store, replay = open_store({"PUT products/7": [answer({"id": 7})]})
    assert store._client.put("products/7", {"name": "قهوه ☕"}).content == {"id": 7}
    assert replay.calls[0].body.decode() == '{"name":"قهوه ☕"}'
    assert replay.calls[0].headers["Content-Type"] == "application/json;charset=utf-8"


def test_half_an_answer_is_asked_for_again(open_store: Open) -> None:
    half = Recorded(b'{"id":7', 200, {"Content-Type": "application/json"})
    store, replay = open_store({"GET products/7": [half, HTML, answer({"id": 7})]})
    assert store._client.get("products/7").content == {"id": 7}
    assert len(replay.calls) == 3


def test_a_refusal_is_not_asked_for_again(open_store: Open) -> None:
    store, replay = open_store({"GET orders/204/refunds": [recorded("refund_too_much_400")]})
    with pytest.raises(Refused):
        store._client.get("orders/204/refunds")
    assert len(replay.calls) == 1
