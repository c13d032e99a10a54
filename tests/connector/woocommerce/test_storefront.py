"""Calls of the store's plugin: who signed them, and for what."""

from dataclasses import replace
from typing import Any

import pytest

from connector.errors import BadSignature
from connector.woocommerce.storefront import (
    StorefrontCall,
    WrongTime,
    sign,
    storefront_key,
    verify_storefront,
)

SECRET = "the secret of the store's webhooks"
NOW = 1_790_000_000
CALL = StorefrontCall(
    method="POST",
    path="/storefront/0b9c2f36-7b64-4f6e-9d0e-3f1f5c8b1a11/redeem",
    timestamp=str(NOW),
    key="5f0c1b9e-8f0a-4a52-8a57-0f9d8d1c2b3a",
    account_id="17",
    body=b'{"points":500}',
    signature="",
)
# Made with OpenSSL from the same lines.
KEY = "d11a3ce8578243d344c2ecc6b6dcb7517c4a2f50760f02f5636665119e75664b"
SIGNATURE = "7d55770d7f8e3e25e94a99060b96b9dad6734bf65f1b5003b96caa7445a79420"


def signed(call: StorefrontCall = CALL, secret: str = SECRET) -> StorefrontCall:
    return replace(call, signature=sign(call, storefront_key(secret)))


def test_the_key_and_the_signature_are_those_of_another_implementation() -> None:
    assert storefront_key(SECRET) == KEY
    assert sign(CALL, KEY) == SIGNATURE


@pytest.mark.parametrize("secrets", [(SECRET,), ("newer", SECRET), (SECRET, "", "older")])
def test_a_call_signed_with_any_of_the_stores_secrets_is_genuine(secrets: tuple[str, ...]) -> None:
    verify_storefront(signed(), secrets, NOW)


@pytest.mark.parametrize("secrets", [(), ("",), ("another",), (KEY,)])
def test_a_call_signed_with_another_secret_is_not(secrets: tuple[str, ...]) -> None:
    with pytest.raises(BadSignature, match="was not signed"):
        verify_storefront(signed(), secrets, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "GET"},
        {"path": "/storefront/0b9c2f36-7b64-4f6e-9d0e-3f1f5c8b1a12/redeem"},
        {"path": CALL.path.replace("redeem", "points")},
        {"timestamp": str(NOW + 1)},
        {"key": "5f0c1b9e-8f0a-4a52-8a57-0f9d8d1c2b3b"},
        {"account_id": "18"},
        {"account_id": ""},
        {"body": b'{"points":501}'},
        {"body": b""},
        {"signature": SIGNATURE.upper()},
        {"signature": ""},
        {"signature": "\udcff\u06f1"},
    ],
)
def test_whatever_is_changed_of_a_signed_call_is_noticed(change: dict[str, Any]) -> None:
    with pytest.raises(BadSignature, match="was not signed"):
        verify_storefront(replace(signed(), **change), [SECRET], NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": "17\n", "body": b"x"},
        {"account_id": "\u06f1\u06f7"},
        {"key": "short"},
        {"key": "a" * 65},
        {"key": "a key with spaces in it"},
        {"timestamp": "-1"},
        {"timestamp": "now"},
        {"timestamp": ""},
        {"method": "POST\n/other"},
    ],
)
def test_a_call_whose_parts_could_be_cut_up_otherwise_is_refused(
    change: dict[str, Any],
) -> None:
    with pytest.raises(BadSignature, match="was not signed"):
        verify_storefront(signed(replace(CALL, **change)), [SECRET], NOW)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_clock_may_be_five_minutes_off(seconds: int) -> None:
    verify_storefront(signed(), [SECRET], NOW + seconds)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_call_of_another_time_is_refused_with_the_reason(seconds: int) -> None:
    with pytest.raises(WrongTime, match="more than 5 minutes off; set the store's clock"):
        verify_storefront(signed(), [SECRET], NOW + seconds)


def test_neither_the_body_nor_the_signature_is_shown() -> None:
    shown = repr(signed())
    assert "500" not in shown
    assert SIGNATURE not in shown
