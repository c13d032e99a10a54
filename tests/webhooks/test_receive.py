"""The door for webhooks, over HTTP: what is answered, and what is kept of it."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
import requests
from sqlalchemy import Engine, select

from bazgasht.app import create_app
from bazgasht.composition import redis_client
from database import stores
from database.models import InboxEvent
from database.session import connect, store_transaction
from database.vault import Vault, new_key
from jobs.context import Context
from tests.conftest import AppServer
from tests.database.rows import new_store
from tests.webhooks.deliveries import (
    SECRET,
    headers_of,
    order_body,
    post,
    set_secrets,
    sign,
)
from webhooks import writer
from webhooks.receive import LARGEST_BODY

Post = Callable[..., requests.Response]


@pytest.fixture
def store_id(context: Context) -> UUID:
    store_id = new_store(context.engine)
    set_secrets(context, store_id, SECRET)
    return store_id


@pytest.fixture
def url(context: Context, app_server: AppServer, store_id: UUID) -> str:
    return f"{app_server.url}/webhooks/woocommerce/{store_id}"


def kept(context: Context, store_id: UUID) -> list[InboxEvent]:
    with store_transaction(context.engine, store_id) as session:
        return list(session.scalars(select(InboxEvent).order_by(InboxEvent.id)))


def test_a_signed_delivery_is_kept_and_answered_200(
    context: Context, store_id: UUID, url: str
) -> None:
    body = order_body()
    assert post(url, body, headers_of(body)).status_code == 200
    (event,) = kept(context, store_id)
    assert (event.topic, event.state, event.attempts) == ("order.updated", "waiting", 0)
    assert event.headers["X-WC-Webhook-Delivery-ID"] == "0123456789abcdef"
    assert not any("signature" in name.lower() for name in event.headers)


def test_a_delivery_asks_for_one_drain_whatever_comes_with_it(
    context: Context, store_id: UUID, url: str
) -> None:
    for number in range(3):
        body = order_body(id=600 + number)
        post(url, body, headers_of(body))
    assert context.redis.llen("rq:queue:events") == 1


def test_a_ping_is_answered_200_and_leaves_nothing(
    context: Context, store_id: UUID, url: str
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = post(url, b"webhook_id=12", form)
    assert (answer.status_code, answer.content) == (200, b"")
    assert kept(context, store_id) == []


@pytest.mark.parametrize(
    "body", [b"webhook_id=", b"webhook_id=1&x=2", b"webhook_id=abc", b"webhook_id=1;" * 10, b""]
)
def test_what_only_looks_like_a_ping_is_refused(
    context: Context, store_id: UUID, url: str, body: bytes
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert post(url, body, form).status_code == 401
    assert kept(context, store_id) == []


def test_an_unknown_store_is_answered_404(app_server: AppServer, store_id: UUID, url: str) -> None:
    body = order_body()
    unknown = url.replace(str(store_id), str(uuid4()))
    assert post(unknown, body, headers_of(body)).status_code == 404
    assert post(unknown, b"webhook_id=1", {}).status_code == 404
    assert post(f"{url}0", body, headers_of(body)).status_code == 404


def test_a_store_of_another_platform_is_answered_404(url: str) -> None:
    body = order_body()
    for platform in ("shopify", "nonesuch"):
        other = url.replace("woocommerce", platform)
        assert post(other, body, headers_of(body)).status_code == 404


@pytest.mark.parametrize(
    "signature",
    ["", "AAAA", sign(b"something else"), sign(order_body(), "another secret"), "é" * 9],
)
def test_a_bad_signature_is_answered_401(
    context: Context, store_id: UUID, url: str, signature: str
) -> None:
    body = order_body()
    headers = headers_of(body) | {"X-WC-Webhook-Signature": signature.encode().decode("latin-1")}
    assert post(url, body, headers).status_code == 401
    assert kept(context, store_id) == []


def test_a_changed_body_is_answered_401(context: Context, store_id: UUID, url: str) -> None:
    body = order_body()
    assert post(url, body + b" ", headers_of(body)).status_code == 401


@contextmanager
def raw(url: str, head: str) -> Iterator[socket.socket]:
    host, port = url.split("/")[2].split(":")
    path = "/" + url.split("/", 3)[3]
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        request = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{head}\r\n\r\n"
        connection.sendall(request.encode())
        yield connection


def test_a_length_over_the_limit_is_answered_413_before_the_body_is_read(url: str) -> None:
    with raw(url, f"Content-Length: {LARGEST_BODY + 1}") as connection:
        # Not one byte of the body is sent.
        assert b" 413 " in connection.recv(100)


def test_a_body_of_untold_length_is_answered_413_once_it_is_too_long(
    context: Context, store_id: UUID, url: str
) -> None:
    chunk = b"40000\r\n" + b"x" * 0x40000 + b"\r\n"
    with raw(url, "Transfer-Encoding: chunked") as connection:
        sent = 0
        try:
            while sent < 4 * LARGEST_BODY:
                connection.sendall(chunk)
                sent += 0x40000
        except OSError:
            assert sent <= LARGEST_BODY + 8 * 0x40000
        try:
            answer = connection.recv(100)
        except OSError:
            answer = b" 413 "  # The answer went under with the connection.
        assert b" 413 " in answer
    assert kept(context, store_id) == []


def test_the_largest_body_is_kept(context: Context, store_id: UUID, url: str) -> None:
    body = order_body(note="x" * (LARGEST_BODY - len(order_body(note=""))))
    assert len(body) == LARGEST_BODY
    assert post(url, body, headers_of(body)).status_code == 200
    assert len(kept(context, store_id)) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{not json", "the body is not JSON"),
        (b"", "the body is not JSON"),
        (b"[1]", "the body is not a JSON object"),
        (b'"text"', "the body is not a JSON object"),
        (b"\xff\xfe", "the body is not JSON"),
        (b'{"a":' * 5000, "the body is not JSON"),
    ],
)
def test_a_signed_body_that_cannot_be_read_is_kept_as_dead(
    context: Context, store_id: UUID, url: str, body: bytes, reason: str
) -> None:
    assert post(url, body, headers_of(body)).status_code == 200
    (event,) = kept(context, store_id)
    assert (event.state, event.last_error) == ("dead", reason)


def test_a_signed_error_in_place_of_the_object_is_kept_to_be_looked_up(
    context: Context, store_id: UUID, url: str
) -> None:
    body = (
        b'{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.",'
        b'"data":{"status":404}}'
    )
    assert post(url, body, headers_of(body)).status_code == 200
    assert [event.state for event in kept(context, store_id)] == ["waiting"]


def test_a_delivery_that_comes_twice_is_one_event(
    context: Context, store_id: UUID, url: str
) -> None:
    body = order_body()
    for delivery in ("one", "two"):
        headers = headers_of(body) | {"X-WC-Webhook-Delivery-ID": delivery}
        assert post(url, body, headers).status_code == 200
    assert len(kept(context, store_id)) == 1
    created = headers_of(body, topic="order.created")
    assert post(url, body, created).status_code == 200
    assert len(kept(context, store_id)) == 2


def test_while_a_secret_is_changed_both_open_the_door(
    context: Context, store_id: UUID, url: str
) -> None:
    body = order_body()
    assert post(url, body, headers_of(body, secret="new")).status_code == 401
    set_secrets(context, store_id, "new", SECRET)
    # The door is remembered for some seconds, but not against a good signature.
    assert post(url, body, headers_of(body, secret="new")).status_code == 200
    assert post(url, body, headers_of(body, secret=SECRET)).status_code == 200
    set_secrets(context, store_id, "new")
    body = order_body(id=502)
    assert post(url, body, headers_of(body, secret="new")).status_code == 200


def test_a_secret_with_entities_signs_as_wordpress_decodes_it(
    context: Context, store_id: UUID, url: str
) -> None:
    set_secrets(context, store_id, "a&amp;b&lt;c&quot;d&#039;")
    body = order_body()
    assert post(url, body, headers_of(body, secret="a&b<c\"d'")).status_code == 200


def test_an_uninstalled_store_is_answered_404(context: Context, store_id: UUID) -> None:
    with store_transaction(context.engine, store_id) as session:
        stores.change_state(session, "active", "uninstalled")
    body = order_body()
    with create_app(context).test_client() as client:
        path = f"/webhooks/woocommerce/{store_id}"
        assert client.post(path, data=body, headers=headers_of(body)).status_code == 404


@pytest.mark.parametrize("state", ["disconnected", "leaving"])
def test_events_of_a_store_that_only_pauses_are_kept(
    context: Context, store_id: UUID, state: str
) -> None:
    with store_transaction(context.engine, store_id) as session:
        stores.change_state(session, "active", state)
    body = order_body()
    with create_app(context).test_client() as client:
        path = f"/webhooks/woocommerce/{store_id}"
        assert client.post(path, data=body, headers=headers_of(body)).status_code == 200
    assert len(kept(context, store_id)) == 1


def with_engine(context: Context, engine: Engine, vault: Vault | None = None) -> Context:
    return Context(
        engine=engine,
        redis=context.redis,
        vault=vault or context.vault,
        public_url=context.public_url,
        development=True,
    )


def test_while_the_database_is_away_deliveries_are_answered_503_and_kept_when_repeated(
    context: Context, superuser: Engine, store_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 0.2)
    body = order_body()
    path = f"/webhooks/woocommerce/{store_id}"
    role = context.engine.url.username
    with create_app(context).test_client() as client:
        assert client.post(path, data=body, headers=headers_of(body)).status_code == 200
        allow(superuser, str(role), login=False)
        try:
            later = order_body(id=502)
            assert client.post(path, data=later, headers=headers_of(later)).status_code == 503
        finally:
            allow(superuser, str(role), login=True)
        assert client.post(path, data=later, headers=headers_of(later)).status_code == 200
    assert len(kept(context, store_id)) == 2


def allow(superuser: Engine, role: str, *, login: bool) -> None:
    """Let the app connect, or throw it out and keep it out."""
    with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"ALTER ROLE {role} {'LOGIN' if login else 'NOLOGIN'}")
        if not login:
            connection.exec_driver_sql(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'"  # noqa: S608 -- the role is our own
            )


def test_a_database_that_is_back_soon_is_waited_for(
    context: Context, superuser: Engine, store_id: UUID, url: str
) -> None:
    body, later = order_body(), order_body(id=502)
    role = str(context.engine.url.username)
    assert post(url, body, headers_of(body)).status_code == 200
    allow(superuser, role, login=False)
    with ThreadPoolExecutor(1) as pool:
        delivery = pool.submit(post, url, later, headers_of(later))
        time.sleep(0.3)
        allow(superuser, role, login=True)
        assert delivery.result(timeout=10).status_code == 200
    assert len(kept(context, store_id)) == 2


def test_without_the_keys_to_the_secrets_deliveries_are_answered_503(
    context: Context, store_id: UUID
) -> None:
    body = order_body()
    keyless = with_engine(context, context.engine, Vault([new_key()]))
    with create_app(keyless).test_client() as client:
        path = f"/webhooks/woocommerce/{store_id}"
        assert client.post(path, data=body, headers=headers_of(body)).status_code == 503


def test_a_delivery_is_kept_while_the_queue_is_away(
    context: Context, store_id: UUID, app_server: AppServer
) -> None:
    body = order_body()
    away = Context(
        engine=context.engine,
        redis=redis_client("redis://127.0.0.1:1"),
        vault=context.vault,
        public_url=context.public_url,
        development=True,
    )
    with create_app(away).test_client() as client:
        path = f"/webhooks/woocommerce/{store_id}"
        assert client.post(path, data=body, headers=headers_of(body)).status_code == 200
    assert len(kept(context, store_id)) == 1


def test_other_methods_are_refused(url: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(url, timeout=10).status_code == 405
        assert session.put(url, data=b"{}", timeout=10).status_code == 405


def test_an_engine_checks_its_connections(context: Context, superuser: Engine) -> None:
    engine = connect(context.engine.url.render_as_string(hide_password=False), pool_size=1)
    with engine.connect() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with superuser.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    engine.dispose()
