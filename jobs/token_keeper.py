"""A Shopify shop's rotating tokens, kept sealed in its store's row, for all workers together."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from connector.errors import TemporaryError
from connector.platform import Credentials
from connector.shopify.tokens import Tokens
from database import stores
from database.session import store_lock, store_transaction
from database.vault import Vault

PATIENCE_SECONDS = 120.0


class StoreTokenKeeper:
    """Keeps one shop's tokens; see `connector.shopify.tokens.TokenKeeper`.

    A shop that is just being connected has no row yet, or one with older tokens: of what the
    credentials brought and what the row holds, the later to expire counts.
    """

    def __init__(self, engine: Engine, vault: Vault, credentials: Credentials) -> None:
        self._engine = engine
        self._vault = vault
        self._brought = Tokens.read(credentials.secret.encode())
        self._store_id = stores.find(engine, "shopify", credentials.store_url)

    def current(self) -> Tokens:
        """The tokens as last saved, without waiting for anybody."""
        saved = self._saved()
        if saved is None or saved.expires_at < self._brought.expires_at:
            return self._brought
        return saved

    @contextmanager
    def exclusive(self) -> Iterator[Tokens]:
        """The newest tokens, while no other worker is in such a block for this shop.

        Raises:
            TemporaryError: another worker renews them and takes very long.
        """
        if self._store_id is None:
            yield self._brought
            return
        with store_lock(self._engine, self._store_id, "tokens", patience=PATIENCE_SECONDS) as alone:
            if not alone:
                raise TemporaryError("another worker is still renewing the shop's tokens")
            yield self.current()

    def save(self, tokens: Tokens) -> None:
        """Keep new tokens, committed before this returns. Only within `exclusive`.

        A store that was left meanwhile gets none, and one that was connected anew keeps its own.
        """
        self._brought = tokens
        if self._store_id is None:
            return
        with store_transaction(self._engine, self._store_id) as session:
            row = stores.get(session, lock=True)
            if row is None or row.credentials is None:
                return
            if self._read(row.credentials).expires_at <= tokens.expires_at:
                sealed = self._vault.seal({"key": "", "secret": json.dumps(tokens.as_json())})
                row.credentials = sealed

    def _saved(self) -> Tokens | None:
        if self._store_id is None:
            return None
        with store_transaction(self._engine, self._store_id) as session:
            row = stores.get(session)
            if row is None or row.credentials is None:
                return None
            return self._read(row.credentials)

    def _read(self, sealed: bytes) -> Tokens:
        return Tokens.read(self._vault.unseal(sealed)["secret"].encode())
