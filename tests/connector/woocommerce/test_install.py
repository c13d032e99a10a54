"""The store's address, its authorisation page and the key it sends."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from connector.errors import BadPayload, ForbiddenAddress
from connector.woocommerce.install import (
    GrantedKey,
    authorize_url,
    normalise_store_url,
    read_callback,
)
from tests.connector.recordings import FOLDER


def callback(**changes: Any) -> bytes:
    recorded = json.loads((FOLDER / "auth" / "05_callback_post.json").read_text())
    return json.dumps({**json.loads(recorded["deliveries"][0]["body"]), **changes}).encode()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("shop.example", "https://shop.example"),
        ("  HTTPS://Shop.Example/  ", "https://shop.example"),
        ("https://shop.example/fa/?utm=1#top", "https://shop.example/fa"),
        ("https://shop.example//sub///dir/", "https://shop.example/sub/dir"),
        ("https://shop.example:443/", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("shop.example.", "https://shop.example"),
        ("فروشگاه.example", "https://xn--mgbtj4c7ad63e.example"),
        ("https://BÜCHER.example", "https://xn--bcher-kva.example"),
        ("https://ｓｈｏｐ.example", "https://shop.example"),
    ],
)
def test_a_store_has_one_address(text: str, address: str) -> None:
    assert normalise_store_url(text) == address
    assert normalise_store_url(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "http://shop.example",
        "ftp://shop.example",
        "javascript://shop.example/%0aalert(1)",
        "https://user:pass@shop.example",
        "https://user@shop.example",
        "https://@shop.example",
        "https://127.0.0.1",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "https://0x7f.0x1",
        "https://127.1",
        "https://①②⑦.1",
        "localhost",
        "intranet",
        "printer.local",
        "a.localhost",
        "db.internal",
        "https://shop.example:99999",
        "https://shop.example:abc",
        "https://shop example",
        "https://shop.example\\@evil.example",
        "https://shop.example/../admin",
        "https://shop.example/a b",
        "https://shop_.example",
        "https://[shop.example]",
        f"https://{'a' * 64}.example",
    ],
)
def test_what_is_no_public_store_is_refused(text: str) -> None:
    with pytest.raises(ForbiddenAddress, match="the store's address"):
        normalise_store_url(text)


def test_development_allows_a_store_on_this_machine() -> None:
    def normalise(text: str) -> str:
        return normalise_store_url(text, development=True)

    assert normalise("http://127.0.0.1:8088/") == "http://127.0.0.1:8088"
    assert normalise("http://localhost:80/shop/") == "http://localhost/shop"
    assert normalise("https://[::1]:8443") == "https://[::1]:8443"
    with pytest.raises(ForbiddenAddress):
        normalise("ftp://127.0.0.1")


def test_the_authorisation_page_carries_the_state() -> None:
    address = authorize_url(
        "https://shop.example/fa",
        state="random-1",
        return_url="https://app.example/back?x=1&y=2",
        callback_url="https://app.example/callback",
        app_name="Bazgasht",
        scope="read_write",
    )
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == (
        "https://shop.example/fa/wc-auth/v1/authorize"
    )
    assert dict(parse_qsl(parts.query)) == {
        "app_name": "Bazgasht",
        "scope": "read_write",
        "user_id": "random-1",
        "return_url": "https://app.example/back?x=1&y=2",
        "callback_url": "https://app.example/callback",
    }


def test_the_recorded_page_has_the_same_parameters() -> None:
    recorded = json.loads((FOLDER / "auth" / "03_authorize_page.json").read_text())
    parts = urlsplit(recorded["request"]["url"])
    query = dict(parse_qsl(parts.query))
    made = authorize_url(
        f"{parts.scheme}://{parts.netloc}",
        state=query["user_id"],
        return_url=query["return_url"],
        callback_url=query["callback_url"],
        app_name=query["app_name"],
        scope=query["scope"],
    )
    assert urlsplit(made).path == parts.path
    assert dict(parse_qsl(urlsplit(made).query)) == query


def test_a_plain_callback_is_refused() -> None:
    with pytest.raises(ForbiddenAddress, match="must be https"):
        authorize_url(
            "https://shop.example",
            state="s",
            return_url="https://app.example",
            callback_url="http://app.example",
            app_name="Bazgasht",
            scope="read_write",
        )


def test_the_recorded_key_is_read_and_not_shown() -> None:
    key = read_callback(callback())
    assert key == GrantedKey(
        state="tenant-42",
        key="ck_c4a1e1fa4bb2df035cade991f4de99f7e5038dde",
        secret="cs_c01870dc7bf2c545c7c0fc68fa9df0f44b1ce169",
        may_write=True,
    )
    assert "ck_" not in repr(key)
    assert "cs_" not in repr(key)
    assert not read_callback(callback(key_permissions="read")).may_write


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"consumer_key": None}, "consumer_key"),
        ({"consumer_secret": ""}, "consumer_secret"),
        ({"consumer_secret": "cs_ 1"}, "consumer_secret"),
        ({"user_id": 42}, "user_id"),
        ({"key_permissions": ["read"]}, "key_permissions"),
    ],
)
def test_a_malformed_key_is_refused_without_telling_it(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadPayload, match=f"^callback: {field}: ") as caught:
        read_callback(callback(**changes))
    assert "cs_" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"ck_1"'])
def test_what_is_no_callback_is_refused(body: bytes) -> None:
    with pytest.raises(BadPayload):
        read_callback(body)
