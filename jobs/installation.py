"""A store comes and goes: connecting it, repairing the connection, and leaving it as it was."""

import secrets
from dataclasses import replace
from uuid import UUID, uuid4

import structlog
from sqlalchemy import func
from sqlalchemy.exc import IntegrityError

from connector.errors import TemporaryError
from connector.manifest import load
from connector.platform import Credentials, StoreProfile
from connector.registry import platform
from database import outbox, points, progress, stores
from database.models import Store
from database.session import store_lock, store_transaction
from database.vault import VaultError
from jobs import queue
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context, connected, describe
from jobs.history import BACKFILL
from jobs.profile import keep_profile
from jobs.subscriptions import webhook_address
from jobs.write_back import LOCK as WRITING
from jobs.write_back import write_all

log = structlog.get_logger()

LONGEST_WRITE = 120.0


def connect(context: Context, name: str, credentials: Credentials, region: str = "") -> UUID:
    """Connect a store, new or known, after a call has proved its keys; its history is then loaded.

    A store that is known by its address keeps its data, settings and webhook secret, and what it
    was shown before is written to it again.

    Raises:
        ConnectorError: the keys were refused, or the store did not answer.
    """
    adapter = platform(name)
    connection = adapter.open(credentials, region=region, development=context.development)
    try:
        profile = connection.profile()
    finally:
        connection.close()
    try:
        store_id = _keep(context, name, profile, credentials)
    except IntegrityError:
        # Somebody else has connected the same new store at the same moment.
        store_id = _keep(context, name, profile, credentials)
    log.info("store connected", store=str(store_id), platform=name)
    queue.enqueue(context.redis, queue.INSTALL, store_id)
    return store_id


def _keep(context: Context, name: str, profile: StoreProfile, credentials: Credentials) -> UUID:
    store_id = stores.find(context.engine, name, credentials.store_url) or uuid4()
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session, lock=True) or Store(
            id=store_id, platform=name, url=credentials.store_url, settings={}
        )
        _fill(context, row, profile, credentials)
        session.add(row)
        session.flush()
        for task in BACKFILL.values():
            progress.begin(session, task)
        want_points(session, describe(context, row), points.holders(session))
        outbox.reconsider_dead(session)
        outbox.reconsider_all(session, "cross_sells")
        stores.mark_dirty(session)
    return store_id


def _fill(context: Context, row: Store, profile: StoreProfile, credentials: Credentials) -> None:
    keep_profile(row, profile)
    row.credentials = context.vault.seal({"key": credentials.key, "secret": credentials.secret})
    try:
        known = context.vault.unseal(row.webhook_secrets) if row.webhook_secrets else []
    except VaultError:
        known = []
    row.webhook_secrets = context.vault.seal(known or [secrets.token_urlsafe(32)])
    if "purchase_statuses" not in row.settings:
        statuses = load().platforms[row.platform].purchase_statuses
        row.settings = {**row.settings, "purchase_statuses": list(statuses)}
    if row.uninstalled_at is not None:
        # Jobs of the earlier installation that are still under way must not count for this one.
        row.installed_at = func.clock_timestamp()
    row.state, row.uninstalled_at = "active", None


def uninstall(context: Context, store_id: UUID) -> None:
    """Leave a store: its own cross-sells come back, our fields go, webhooks and keys go.

    A store that was left already is left alone.

    Raises:
        ConnectorError: the store refuses our key, or did not take everything; the store does
            nothing but wait then, until this is called again or the store connects anew.
        LookupError: there is no such store.
    """
    # From here on no other job changes anything for the store; one that writes ends first.
    store = _begin_leaving(context, store_id)
    if store is None:
        return
    with store_lock(context.engine, store_id, WRITING, patience=LONGEST_WRITE) as alone:
        if not alone:
            raise TemporaryError("the store is still being written to; uninstall it again later")
        with connected(context, store) as connection:
            connection.remove_webhooks(webhook_address(context, store))
            _want_nothing(context, store)
            write_all(context, store, connection)
    _end_leaving(context, store)
    log.info("store uninstalled", store=str(store_id))


def _begin_leaving(context: Context, store_id: UUID) -> ActiveStore | None:
    with store_transaction(context.engine, store_id) as session:
        row = stores.existing(session, lock=True)
        if row.state == "uninstalled":
            return None
        row.state = "leaving"
        store = describe(context, row)
    return replace(store, settings=store.settings.model_copy(update={"cross_sell_mode": "off"}))


def _end_leaving(context: Context, store: ActiveStore) -> None:
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        if left := outbox.unfinished(session):
            raise TemporaryError(
                f"the store did not take back everything, {left} objects are left; "
                "uninstall it again later"
            )
        row = stores.get(session)
        if row is not None:
            row.state, row.credentials, row.webhook_secrets = "uninstalled", None, None
            row.uninstalled_at = stores.now(session)


def _want_nothing(context: Context, store: ActiveStore) -> None:
    fields = dict.fromkeys(load().platforms[store.platform.name].customer_fields.values())
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        customers = outbox.ever_written(session, "customer")
        products = outbox.ever_written(session, "cross_sells")
        outbox.forget_unwritten(session)
        outbox.want(session, "customer", dict.fromkeys(customers, fields))
        outbox.want(session, "cross_sells", {name: {"ours": []} for name in products})
        outbox.reconsider_all(session, "customer")
        outbox.reconsider_all(session, "cross_sells")
