"""Loading a store's history: page by page, each with its progress in one transaction."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from connector.errors import ConnectorError, CredentialsRefused, NotReady
from connector.platform import ConnectedStore, Page
from database import catalogue, progress, stores
from database.progress import Step
from database.session import store_lock, store_transaction
from jobs import queue
from jobs.absorb import ROUNDS, absorb, describe, lock_store
from jobs.context import (
    ActiveStore,
    Context,
    NotActive,
    active_store,
    connected,
    current,
    disconnect,
)
from jobs.facts import Fact, Key, key_of
from jobs.prepare import prepare
from jobs.subscriptions import register_webhooks
from retention.records import Category, ObjectKind

log = structlog.get_logger()

BACKFILL: dict[ObjectKind, str] = {
    "category": "backfill: categories",
    "product": "backfill: products",
    "customer": "backfill: customers",
    "order": "backfill: orders",
}
POLL: dict[ObjectKind, str] = {
    "product": "poll: products",
    "customer": "poll: customers",
    "order": "poll: orders",
    "category": "poll: categories",
}
PORTION = 100
LOCK = "history"
# Polling looks back further than it must, because a store's clock may be an hour off.
OVERLAP = timedelta(minutes=65)
PAGES_AT_ONCE = 5


def install(store_id: str) -> None:
    """Register the webhooks, then load the history; goes on where an earlier run stopped."""
    context = current()
    queue.started(context.redis, queue.INSTALL, store_id)
    with store_lock(context.engine, UUID(store_id), LOCK) as alone:
        if alone:
            _install(context, UUID(store_id))


def _install(context: Context, store_id: UUID) -> None:
    try:
        store = active_store(context, store_id)
        if not _is_unfinished(context, store):
            return  # Asked for more than once while other stores' histories were loading.
        register_webhooks(context, store)
        for kind, task in BACKFILL.items():
            backfill(context, store, kind, task)
    except NotActive:
        log.info("store is not active, its history waits", store=str(store_id))
    except CredentialsRefused as error:
        disconnect(context, store, error)
    except NotReady as error:
        log.info("store prepares its history", store=str(store_id), told=str(error))
    except ConnectorError as error:
        log.warning("history interrupted, to be resumed", store=str(store_id), error=str(error))


def _is_unfinished(context: Context, store: ActiveStore) -> bool:
    with store_transaction(context.engine, store.id) as session:
        unfinished = {row.task for row in progress.all_tasks(session) if row.state != "done"}
    return not unfinished.isdisjoint(BACKFILL.values())


def backfill(context: Context, store: ActiveStore, kind: ObjectKind, task: str) -> None:
    """Load every object of a kind, unless that is done; progress begins where it stopped."""
    with store_transaction(context.engine, store.id) as session:
        row = progress.get(session, task)
        if row is None or row.state == "done":
            return
        started, loaded = row.started_at, 0 < row.pages <= row.page
    if not loaded:
        with connected(context, store) as connection:
            _load(context, store, connection, kind, task, first=row.page + 1)
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        progress.finish(session, task)
        progress.begin(session, POLL[kind])
        progress.finish(session, POLL[kind], started - OVERLAP)


def poll(context: Context, store: ActiveStore, connection: ConnectedStore, kind: ObjectKind) -> int:
    """Load what changed since the last poll; how many objects were read."""
    task = POLL[kind]
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        row = progress.get(session, task)
        since = row.cursor if row else None
        progress.begin(session, task)
        started = stores.now(session)
    seen = _load(context, store, connection, kind, task, modified_after=since)
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        progress.finish(session, task, started - OVERLAP)
    return seen


def _load(
    context: Context,
    store: ActiveStore,
    connection: ConnectedStore,
    kind: ObjectKind,
    task: str,
    *,
    first: int = 1,
    modified_after: datetime | None = None,
) -> int:
    seen = 0
    try:
        for page in _joined(connection.pages(kind, first=first, modified_after=modified_after)):
            _keep(context, store, task, page)
            seen += len(page.records)
    except ConnectorError as error:
        with store_transaction(context.engine, store.id) as session:
            lock_store(session, store)
            if isinstance(error, NotReady):
                progress.note_waiting(session, task)
            else:
                progress.note_error(session, task, f"{type(error).__name__}: {error}")
        raise
    return seen


def _joined(pages: Iterable[Page]) -> Iterator[Page]:
    """Several pages as one, because a transaction costs much the same whatever it holds."""
    waiting: list[Page] = []
    try:
        for page in pages:
            waiting.append(page)
            if len(waiting) == PAGES_AT_ONCE:
                yield _merged(waiting)
                waiting = []
    except ConnectorError:
        # What was read before the store failed is kept, so that loading resumes behind it.
        if waiting:
            yield _merged(waiting)
        raise
    if waiting:
        yield _merged(waiting)


def _merged(pages: Sequence[Page]) -> Page:
    return replace(
        pages[-1],
        records=tuple(record for page in pages for record in page.records),
        rejected=tuple(problem for page in pages for problem in page.rejected),
    )


def _keep(context: Context, store: ActiveStore, task: str, page: Page) -> None:
    categories = [record for record in page.records if isinstance(record, Category)]
    facts = [
        (key_of(record), Fact(record))
        for record in page.records
        if not isinstance(record, Category)
    ]
    prepared = prepare(context, store, facts, ())
    if prepared.broken:
        raise prepared.broken
    with store_transaction(context.engine, store.id) as session:
        absorbed = absorb(session, store, prepared.facts)
        if categories and catalogue.save_categories(session, categories):
            stores.mark_dirty(session)
        failures = prepared.failures | absorbed.failures
        rejected = [*page.rejected, *((name, describe(e)) for (_, name), e in failures.items())]
        kept = len(page.records) - len(failures)
        progress.advance(session, task, Step(page.number, page.pages, kept, page.total, rejected))
    look_up(context, store, absorbed.look_up)


def look_up(context: Context, store: ActiveStore, keys: Iterable[Key]) -> None:
    """Read these objects from the store and absorb them; what fails is logged.

    Raises:
        ConnectorError: the store as a whole refuses or does not answer.
    """
    listed = sorted(keys)
    for start in range(0, len(listed), PORTION):
        wanted: Collection[Key] = listed[start : start + PORTION]
        for _ in range(ROUNDS):
            if not wanted:
                break
            prepared = prepare(context, store, (), wanted)
            with store_transaction(context.engine, store.id) as session:
                absorbed = absorb(session, store, prepared.facts)
            for (kind, name), error in (prepared.failures | absorbed.failures).items():
                log.warning(
                    "object not kept",
                    store=str(store.id),
                    kind=kind,
                    id=name,
                    error=describe(error),
                )
            if prepared.broken:
                raise prepared.broken
            wanted = absorbed.look_up
