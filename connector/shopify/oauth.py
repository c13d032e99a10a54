"""The way from Shopify's own package to the shop: through our guarded session.

`shopifyapp` speaks through an httpx client, which would follow the machine's proxies, ask any
address and log what it likes. Given this transport it can only reach the shop's token endpoint.
"""

from urllib.parse import urlsplit

import httpx
import pydantic_core
import requests
from pydantic import BaseModel, ConfigDict, Field

from connector.errors import BadPayload, RateLimited, Refused, TemporaryError
from connector.http import Answer, GuardedSession, retry_after
from connector.values import validate

_SENT_ON = ("content-type", "accept")


class _Granted(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: str = Field(min_length=1)
    expires_in: int = Field(gt=0, le=100 * 24 * 3600)
    refresh_token: str = Field(min_length=1)
    refresh_token_expires_in: int = Field(gt=0, le=1000 * 24 * 3600)
    scope: str = ""


class GuardedTransport(httpx.BaseTransport):
    """Sends what the package builds to the same path of the shop at `address`.

    An answer that is none yet is asked for again here, with our patience: 429, 5xx, half of one.
    """

    def __init__(self, session: GuardedSession, address: str) -> None:
        self._session = session
        self._address = address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The shop's answer; raises from `connector.errors`, not from httpx."""
        address = f"{self._address}{urlsplit(str(request.url)).path}"
        headers = {name: request.headers[name] for name in _SENT_ON if name in request.headers}
        body = request.read()
        return self._session.call(
            lambda: requests.Request(request.method, address, headers=headers, data=body),
            read_grant,
        )


def read_grant(answer: Answer) -> httpx.Response:
    """The token endpoint's answer, checked where it grants tokens.

    Raises:
        RateLimited, TemporaryError: it is no answer yet.
        Refused: it grants a token that does not expire, which public apps may not use, or sends
            elsewhere.
    """
    told = f"the shop's token endpoint answered {answer.status}"
    if answer.status == 429:
        raise RateLimited(told, retry_after=retry_after(answer.headers))
    if answer.status >= 500 or answer.status == 408:
        raise TemporaryError(told, retry_after=retry_after(answer.headers))
    if 300 <= answer.status < 400:
        raise Refused(f"{told}; the shop has another domain", code=f"http_{answer.status}")
    if answer.status == 200:
        _check_grant(answer.body)
    return httpx.Response(answer.status, content=answer.body)


def _check_grant(body: bytes) -> None:
    try:
        pydantic_core.from_json(body)
    except ValueError:
        raise TemporaryError("the shop's token endpoint gave half an answer") from None
    try:
        validate(_Granted, body, "the shop's token endpoint")
    except BadPayload as error:
        raise Refused(f"{error}; the app must use expiring offline tokens") from None
