"""Who may deliver to which store: the secrets, remembered for a few seconds."""

import time
from dataclasses import dataclass, field, replace
from threading import Lock
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from database import stores
from database.session import store_transaction
from database.vault import Vault

REMEMBER_SECONDS = 5.0
REMEMBER_STORES = 10_000


@dataclass(frozen=True, slots=True)
class Door:
    """A store's door: its platform and the secrets that open it."""

    platform: str
    secrets: tuple[str, ...] = field(repr=False)
    until: float


class Gate:
    """Finds a store's secrets. Thread-safe."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault
        self._doors: dict[UUID, Door] = {}
        self._lock = Lock()

    def door(self, store_id: UUID, *, fresh: bool = False) -> Door | None:
        """The store's door, None when there is no such store or it was uninstalled.

        `fresh` asks the database, for when the secrets may have changed a moment ago.
        """
        with self._lock:
            known = self._doors.get(store_id)
            if known and not fresh:
                if known.until > time.monotonic():
                    return known
                # One request looks again; the others meanwhile go by what is known, instead of
                # all asking the database at the same moment.
                self._doors[store_id] = replace(known, until=time.monotonic() + REMEMBER_SECONDS)
        try:
            door = self._read(store_id)
        except OperationalError:
            # A delivery to a known store may wait until the database is back.
            if known and not fresh:
                return known
            raise
        with self._lock:
            if len(self._doors) >= REMEMBER_STORES:
                self._doors.clear()
            if door is None:
                self._doors.pop(store_id, None)
            else:
                self._doors[store_id] = door
        return door

    def _read(self, store_id: UUID) -> Door | None:
        with store_transaction(self._engine, store_id) as session:
            row = stores.get(session)
            if row is None or row.state == "uninstalled" or row.webhook_secrets is None:
                return None
            secrets = tuple(self._vault.unseal(row.webhook_secrets))
            return Door(row.platform, secrets, time.monotonic() + REMEMBER_SECONDS)
