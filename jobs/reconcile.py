"""Finding what webhooks missed: polling by date, comparing identifiers, mending webhooks."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from connector.errors import ConnectorError, CredentialsRefused
from connector.platform import ConnectedStore
from database import catalogue, customers, orders, stores
from database.session import store_transaction
from jobs import notices, queue
from jobs.context import (
    ActiveStore,
    Context,
    NotActive,
    active_store,
    connected,
    current,
    describe,
    disconnect,
)
from jobs.history import look_up, poll
from jobs.profile import refresh_profile
from jobs.regroup import regroup_guests
from jobs.reviews import read_reviews
from jobs.subscriptions import register_webhooks, topics, webhook_address
from retention.records import ObjectKind

log = structlog.get_logger()

UNREAD_AT_ONCE = 500
READING_SECONDS = 120.0
REFUNDED_WITHIN = timedelta(days=30)


PRESENT: Mapping[ObjectKind, Callable[[Session, datetime | None], set[str]]] = {
    "category": lambda session, _: catalogue.present_categories(session),
    "product": lambda session, _: catalogue.present_products(session),
    "customer": lambda session, _: customers.present_accounts(session),
    "order": orders.present_orders,
}


def reconcile(store_id: str) -> None:
    """Read what changed since the last poll, and mend the store's webhooks. Runs every hour."""
    context = current()
    queue.started(context.redis, queue.RECONCILE, store_id)
    try:
        store = reconnected(context, UUID(store_id))
        with connected(context, store) as connection:
            refresh_profile(context, store, connection)
            for kind in ("category", "product", "order"):
                poll(context, store, connection, kind)
            # Most stores tell nothing of a category that goes.
            _compare(context, store, connection, "category")
            _read_unread(context, store)
            _mend_webhooks(context, store, connection)
    except NotActive:
        log.info("store is not active, nothing to reconcile", store=store_id)
    except CredentialsRefused as error:
        disconnect(context, store, error)
    except ConnectorError as error:
        log.warning("reconciliation interrupted", store=store_id, error=str(error))


def compare_identifiers(store_id: str) -> None:
    """Find what came and went without a word. Runs every day.

    All identifiers are compared. A refund that is taken back leaves no trace on its order, so
    orders with refunds are read again while they are young. Guests are known anew, should the
    setting that says by what have changed.
    """
    context = current()
    queue.started(context.redis, queue.COMPARE, store_id)
    try:
        store = active_store(context, UUID(store_id))
        with connected(context, store) as connection:
            poll(context, store, connection, "customer")
            for kind in PRESENT:
                _compare(context, store, connection, kind)
            with store_transaction(context.engine, store.id) as session:
                refunded = orders.refunded_orders(session, REFUNDED_WITHIN)
                # Time alone makes results old: orders dated ahead come of age.
                stores.mark_dirty(session)
            look_up(context, store, [("order", identifier) for identifier in refunded])
            read_reviews(context, store, connection)
        regroup_guests(context, store)
    except NotActive:
        log.info("store is not active, nothing to compare", store=store_id)
    except CredentialsRefused as error:
        disconnect(context, store, error)
    except ConnectorError as error:
        log.warning("comparison interrupted", store=store_id, error=str(error))


def reconnected(context: Context, store_id: UUID) -> ActiveStore:
    """The store; one that had refused our key is tried again first.

    Raises:
        NotActive: the store is unknown or uninstalled, or still refuses our key.
        ConnectorError: it does not answer.
    """
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session)
        if row is None or row.state != "disconnected":
            return active_store(context, store_id)
        store = describe(context, row)
    try:
        with connected(context, store) as connection:
            connection.profile()
    except CredentialsRefused as error:
        if notices.has_said_goodbye(context, store_id):
            notices.end(context, store_id)
        raise NotActive(str(store_id)) from error
    with store_transaction(context.engine, store_id) as session:
        stores.change_state(session, "disconnected", "active")
    return active_store(context, store_id)


def _mend_webhooks(context: Context, store: ActiveStore, connection: ConnectedStore) -> None:
    if not connection.webhooks_are_healthy(webhook_address(context, store), topics(store)):
        log.warning("webhooks missing or disabled, made anew", store=str(store.id))
        register_webhooks(context, store)


def _read_unread(context: Context, store: ActiveStore) -> None:
    """Read products that must be; those that cannot be read wait for the next time."""
    tried: set[str] = set()
    ends = monotonic() + READING_SECONDS
    while monotonic() < ends:
        with store_transaction(context.engine, store.id) as session:
            unread = set(catalogue.unread_products(session, UNREAD_AT_ONCE))
        if unread <= tried:
            return
        look_up(context, store, [("product", identifier) for identifier in unread - tried])
        tried |= unread


def _compare(
    context: Context, store: ActiveStore, connection: ConnectedStore, kind: ObjectKind
) -> None:
    since = connection.shows_orders_since() if kind == "order" else None
    there = {name for portion in connection.identifiers(kind) for name in portion}
    with store_transaction(context.engine, store.id) as session:
        here = PRESENT[kind](session, since)
    if differing := there ^ here:
        log.info("identifiers differ", store=str(store.id), kind=kind, count=len(differing))
    look_up(context, store, [(kind, identifier) for identifier in differing])
