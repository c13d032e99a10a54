"""The wc-auth flow, against its recordings."""

import html
import json
import re
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
import trustme

from sandbox.delivery import DeliveryPolicy
from sandbox.server import RunningStore
from tests.sandbox.receiver import Receiver
from tests.sandbox.recorded_store import recorded_store
from tests.sandbox.recordings import FOLDER

DIE_MESSAGE = re.compile(r'<div class="wp-die-message">(.*?)</div>')
LINK = re.compile(r'<a href="([^"]*)" class="button ([^"]*)"')


def recording(name: str) -> Any:
    return json.loads((FOLDER / "auth" / f"{name}.json").read_text())


@pytest.fixture
def app() -> Iterator[Receiver]:
    """The app that asks for a key, over TLS."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    receiver = Receiver(tls=context)
    receiver.authority = authority
    yield receiver
    receiver.stop()


@pytest.fixture
def running(app: Receiver) -> Iterator[RunningStore]:
    assert app.authority is not None
    with app.authority.cert_pem.tempfile() as certificate:
        policy = DeliveryPolicy(verify=certificate)
        with RunningStore(recorded_store(), delivery=policy) as found:
            yield found


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=10, allow_redirects=False)


def ask(running: RunningStore, app: Receiver, path: str = "/ok/cb") -> dict[str, str]:
    """The links behind the buttons of the page, by their last CSS class."""
    query = urlencode(
        {
            "app_name": "Rec & App",
            "scope": "read_write",
            "user_id": "tenant-42",
            "return_url": "https://app.example.test/ok/return?state=abc",
            "callback_url": f"{app.url}{path}",
        }
    )
    page = get(f"{running.url}/wc-auth/v1/authorize?{query}")
    assert page.status_code == 200
    assert "Rec &amp; App would like to connect to your store" in page.text
    return {css.split()[-1]: html.unescape(url) for url, css in LINK.findall(page.text)}


def test_approving_posts_a_key_and_returns(running: RunningStore, app: Receiver) -> None:
    returned = get(ask(running, app)["wc-auth-approve"])
    assert returned.status_code == 302
    assert returned.headers["Location"] == (
        "https://app.example.test/ok/return?state=abc&success=1&user_id=tenant-42"
    )
    (post,) = app.requests
    example = recording("05_callback_post")["deliveries"][0]
    assert list(post.headers) == example["header_order"]
    assert post.headers["Content-Type"] == example["headers"]["Content-Type"]
    assert post.headers["User-Agent"] == f"WordPress/7.0.4; {running.url}"
    sent = post.json()
    assert list(sent) == list(json.loads(example["body"]))
    assert (sent["user_id"], sent["key_permissions"]) == ("tenant-42", "read_write")
    key = running.store.keys[sent["consumer_key"]]
    assert (key.id, key.consumer_secret) == (sent["key_id"], sent["consumer_secret"])
    assert re.fullmatch(r"ck_[0-9a-f]{40}", sent["consumer_key"])


def test_approve_link_can_be_replayed_for_another_key(running: RunningStore, app: Receiver) -> None:
    link = ask(running, app)["wc-auth-approve"]
    for _time in range(2):
        assert get(link).status_code == 302
    assert len({post.json()["consumer_key"] for post in app.requests}) == 2


def test_denying_returns_without_a_key(running: RunningStore, app: Receiver) -> None:
    link = urlsplit(ask(running, app)["wc-auth-deny"])
    assert parse_qs(link.query) == {"state": ["abc"], "success": ["0"], "user_id": ["tenant-42"]}
    assert app.requests == []


@pytest.mark.parametrize("name", ["20_callback_answers_500", "21_callback_answers_201"])
def test_failed_callback_deletes_the_key(name: str, running: RunningStore, app: Receiver) -> None:
    keys = len(running.store.keys)
    status = name.rsplit("_", 1)[1]
    refused = get(ask(running, app, f"/code/{status}")["wc-auth-approve"])
    expected = recording(name)["response"]
    assert refused.status_code == expected["status"]
    assert DIE_MESSAGE.findall(refused.text) == DIE_MESSAGE.findall(expected["body"])
    assert len(app.requests) == 1
    assert len(running.store.keys) == keys


def test_redirected_callback_is_followed_with_the_secrets(
    running: RunningStore, app: Receiver
) -> None:
    assert get(ask(running, app, "/code/302")["wc-auth-approve"]).status_code == 302
    assert [(r.method, r.path) for r in app.requests] == [
        ("POST", "/code/302"),
        ("GET", "/followed"),
    ]
    assert app.requests[1].json()["consumer_secret"] in app.requests[0].body.decode()


@pytest.mark.parametrize(
    "name",
    [
        "10_http_callback",
        "11_bad_scope",
        "12_missing_user_id",
        "13_bad_return_url",
        "23_bad_nonce",
    ],
)
def test_recorded_refusal(name: str, running: RunningStore) -> None:
    recorded = recording(name)
    parts = urlsplit(recorded["request"]["url"])
    refused = get(f"{running.url}{parts.path}?{parts.query}")
    assert refused.status_code == recorded["response"]["status"] == 401
    shown = DIE_MESSAGE.findall(refused.text)
    assert shown == DIE_MESSAGE.findall(recorded["response"]["body"])


@pytest.mark.parametrize("name", ["14_no_scheme_return", "15_http_return"])
def test_recorded_return_url(name: str, running: RunningStore) -> None:
    recorded = recording(name)
    parts = urlsplit(recorded["request"]["url"])
    page = get(f"{running.url}{parts.path}?{parts.query}")
    expected = [u for u, css in LINK.findall(recorded["response"]["body"]) if "deny" in css]
    shown = [u for u, css in LINK.findall(page.text) if "deny" in css]
    assert list(map(html.unescape, shown)) == list(map(html.unescape, expected))
