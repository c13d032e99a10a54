"""The guard, the bounds and the patience of calls, over real loopback connections."""

import logging
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
import trustme

from connector.errors import (
    ForbiddenAddress,
    RateLimited,
    TemporaryError,
    TooLarge,
    Unreachable,
)
from connector.http import Answer, GuardedSession, Limits, retry_after
from tests.connector.conftest import QUICK
from tests.connector.recordings import Recorded, answer, replaying

GET = "GET /"


@contextmanager
def session(
    limits: Limits = QUICK, *, development: bool = True, authorities: str | None = None
) -> Iterator[GuardedSession]:
    guarded = GuardedSession(development=development, limits=limits, authorities=authorities)
    try:
        yield guarded
    finally:
        guarded.close()


def get(address: str) -> Callable[[], requests.Request]:
    return lambda: requests.Request("GET", address)


def read_ok(found: Answer) -> bytes:
    if found.status != 200:
        raise TemporaryError(f"answered {found.status}", retry_after=retry_after(found.headers))
    return found.body


@contextmanager
def raw_server(
    serve: Callable[[socket.socket], None], context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """A server of one connection at a time that does with it what `serve` does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                accepted, _ = listener.accept()
                wrapped = context.wrap_socket(accepted, server_side=True) if context else accepted
                with accepted, wrapped:
                    wrapped.settimeout(10)
                    wrapped.recv(65536)
                    serve(wrapped)
            except OSError:
                if listener.fileno() < 0:
                    return

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=15)


def drip(start: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    """Sends the start at once and then a piece every 20 ms, for as long as it is listened to."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(400):
            time.sleep(0.02)
            connection.sendall(piece)

    return serve


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",  # noqa: S104  # To be refused.
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[fd00::1]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
    ],
)
def test_private_addresses_are_not_called(host: str) -> None:
    with session(development=False) as guarded, pytest.raises(ForbiddenAddress) as caught:
        guarded.call(get(f"https://{host}/"), read_ok)
    assert "private address" in str(caught.value)


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "[fd00::1]"])
def test_development_allows_loopback_and_nothing_else(host: str) -> None:
    with replaying({GET: [answer([])]}) as store, session() as guarded:
        assert guarded.call(get(f"{store.url}/"), read_ok) == b"[]"
        with pytest.raises(ForbiddenAddress):
            guarded.call(get(f"http://{host}/"), read_ok)


def test_plain_http_is_for_development_only() -> None:
    with session(development=False) as guarded, pytest.raises(ForbiddenAddress, match="https"):
        guarded.call(get("http://shop.example/"), read_ok)


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/", "file:///etc/passwd", "//127.0.0.1/"])
def test_other_schemes_are_refused(address: str) -> None:
    with session() as guarded, pytest.raises(ForbiddenAddress):
        guarded.call(get(address), read_ok)


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Makes the shop's name resolve to the addresses in turn; the list tells what was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        given = host
        if host == "shop.example":
            given = addresses[min(asked.count(host), len(addresses) - 1)]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (given, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_a_name_that_resolves_to_a_private_address_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = resolving(monkeypatch, "127.0.0.1")
    with session(development=False) as guarded, pytest.raises(ForbiddenAddress):
        guarded.call(get("https://shop.example/"), read_ok)
    assert asked == ["shop.example"]


def test_the_address_that_was_checked_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[tuple[str, int]] = []

    def connect(_: socket.socket, address: tuple[str, int]) -> None:
        called.append(address)
        raise ConnectionRefusedError

    # The name leads to a public address first, and a moment later to an inner one.
    asked = resolving(monkeypatch, "93.184.216.34", "127.0.0.1")
    monkeypatch.setattr(socket.socket, "connect", connect)
    with session(Limits(attempts=1), development=False) as guarded, pytest.raises(Unreachable):
        guarded.call(get("https://shop.example/"), read_ok)
    assert called == [("93.184.216.34", 443)]
    assert asked.count("shop.example") == 1


def test_a_redirect_is_handed_over_and_not_followed() -> None:
    elsewhere = Recorded(b"", 302, {"Location": "http://127.0.0.1:1/latest/meta-data/"})
    with replaying({GET: [elsewhere]}) as store, session() as guarded:
        assert guarded.call(get(f"{store.url}/"), lambda found: found.status) == 302
        assert len(store.calls) == 1


def test_an_answer_over_the_limit_is_not_read_to_its_end() -> None:
    limits = Limits(largest_answer=200_000, attempts=1)
    with (
        replaying({GET: [Recorded(b"x" * 200_000), Recorded(b"x" * 200_001)]}) as store,
        session(limits) as guarded,
    ):
        assert len(guarded.call(get(f"{store.url}/"), read_ok)) == 200_000
        with pytest.raises(TooLarge, match="200,000 bytes"):
            guarded.call(get(f"{store.url}/"), read_ok)


def test_a_small_answer_that_unpacks_to_a_large_one_is_too_large() -> None:
    packed = zlib.compress(b"0" * 50_000_000)
    with (
        replaying({GET: [Recorded(packed, headers={"Content-Encoding": "deflate"})]}) as store,
        session(Limits(largest_answer=1_000_000, attempts=1)) as guarded,
        pytest.raises(TooLarge),
    ):
        guarded.call(get(f"{store.url}/"), read_ok)


OK_LINE = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (OK_LINE + b"Content-Length: 100000\r\n\r\n", b"x"),
        (OK_LINE + b"\r\n", b"x"),
        (OK_LINE + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        (OK_LINE + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (OK_LINE, b"X-Drip: drop\r\n"),
        (b"", b"H"),
    ],
    ids=["length", "close", "chunk size", "chunks", "headers", "status"],
)
def test_a_slow_answer_ends_at_the_deadline(start: bytes, piece: bytes) -> None:
    limits = Limits(total_seconds=0.4, read_seconds=5)
    with raw_server(drip(start, piece)) as port, session(limits) as guarded:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            guarded.call(get(f"http://127.0.0.1:{port}/"), read_ok)
        assert 0.3 < time.monotonic() - began < 1.5


def test_a_slow_answer_over_tls_ends_at_the_deadline(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    serve = drip(OK_LINE + b"Content-Length: 100000\r\n\r\n", b"x")
    limits = Limits(total_seconds=0.6, read_seconds=5)
    with (
        raw_server(serve, context) as port,
        session(limits, authorities=str(trusted)) as guarded,
    ):
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            guarded.call(get(f"https://127.0.0.1:{port}/"), read_ok)
        assert 0.5 < time.monotonic() - began < 2


def test_a_silent_store_ends_at_the_read_timeout() -> None:
    limits = Limits(read_seconds=0.1, total_seconds=5, attempts=2, back_off_seconds=0.001)
    with (
        raw_server(lambda _: time.sleep(0.5)) as port,
        session(limits) as guarded,
        pytest.raises(Unreachable, match="in time"),
    ):
        guarded.call(get(f"http://127.0.0.1:{port}/"), read_ok)


def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    limits = Limits(attempts=1)
    with (
        raw_server(lambda _: None, context) as port,
        session(limits) as guarded,
        pytest.raises(Unreachable, match="certificate"),
    ):
        guarded.call(get(f"https://127.0.0.1:{port}/"), read_ok)


def test_connections_are_used_again_and_cookies_are_not_kept() -> None:
    cookie = answer("ok", Set_Cookie="session=1; Path=/")
    with replaying({GET: [cookie]}) as store, session() as guarded:
        for _ in range(3):
            guarded.call(get(f"{store.url}/"), read_ok)
    assert len({call.connection for call in store.calls}) == 1
    assert all("Cookie" not in call.headers for call in store.calls)
    assert {call.headers["User-Agent"] for call in store.calls} == {"Bazgasht/0.1.0"}


def test_what_fails_for_now_is_asked_again_with_a_new_request() -> None:
    answers = [answer({}, 503), answer({}, 500), answer("there")]
    built: list[int] = []

    def build() -> requests.Request:
        built.append(len(built))
        return requests.Request("GET", f"{store.url}/?nonce={len(built)}")

    with replaying({GET: answers}) as store, session() as guarded:
        assert guarded.call(build, read_ok) == b'"there"'
    assert [call.query["nonce"] for call in store.calls] == ["1", "2", "3"]


def test_attempts_are_limited_and_what_must_not_be_repeated_is_not() -> None:
    with replaying({GET: [answer({}, 503)]}) as store, session() as guarded:
        with pytest.raises(TemporaryError, match="503"):
            guarded.call(get(f"{store.url}/"), read_ok)
        assert len(store.calls) == QUICK.attempts
        with pytest.raises(TemporaryError, match="503"):
            guarded.call(get(f"{store.url}/"), read_ok, repeatable=False)
        assert len(store.calls) == QUICK.attempts + 1


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    half = Recorded(b'{"id":', length=100)
    with replaying({GET: [half, answer("whole")]}) as store, session() as guarded:
        assert guarded.call(get(f"{store.url}/"), read_ok) == b'"whole"'
    with (
        replaying({GET: [half]}) as store,
        session() as guarded,
        pytest.raises(TemporaryError, match="broke off"),
    ):
        guarded.call(get(f"{store.url}/"), read_ok)


def test_a_store_that_is_not_there_is_unreachable() -> None:
    with replaying({}) as store:
        address = store.url
    with session() as guarded, pytest.raises(Unreachable):
        guarded.call(get(f"{address}/"), read_ok)


def test_the_wait_that_a_store_asks_for_is_kept_up_to_a_cap() -> None:
    limited = answer({}, 429, Retry_After="1")
    with replaying({GET: [limited, answer("now")]}) as store, session() as guarded:
        began = time.monotonic()
        assert guarded.call(get(f"{store.url}/"), read_ok) == b'"now"'
        assert 1 <= time.monotonic() - began < 2
    with replaying({GET: [answer({}, 429, Retry_After="31")]}) as store, session() as guarded:
        with pytest.raises(TemporaryError) as caught:
            guarded.call(get(f"{store.url}/"), read_ok)
        assert caught.value.retry_after == 31
        assert len(store.calls) == 1


def test_the_wait_is_read_as_seconds_or_as_a_date() -> None:
    assert retry_after({"Retry-After": "120"}) == 120
    assert retry_after({}) is None
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({"Retry-After": "Sat, 01 Jan 2000 00:00:00 GMT"}) == 0
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 57 < (retry_after({"Retry-After": later}) or 0) <= 60


def test_neither_errors_nor_logs_tell_the_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with replaying({GET: [answer({}, 503), answer("ok")]}) as store, session() as guarded:
        guarded.call(get(f"{store.url}/?oauth_signature=secret1"), read_ok)
    with session(Limits(attempts=1)) as guarded, pytest.raises(Unreachable) as caught:
        guarded.call(get(f"{store.url}/?oauth_signature=secret2"), read_ok)
    assert "GET /" in caplog.text
    assert "secret" not in caplog.text
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_an_error_of_the_reader_is_raised_as_it_is() -> None:
    def refuse(_: Answer) -> None:
        raise RateLimited("slower", retry_after=99)

    with (
        replaying({GET: [answer("x")]}) as store,
        session() as guarded,
        pytest.raises(RateLimited, match="slower"),
    ):
        guarded.call(get(f"{store.url}/"), refuse)
