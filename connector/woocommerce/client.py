"""The calls to a WooCommerce store's REST API, version 3."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pydantic_core
import requests
from requests.auth import HTTPBasicAuth
from woocommerce import API
from woocommerce.oauth import OAuth

from connector.errors import (
    ConnectorError,
    CredentialsRefused,
    NotFound,
    RateLimited,
    Refused,
    TemporaryError,
)
from connector.http import Answer, GuardedSession, retry_after
from connector.platform import Credentials


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer: its JSON as Python values, and of a listing the size of it.

    `pages` and `total` are None where the store does not say.
    """

    content: Any
    pages: int | None = None
    total: int | None = None


class _Signature(OAuth):  # type: ignore[misc]  # The package has no types.
    """The package's signature, with a nonce that does not repeat.

    The package draws from a hundred million: of ten thousand calls in a store's quarter of an hour
    two are likely the same, and the store refuses the second with 401.
    """

    @staticmethod
    def generate_nonce() -> str:
        """A text that no other call has."""
        return secrets.token_hex(20)


class Client(API):  # type: ignore[misc]  # The package has no types.
    """The `woocommerce` package's client with our guarded session beneath it.

    `get`, `post`, `put` and `delete` are the package's, under `wc/v3/`; they give a `Reply` and
    take `repeatable=False` for a call that must not be made twice. The package signs: OAuth 1.0a
    in the query over http, Basic over https. Its sending is replaced, because it has neither
    timeouts in total, retries nor reuse of connections. A list among the parameters is written
    by the caller with commas between, as WordPress reads it: the package would sign its repr.
    """

    def __init__(self, credentials: Credentials, session: GuardedSession) -> None:
        super().__init__(credentials.store_url, credentials.key, credentials.secret)
        self._session = session

    def _API__request(  # noqa: N802  # The package's private method, by its mangled name.
        self,
        method: str,
        endpoint: str,
        data: object,
        params: Mapping[str, str | int] | None = None,
        *,
        repeatable: bool = True,
    ) -> Reply:
        return self._session.call(
            lambda: self._signed(method, endpoint, data, params or {}),
            lambda answer: read_answer(answer, f"{method} {endpoint}"),
            repeatable=repeatable,
        )

    def index(self) -> Reply:
        """The public index of the store's REST API, which tells its name and time zone."""
        address = f"{self.url.rstrip('/')}/wp-json/"
        return self._session.call(
            lambda: requests.Request("GET", address),
            lambda answer: read_answer(answer, "GET wp-json"),
        )

    def _signed(
        self, method: str, endpoint: str, data: object, parameters: Mapping[str, str | int]
    ) -> requests.Request:
        address = self._API__get_url(endpoint)
        if parameters:
            address = f"{address}?{urlencode(parameters)}"
        request = requests.Request(method, address, headers={"Accept": "application/json"})
        if self.is_ssl:
            request.auth = HTTPBasicAuth(self.consumer_key, self.consumer_secret)
        else:
            keys = {"consumer_key": self.consumer_key, "consumer_secret": self.consumer_secret}
            signature = _Signature(url=address, method=method, version=self.version, **keys)
            request.url = signature.get_oauth_url()
        if data is not None:
            request.data = pydantic_core.to_json(data)
            request.headers["Content-Type"] = "application/json;charset=utf-8"
        return request


def read_answer(answer: Answer, call: str) -> Reply:
    """The content of a successful answer to `call`, which names it in errors.

    The store's own messages are left out of the errors, because they quote what was sent.

    Raises:
        CredentialsRefused: 401, or 403 from WooCommerce itself.
        NotFound: 404 from WooCommerce about the object; one about the route is temporary.
        RateLimited: 429.
        TemporaryError: other 5xx and what is no JSON, such as a maintenance page.
        Refused: any other answer; also a 5xx in which WooCommerce gives a reason of its own.
    """
    content = _read_json(answer.body)
    if 200 <= answer.status < 300:
        if isinstance(content, (dict, list)):
            return Reply(content, *(_size(answer, name) for name in ("Pages", "")))
        raise TemporaryError(f"{call}: answered {_describe(answer)} instead of JSON, or half of it")
    code = content.get("code") if isinstance(content, dict) else None
    raise _failure(answer, call, code if isinstance(code, str) else "", content)


def _failure(answer: Answer, call: str, code: str, content: object) -> ConnectorError:
    status = answer.status
    told = f"{call}: answered {status} {code or _describe(answer)}"
    if status == 429:
        return RateLimited(told, retry_after=retry_after(answer.headers))
    if status == 401 or (status == 403 and code):
        return CredentialsRefused(f"{told}; install again with a key that may read and write")
    if status == 404 and code and code != "rest_no_route":
        return NotFound(told)
    # Any other 404 is about the route: WooCommerce is switched off or being updated, or the store
    # has no permalinks. A 5xx with WooCommerce's own code is a considered answer.
    is_passing = status >= 500 and not code.startswith("woocommerce_rest_")
    if status == 404:
        told += "; is WooCommerce active, with permalinks switched on?"
    if is_passing or status in (404, 408):
        return TemporaryError(told, retry_after=retry_after(answer.headers))
    if 300 <= status < 400:
        target = urlsplit(answer.headers.get("Location", ""))
        moved = f"{target.scheme}://{target.hostname}" if target.hostname else "another address"
        return Refused(f"{told}; the store has moved to {moved}: install it there", code=code)
    return Refused(told + _parameters(content), code=code or f"http_{status}")


def _read_json(body: bytes) -> Any:
    try:
        # Some plugins put a byte order mark before every answer of the store.
        return pydantic_core.from_json(body.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        return None


def _describe(answer: Answer) -> str:
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    start = answer.body[:200].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<br", b"<b>")):
        return "an HTML page"
    return f"{kind or 'something'} of {len(answer.body)} bytes"


def _parameters(content: object) -> str:
    data = content.get("data") if isinstance(content, dict) else None
    names = data.get("params") if isinstance(data, dict) else None
    return f" ({', '.join(map(str, names))})" if isinstance(names, dict) and names else ""


def _size(answer: Answer, name: str) -> int | None:
    text = answer.headers.get(f"X-WP-Total{name}", "")
    return int(text) if text.isascii() and text.isdigit() else None
