"""Long files over real loopback connections: pieces, breaks, going on, and the guard."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.errors import ForbiddenAddress, Refused, TemporaryError, Unreachable
from connector.http import GuardedSession
from tests.connector.conftest import QUICK
from tests.connector.recordings import Call, Recorded, Replay, replaying, replaying_as

FILE = "GET /file"
LONG = bytes(range(256)) * 1024  # 256 KiB
HALF = Recorded(LONG[:200_000], 200, length=len(LONG))


@pytest.fixture
def session() -> Iterator[GuardedSession]:
    session = GuardedSession(development=True, limits=replace(QUICK, largest_answer=1024))
    yield session
    session.close()


def test_a_file_larger_than_any_answer_comes_in_pieces(session: GuardedSession) -> None:
    with replaying({FILE: [Recorded(LONG)]}) as server:
        pieces = list(session.stream(f"{server.url}/file"))
    assert len(pieces) >= 4
    assert b"".join(pieces) == LONG
    assert server.calls[0].headers["Accept-Encoding"] == "identity"
    assert "Range" not in server.calls[0].headers


class Breaking(Replay):
    """A server of the long file that breaks every connection after so many bytes."""

    after = 0

    def next(self, call: Call) -> Recorded:
        self.calls.append(call)
        start = int(call.headers.get("Range", "bytes=0-")[6:-1])
        part = LONG[start : start + self.after]
        return Recorded(part, 206 if start else 200, length=len(LONG) - start)


def test_a_broken_connection_is_gone_on_with(session: GuardedSession) -> None:
    with replaying_as(Breaking, {}) as server:
        server.after = 2 * 65536
        assert b"".join(session.stream(f"{server.url}/file")) == LONG
    assert [call.headers.get("Range") for call in server.calls] == [None, "bytes=131072-"]


def test_a_server_that_begins_anew_is_listened_to_until_what_is_new(
    session: GuardedSession,
) -> None:
    with replaying({FILE: [HALF, Recorded(b"", 503), Recorded(LONG)]}) as server:
        assert b"".join(session.stream(f"{server.url}/file")) == LONG
    assert len(server.calls) == 3


def test_connections_that_bring_nothing_end_it(session: GuardedSession) -> None:
    with (
        replaying({FILE: [Recorded(b"x", 200, length=9)]}) as server,
        pytest.raises(TemporaryError, match="broke off"),
    ):
        list(session.stream(f"{server.url}/file"))
    assert len(server.calls) == QUICK.attempts


def test_connections_that_bring_enough_may_break_often() -> None:
    session = GuardedSession(development=True, limits=replace(QUICK, attempts=2))
    with replaying_as(Breaking, {}) as server:
        server.after = 65536
        assert b"".join(session.stream(f"{server.url}/file")) == LONG
    assert len(server.calls) == 4
    session.close()


def test_a_connection_that_lasts_too_long_is_cut() -> None:
    session = GuardedSession(
        development=True, limits=replace(QUICK, stream_seconds=0.0001, attempts=1)
    )
    with (
        replaying({FILE: [Recorded(LONG)]}) as server,
        pytest.raises(Unreachable, match="did not answer in time"),
    ):
        list(session.stream(f"{server.url}/file"))
    session.close()


def test_a_file_that_is_not_there_is_refused(session: GuardedSession) -> None:
    with (
        replaying({FILE: [Recorded(b"", 403)]}) as server,
        pytest.raises(Refused, match="answered 403 instead of the file") as raised,
    ):
        list(session.stream(f"{server.url}/file"))
    assert raised.value.code == "http_403"
    assert len(server.calls) == 1


def test_private_addresses_and_plain_http_are_not_streamed() -> None:
    session = GuardedSession()
    for address in ("http://example.com/file", "https://127.0.0.1/file", "https://10.0.0.1/file"):
        with pytest.raises(ForbiddenAddress):
            list(session.stream(address))
    session.close()
