"""Expiring offline access tokens with rotating refresh tokens."""

import secrets
import time
from dataclasses import dataclass, field
from threading import Lock


@dataclass
class TokenPair:
    """An access token with the refresh token that renews it; moments in seconds since 1970.

    `successor` is the pair that a refresh gave; `is_used` says that one of the two tokens was
    used since they were given out.
    """

    scopes: tuple[str, ...]
    access_expires: float
    refresh_expires: float
    access_token: str = field(default_factory=lambda: f"shpat_{secrets.token_hex(16)}", repr=False)
    refresh_token: str = field(default_factory=lambda: f"shprt_{secrets.token_hex(16)}", repr=False)
    successor: "TokenPair | None" = None
    is_used: bool = False
    is_retired: bool = False


class TokenBook:
    """The tokens that an app holds for the shop.

    A refresh token gives a new pair once. Until that pair is used it may be tried again, for an
    app that did not get the answer: it gives another pair then, and the pair that was not used
    is retired. Lifetimes are in seconds.
    """

    def __init__(self, access_seconds: float = 3600, refresh_seconds: float = 7_776_000) -> None:
        self.access_seconds = access_seconds
        self.refresh_seconds = refresh_seconds
        self.refreshes = 0
        self._by_access: dict[str, TokenPair] = {}
        self._by_refresh: dict[str, TokenPair] = {}
        self._lock = Lock()

    def issue(self, scopes: tuple[str, ...]) -> TokenPair:
        """Give a new pair, as a token exchange does."""
        with self._lock:
            return self._issue(scopes)

    def _issue(self, scopes: tuple[str, ...]) -> TokenPair:
        now = time.time()
        pair = TokenPair(scopes, now + self.access_seconds, now + self.refresh_seconds)
        self._by_access[pair.access_token] = pair
        self._by_refresh[pair.refresh_token] = pair
        return pair

    def holder(self, access_token: str) -> TokenPair | None:
        """The pair of an access token that is valid now, noted as used."""
        with self._lock:
            pair = self._by_access.get(access_token)
            if pair is None or pair.is_retired or pair.access_expires <= time.time():
                return None
            pair.is_used = True
            return pair

    def refresh(self, refresh_token: str, scopes: tuple[str, ...]) -> TokenPair | None:
        """The next pair; None when the refresh token is not valid any more."""
        with self._lock:
            pair = self._by_refresh.get(refresh_token)
            if pair is None or pair.is_retired or pair.refresh_expires <= time.time():
                return None
            if pair.successor is not None:
                if pair.successor.is_used:
                    return None
                pair.successor.is_retired = True
            pair.is_used = True
            self.refreshes += 1
            pair.successor = self._issue(scopes)
            return pair.successor

    def expire_access(self, *, unused: bool = True) -> None:
        """Let every access token expire now, or only those used; the refresh tokens live on."""
        with self._lock:
            for pair in self._by_access.values():
                if unused or pair.is_used:
                    pair.access_expires = 0

    def revoke(self) -> None:
        """Forget every token, as an uninstall does."""
        with self._lock:
            self._by_access.clear()
            self._by_refresh.clear()
