"""The only way out to a store: guarded, bounded and repeated with patience.

The address that a store gives is not trusted. `requests-hardened` resolves the name once,
refuses private and loopback addresses, and connects to the very address it has checked.
"""

import email.utils
import logging
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from itertools import count
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress

from connector.deadline import Deadline, DeadlineAdapter
from connector.errors import ForbiddenAddress, Refused, TemporaryError, TooLarge, Unreachable
from connector.manifest import load

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one call, in seconds and bytes.

    `total_seconds` covers all attempts together. `longest_wait` is how long a store may ask to
    wait before the call gives up and leaves the waiting to its caller. A connection of a stream
    lasts at most `stream_seconds` and must bring `least_progress` bytes to count as one that
    works.
    """

    connect_seconds: float = 5
    read_seconds: float = 30
    total_seconds: float = 90
    largest_answer: int = 64 * 1024 * 1024
    attempts: int = 4
    stream_seconds: float = 900
    least_progress: int = 64 * 1024
    back_off_seconds: float = 0.5
    longest_back_off: float = 8
    longest_wait: float = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """A store's whole answer; header names are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class GuardedSession:
    """Calls one store and keeps its connections for reuse. Safe to use from several threads."""

    def __init__(
        self,
        *,
        development: bool = False,
        limits: Limits | None = None,
        authorities: str | None = None,
    ) -> None:
        """Open nothing yet.

        `development` allows loopback addresses and plain http. `authorities` is a file of
        certificates to trust instead of the usual ones, or instead of REQUESTS_CA_BUNDLE's.
        """
        self.limits = limits or Limits()
        self._development = development
        self._session = HTTPSession(
            Config(
                ip_filter_enable=True,
                ip_filter_allow_loopback_ips=development,
                never_redirect=True,
                default_timeout=(self.limits.connect_seconds, self.limits.read_seconds),
                user_agent_override=f"Bazgasht/{load().version}",
            )
        )
        for scheme in ("http", "https"):
            adapter = DeadlineAdapter(scheme == "https", allow_loopback=development)
            self._session.mount(f"{scheme}://", adapter)
        # Neither proxies nor passwords from the machine's own configuration, and no cookies.
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.verify = authorities or os.environ.get("REQUESTS_CA_BUNDLE") or True

    def call(
        self,
        build: Callable[[], requests.Request],
        read: Callable[[Answer], Result],
        *,
        repeatable: bool = True,
    ) -> Result:
        """What `read` makes of the answer to the request that `build` makes.

        While the call fails for now and is `repeatable`, it is made again, each time with a
        request newly built (a signature may be used once), after a growing random pause or the
        one that the store asks for. Redirects are not followed: `read` gets to see them.

        Raises:
            TemporaryError: all attempts failed; also whatever `read` raises.
            ForbiddenAddress: the address may not be called.
            TooLarge: the answer is over the limit.
        """
        ends = time.monotonic() + self.limits.total_seconds
        for attempt in count(1):
            try:
                return read(self._send(build(), ends))
            except TemporaryError as error:
                pause = self._pause(attempt, error.retry_after)
                is_last = not repeatable or attempt >= self.limits.attempts
                if is_last or pause is None or time.monotonic() + pause >= ends:
                    raise
            time.sleep(pause)
        raise AssertionError("the attempts never run out without an answer or an error")

    def stream(self, address: str) -> Iterator[bytes]:
        """The body of a GET in pieces, however long; goes on where a connection broke.

        Raises:
            TemporaryError: connections kept failing without bringing anything.
            Refused: the server answered something else than the file.
        """
        offset = failures = 0
        while True:
            began = offset
            try:
                for piece in self._pieces(address, offset):
                    offset += len(piece)
                    yield piece
            except TemporaryError as error:
                failures = 1 if offset - began >= self.limits.least_progress else failures + 1
                pause = self._pause(failures, error.retry_after)
                if failures >= self.limits.attempts or pause is None:
                    raise
            else:
                return
            time.sleep(pause)

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def _pieces(self, address: str, offset: int) -> Iterator[bytes]:
        """What follows after `offset` bytes, over one connection."""
        host = self._permitted(address)
        # Nothing may be compressed on the way: a position within it would mean nothing.
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        deadline = Deadline(self.limits.stream_seconds)
        try:
            with deadline, self._open(requests.Request("GET", address, headers)) as response:
                _check_stream(response, host)
                skip = offset if response.status_code == 200 else 0
                for piece in response.iter_content(64 * 1024):
                    rest, skip = piece[skip:], max(skip - len(piece), 0)
                    if rest:
                        yield rest
                if deadline.expired:
                    raise TimeoutError
                return
        except (requests.RequestException, OSError, UnicodeError) as error:
            failure = _explain(error, host, deadline)
        raise failure

    def _pause(self, attempt: int, asked: float | None) -> float | None:
        if asked is not None:
            return asked if asked <= self.limits.longest_wait else None
        longest = self.limits.back_off_seconds * 2.0 ** (attempt - 1)
        # The pause is random so that many workers do not come back at the same instant.
        return random.uniform(0.5, 1) * min(longest, self.limits.longest_back_off)  # noqa: S311

    def _send(self, request: requests.Request, ends: float) -> Answer:
        host = self._permitted(request.url)
        deadline = Deadline(max(ends - time.monotonic(), 0.001))
        try:
            with deadline:
                return self._exchange(request, deadline)
        except (requests.RequestException, OSError, UnicodeError) as error:
            failure = _explain(error, host, deadline)
        # Raised here and not in the clause above: what requests raises holds the whole address,
        # whose query carries the signature, and would be printed as the cause.
        raise failure

    def _permitted(self, address: str) -> str:
        """The host of an address that may be called."""
        parts = urlsplit(address)
        if parts.scheme not in (("http", "https") if self._development else ("https",)):
            raise ForbiddenAddress(f"{parts.hostname}: only https addresses are called")
        return str(parts.hostname)

    def _open(self, request: requests.Request) -> requests.Response:
        prepared = self._session.prepare_request(request)
        response: requests.Response = self._session.send(
            prepared, stream=True, verify=self._session.verify
        )
        return response

    def _exchange(self, request: requests.Request, deadline: Deadline) -> Answer:
        with self._open(request) as response:
            body = bytearray()
            for chunk in response.iter_content(64 * 1024):
                body += chunk
                if len(body) > self.limits.largest_answer:
                    limit = f"{self.limits.largest_answer:,} bytes"
                    raise TooLarge(f"{urlsplit(request.url).hostname}: answered over {limit}")
            if deadline.expired:
                raise TimeoutError
            return Answer(response.status_code, response.headers, bytes(body))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a Retry-After header asks for, given as a number or as a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def _check_stream(response: requests.Response, host: str) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    told = f"{host}: answered {status} instead of the file"
    if status in (408, 429) or status >= 500:
        raise TemporaryError(told, retry_after=retry_after(response.headers))
    raise Refused(told, code=f"http_{status}")


def _explain(error: Exception, host: str, deadline: Deadline) -> Exception:
    """Our error for one of requests', without its text, which may hold the query."""
    if isinstance(error, InvalidIPAddress):
        return ForbiddenAddress(f"{host}: resolves to a private address")
    if isinstance(error, (requests.exceptions.InvalidURL, UnicodeError)):
        return ForbiddenAddress(f"{host}: is not an address that can be called")
    if deadline.expired or isinstance(error, (requests.Timeout, TimeoutError)):
        return Unreachable(f"{host}: did not answer in time")
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable(f"{host}: has no valid certificate for this name")
    if isinstance(
        error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)
    ):
        return TemporaryError(f"{host}: its answer broke off")
    return Unreachable(f"{host}: could not be reached, or broke the connection")


def _without_queries(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            text.partition("?")[0] if isinstance(text, str) else text for text in record.args
        )
    return True


# At the level of debugging urllib3 logs every address with its query, where signatures are.
logging.getLogger("urllib3.connectionpool").addFilter(_without_queries)
