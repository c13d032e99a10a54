"""What every job needs: connections, keys and where the app is reached.

A process sets its context once, at its start; jobs, which RQ calls by name, then find it here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from redis import Redis
from sqlalchemy import Engine

from connector.errors import CredentialsRefused
from connector.platform import ConnectedStore, Credentials, StorePlatform
from connector.registry import platform
from connector.settings import Settings, validate_settings
from database import stores
from database.models import Store
from database.session import store_transaction
from database.vault import Vault

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Context:
    """The process's connections. `public_url` is where stores reach the app, without a slash.

    `lists_bytes` is how much memory a worker may take to keep stores' lists in.
    """

    engine: Engine
    redis: Redis
    vault: Vault
    public_url: str
    development: bool
    lists_bytes: int = 2 << 30


class NotActive(Exception):
    """The store is unknown or not active: its jobs end without doing anything."""


@dataclass(frozen=True, slots=True)
class ActiveStore:
    """A store with what its jobs need, read once at a job's start.

    What a job finds out is kept only while the store's `state` is still the same, and the
    installation that it began in, which `installed_at` names. `zone` is the store's time zone.
    Orders paid before `points_since` (None: any) earn by a backfill only: `backfill` names the
    one under way, `undone_backfills` those that were taken back.
    """

    id: UUID
    state: str
    installed_at: datetime
    platform: StorePlatform
    settings: Settings
    credentials: Credentials
    currency: str
    region: str
    zone: str
    points_since: datetime | None = None
    backfill: str = ""
    undone_backfills: frozenset[str] = frozenset()


class _Holder:
    context: Context | None = None


def use(context: Context) -> None:
    """Set the process's context."""
    _Holder.context = context


def current() -> Context:
    """The process's context.

    Raises:
        RuntimeError: the process never set one.
    """
    if _Holder.context is None:
        raise RuntimeError("jobs.context.use(...) must be called before jobs are run")
    return _Holder.context


def active_store(context: Context, store_id: UUID) -> ActiveStore:
    """The store, its settings checked and its keys opened.

    Raises:
        NotActive: there is no such store, or it is not active.
    """
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session)
        if row is None or row.state != "active" or row.credentials is None:
            raise NotActive(str(store_id))
        return describe(context, row)


def describe(context: Context, row: Store) -> ActiveStore:
    """The same, from a row at hand."""
    if row.credentials is None:
        raise NotActive(str(row.id))
    keys = context.vault.unseal(row.credentials)
    return ActiveStore(
        id=row.id,
        state=row.state,
        installed_at=row.installed_at,
        platform=platform(row.platform),
        settings=validate_settings(row.settings),
        credentials=Credentials(row.url, keys["key"], keys["secret"]),
        currency=row.currency,
        region=row.country,
        zone=row.time_zone,
        points_since=row.points_since,
        undone_backfills=frozenset(row.undone_backfills),
    )


@contextmanager
def connected(context: Context, store: ActiveStore) -> Iterator[ConnectedStore]:
    """A connection to the store's API for as long as the block runs."""
    connection = store.platform.open(
        store.credentials, region=store.region, development=context.development
    )
    try:
        yield connection
    finally:
        connection.close()


def disconnect(context: Context, store: ActiveStore, error: CredentialsRefused) -> None:
    """Note that the store refuses our key: its work waits until it is connected again."""
    log.warning("store refuses our key", store=str(store.id), error=str(error))
    with store_transaction(context.engine, store.id) as session:
        stores.change_state(session, "active", "disconnected")
