"""Offline access tokens: got for a session token, renewed before and after they run out.

An access token lives an hour; its refresh token is used once and answers with a new pair. The
old refresh token may be used again until the new access token is used, so an answer that got
lost is simply asked for again, and a new pair is kept before anything is called with it.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Protocol

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from shopify_app import IdTokenDetails, TokenExchangeAccessToken, TokenExchangeResult
from shopify_app.exchange.refresh_token import refresh_access_token
from shopify_app.exchange.token_exchange import token_exchange

from connector.errors import CredentialsRefused, Refused
from connector.http import GuardedSession
from connector.shopify.oauth import GuardedTransport
from connector.shopify.session_token import SessionToken
from connector.shopify.shop import AppKeys
from connector.values import validate

# A token that runs out within this time is renewed first, so that no call is made in vain.
MARGIN = timedelta(minutes=2)


class _Kept(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: str = Field(min_length=1)
    expires_at: AwareDatetime
    refresh_token: str = Field(min_length=1)
    refresh_expires_at: AwareDatetime
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """A shop's offline tokens and the scopes that the merchant has granted."""

    access_token: str = field(repr=False)
    expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime
    scopes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same as values of JSON, to be sealed."""
        return {
            "access_token": self.access_token,
            "expires_at": self.expires_at.isoformat(),
            "refresh_token": self.refresh_token,
            "refresh_expires_at": self.refresh_expires_at.isoformat(),
            "scopes": list(self.scopes),
        }

    @classmethod
    def read(cls, content: Mapping[str, Any] | bytes) -> "Tokens":
        """What `as_json` gave, or its JSON. Raises BadPayload."""
        return cls(**dict(validate(_Kept, content, "the shop's tokens")))


class TokenKeeper(Protocol):
    """Where one shop's tokens are kept, for all workers together."""

    def current(self) -> Tokens:
        """The tokens as last saved, without waiting for anybody."""
        ...

    def exclusive(self) -> AbstractContextManager[Tokens]:
        """The newest tokens, while no other worker is in such a block for this shop."""
        ...

    def save(self, tokens: Tokens) -> None:
        """Keep new tokens, durably before this returns. Only within `exclusive`."""
        ...


class MemoryKeeper:
    """Keeps one shop's tokens in this process alone."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._lock = Lock()

    def current(self) -> Tokens:
        """The tokens as last saved."""
        return self._tokens

    @contextmanager
    def exclusive(self) -> Iterator[Tokens]:
        """The newest tokens, while no other thread is in such a block."""
        with self._lock:
            yield self._tokens

    def save(self, tokens: Tokens) -> None:
        """Keep new tokens."""
        self._tokens = tokens


class ShopTokens:
    """Gives a shop's access token and renews it; see `connector.shopify.graphql.AccessTokens`."""

    def __init__(
        self, app: AppKeys, address: str, keeper: TokenKeeper, session: GuardedSession
    ) -> None:
        self._app = app
        self._address = address
        self._keeper = keeper
        self._session = session

    def token(self) -> str:
        """An access token that has not run out.

        Raises:
            CredentialsRefused: it has, and cannot be renewed.
            TemporaryError: the shop did not answer.
        """
        tokens = self._keeper.current()
        return tokens.access_token if _is_fresh(tokens) else self.renewed(tokens.access_token)

    def renewed(self, spent: str) -> str:
        """Another access token than `spent`. Raises as `token` does."""
        with self._keeper.exclusive() as newest:
            # While this worker waited for its turn, another may have renewed the tokens.
            if newest.access_token != spent and _is_fresh(newest):
                return newest.access_token
            tokens = refresh(self._app, self._address, newest, self._session)
            self._keeper.save(tokens)
            return tokens.access_token


def exchange(app: AppKeys, address: str, token: SessionToken, session: GuardedSession) -> Tokens:
    """Offline tokens for a session token that has been verified.

    `address` is the shop's; in development it may be a pretend shop's.

    Raises:
        CredentialsRefused: the shop does not accept the session token, which lives a minute, or
            the app's keys.
        Refused: the app's keys are not set, or its tokens do not expire.
        TemporaryError: the shop did not answer.
    """
    details = IdTokenDetails(exchangeable=True, token=token.text, claims=dict(token.claims))
    with _client(address, session) as client:
        result = token_exchange(
            "offline", app.config(), id_token=details, expiring=True, http_client=client
        )
    return _tokens(result)


def refresh(app: AppKeys, address: str, tokens: Tokens, session: GuardedSession) -> Tokens:
    """The next pair of tokens. May be asked for again as long as the new one is not used.

    Raises as `exchange` does.
    """
    shop = httpx.URL(address).host.removesuffix(".myshopify.com")
    known = TokenExchangeAccessToken(
        shop=shop,
        token=tokens.access_token,
        # An empty time of expiry: the package would not renew a token that has been revoked.
        expires="",
        scope=",".join(tokens.scopes),
        access_mode="offline",
        refresh_token=tokens.refresh_token,
        refresh_token_expires=tokens.refresh_expires_at.isoformat(),
        user=None,
    )
    with _client(address, session) as client:
        result = refresh_access_token(known, app.config(), http_client=client)
    return _tokens(result)


def _client(address: str, session: GuardedSession) -> httpx.Client:
    return httpx.Client(transport=GuardedTransport(session, address), trust_env=False)


def _tokens(result: TokenExchangeResult) -> Tokens:
    # Its `http_logs` and `response` are never looked at: they may hold what was sent.
    got = result.access_token
    if result.ok and got is not None and got.expires and got.refresh_token_expires:
        return Tokens(
            access_token=got.token,
            expires_at=datetime.fromisoformat(got.expires),
            refresh_token=got.refresh_token or "",
            refresh_expires_at=datetime.fromisoformat(got.refresh_token_expires),
            scopes=tuple(scope for scope in got.scope.split(",") if scope),
        )
    code = result.log.code
    if code == "configuration_error":
        raise Refused("the app's client id and secret are not set", code=code)
    # `invalid_client` is told for a wrong secret and for an app that was removed alike.
    raise CredentialsRefused(
        f"the shop gives no token ({code}); open the app in the shop to connect it again"
    )


def _is_fresh(tokens: Tokens) -> bool:
    return tokens.expires_at - MARGIN > datetime.now(UTC)
