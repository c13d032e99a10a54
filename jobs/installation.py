"""A store comes and goes: connecting it, repairing the connection, and leaving it as it was."""

import secrets
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from connector.manifest import load
from connector.platform import Credentials, StoreProfile
from connector.registry import platform
from database import outbox, progress, stores
from database.models import Store
from database.session import store_transaction
from database.vault import VaultError
from jobs import queue
from jobs.context import ActiveStore, Context, connected, describe
from jobs.history import BACKFILL
from jobs.subscriptions import webhook_address
from jobs.write_back import write_all

log = structlog.get_logger()


def connect(context: Context, name: str, credentials: Credentials, region: str = "") -> UUID:
    """Connect a store, new or known, after a call has proved its keys; its history is then loaded.

    A store that is known by its address keeps its data, settings and webhook secret.

    Raises:
        ConnectorError: the keys were refused, or the store did not answer.
    """
    adapter = platform(name)
    connection = adapter.open(credentials, region=region, development=context.development)
    try:
        profile = connection.profile()
    finally:
        connection.close()
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
    log.info("store connected", store=str(store_id), platform=name)
    queue.enqueue(context.redis, queue.INSTALL, store_id)
    return store_id


def _fill(context: Context, row: Store, profile: StoreProfile, credentials: Credentials) -> None:
    row.name, row.currency = profile.name, profile.currency
    row.time_zone, row.country = profile.time_zone, profile.country
    row.warnings = list(profile.warnings)
    row.credentials = context.vault.seal({"key": credentials.key, "secret": credentials.secret})
    try:
        known = context.vault.unseal(row.webhook_secrets) if row.webhook_secrets else []
    except VaultError:
        known = []
    row.webhook_secrets = context.vault.seal(known or [secrets.token_urlsafe(32)])
    if "purchase_statuses" not in row.settings:
        statuses = load().platforms[row.platform].purchase_statuses
        row.settings = {**row.settings, "purchase_statuses": list(statuses)}
    row.state, row.uninstalled_at = "active", None


def uninstall(context: Context, store_id: UUID) -> None:
    """Leave a store: its own cross-sells come back, our fields go, webhooks and keys go.

    Raises:
        ConnectorError: the store did not answer; nothing was left half-done for good, call again.
        LookupError: there is no such store.
    """
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session, lock=True)
        if row is None:
            raise LookupError(f"no store {store_id}; `bazgasht stores` lists them")
        row.settings = {**row.settings, "cross_sell_mode": "off"}
        store = describe(context, row)
        _want_nothing(session, store)
    with connected(context, store) as connection:
        connection.remove_webhooks(webhook_address(context, store))
        write_all(context, store, connection)
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session, lock=True)
        if row is not None:
            row.state, row.credentials, row.webhook_secrets = "uninstalled", None, None
            row.uninstalled_at = stores.now(session)
            row.settings = {k: v for k, v in row.settings.items() if k != "cross_sell_mode"}
    log.info("store uninstalled", store=str(store_id))


def _want_nothing(session: Session, store: ActiveStore) -> None:
    fields = dict.fromkeys(load().platforms[store.platform.name].customer_fields.values())
    customers = outbox.ever_written(session, "customer")
    outbox.forget_unwritten(session)
    outbox.want(session, "customer", dict.fromkeys(customers, fields))
    outbox.want(
        session,
        "cross_sells",
        {name: {"ours": []} for name in outbox.ever_written(session, "cross_sells")},
    )
    outbox.reconsider_all(session, "cross_sells")
