"""Events that are not about an order, product or customer as it is now, and what they lead to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select

from connector.errors import BadPayload, CredentialsRefused
from connector.meanings import (
    BulkFinished,
    Ignored,
    LookUp,
    Meaning,
    Merged,
    PersonalData,
    ProfileChanged,
    StoreErased,
    Uninstalled,
)
from connector.platform import StorePlatform
from connector.registry import platform
from database import catalogue, inbox, outbox, stores
from database.models import Order
from database.packing import unpack
from database.session import store_transaction
from database.versions import known_versions
from jobs import privacy, queue
from jobs.context import ActiveStore, Context, NotActive, connected
from jobs.facts import Key
from jobs.merging import merge
from jobs.profile import refresh_profile

log = structlog.get_logger()

COMPARE_EVERY = 3600
# A store that removed the app tells nothing after it, so the news is among the newest.
LAST_WORDS = 20


def act(context: Context, store: ActiveStore, meaning: Meaning, event_key: str) -> Sequence[Key]:
    """Do what a notice asks for; the objects that must be read because of it.

    Raises:
        NotActive: the notice ended the work for this store.
    """
    match meaning:
        case LookUp("category", identifier) if identifier:
            return [("category", identifier), *_refiled(context, store, identifier)]
        case LookUp(kind, identifier) if identifier:
            is_old = meaning.at is not None and _is_known(context, store, meaning, meaning.at)
            return [] if is_old else [(kind, identifier)]
        case LookUp():
            _compare(context, store)
        case Merged(kept, gone):
            merge(context, store, kept, gone)
            return [("customer", kept), ("customer", gone), *_orders_of(context, store, gone)]
        case BulkFinished():
            queue.enqueue(context.redis, queue.INSTALL, store.id)
        case ProfileChanged():
            with connected(context, store) as connection:
                refresh_profile(context, store, connection)
        case PersonalData() | StoreErased():
            privacy.accept(context, store.id, meaning, event_key)
        case Uninstalled():
            left(context, store)
        case Ignored(reason):
            log.debug("event ignored", store=str(store.id), reason=reason)
    return []


def _is_known(context: Context, store: ActiveStore, news: LookUp, at: datetime) -> bool:
    """Whether that state was read already: most news of products are of our own writing.

    Times have whole seconds. An order may change twice within one, which must not be missed;
    what a product or customer changed in the same second, polling finds.
    """
    with store_transaction(context.engine, store.id) as session:
        known = known_versions(session, news.kind, [news.id]).get(news.id)
    if known is None or known.gone or known.content is None or known.modified_at is None:
        return False
    return known.modified_at > at or (known.modified_at == at and news.kind != "order")


def _refiled(context: Context, store: ActiveStore, category: str) -> list[Key]:
    """The products that came into the category or left it: their own dates do not tell."""
    with connected(context, store) as connection:
        there = {name for portion in connection.products_in(category) for name in portion}
    with store_transaction(context.engine, store.id) as session:
        here = catalogue.products_in(session, category)
    return [("product", name) for name in sorted(there ^ here)]


def _compare(context: Context, store: ActiveStore) -> None:
    """Find what went before it could be told which it was, by comparing all there is."""
    if stores.claim_tick(context.engine, f"compare {store.id}", COMPARE_EVERY):
        queue.enqueue(context.redis, queue.COMPARE, store.id)


def _orders_of(context: Context, store: ActiveStore, account: str) -> list[Key]:
    """The orders that were an account's: the store has given them to another."""
    with store_transaction(context.engine, store.id) as session:
        rows = session.scalars(
            select(Order.external_id).where(Order.account_id == account, Order.gone.is_(False))
        )
        return [("order", identifier) for identifier in rows]


def left(context: Context, store: ActiveStore) -> None:
    """End all work for a store that removed the app: its keys are dead already.

    A key that still works shows that the notice is not one, only named so: topics are not signed.

    Raises:
        NotActive: the store has left, and jobs under way must end too.
        TemporaryError: the store did not answer, so it is not known.
    """
    if not _refuses(context, store):
        log.warning("a notice of removal, but the key still works", store=str(store.id))
        return
    end(context, store.id)
    raise NotActive(str(store.id))


def end(context: Context, store_id: UUID) -> None:
    """Note that a store has removed the app: it is known to refuse our key, and told us why.

    What was shown on its customers may be gone with the app, so all of it is shown anew should
    the store come back.
    """
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session, lock=True)
        if row is None or row.state == "uninstalled":
            return
        row.state, row.credentials, row.webhook_secrets = "uninstalled", None, None
        row.uninstalled_at = stores.now(session)
        outbox.doubt_written(session, "customer")
    log.info("store removed the app", store=str(store_id))


def has_said_goodbye(context: Context, store_id: UUID) -> bool:
    """Whether news that the app was removed waits at a store that refuses our key.

    A job that was refused may have come first: the events of such a store wait, this news too.
    """
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session)
        if row is None or row.state != "disconnected":
            return False
        adapter, region = platform(row.platform), row.country
        newest = [
            (event.topic, unpack(event.body))
            for event in inbox.listing(session, "waiting", LAST_WORDS)
        ]
    return any(_is_goodbye(adapter, region, topic, body) for topic, body in newest)


def _is_goodbye(adapter: StorePlatform, region: str, topic: str, body: bytes) -> bool:
    try:
        return isinstance(adapter.interpret(topic, body, region=region), Uninstalled)
    except BadPayload:
        return False


def _refuses(context: Context, store: ActiveStore) -> bool:
    try:
        with connected(context, store) as connection:
            connection.profile()
    except CredentialsRefused:
        return True
    return False
