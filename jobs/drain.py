"""Draining a store's inbox: events in batches, each batch in one transaction with its effects."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from connector.errors import BadPayload, CredentialsRefused, PermanentError, TemporaryError
from connector.platform import Changed, LookUp
from database import inbox, stores
from database.inbox import Leased
from database.session import store_transaction
from jobs import queue
from jobs.absorb import Facts, absorb, prepare
from jobs.context import ActiveStore, Context, NotActive, active_store, current, disconnect
from jobs.facts import Fact, Key, key_of

log = structlog.get_logger()

BATCH = 500


@dataclass(frozen=True, slots=True)
class Read:
    """A leased event with what it means: facts it carries, and objects to look up."""

    event: Leased
    facts: Facts
    look_up: Sequence[Key]


def drain(store_id: str) -> None:
    """Handle every waiting event of the store whose time has come."""
    context = current()
    queue.started(context.redis, queue.DRAIN, store_id)
    try:
        store = active_store(context, UUID(store_id))
        while drain_batch(context, store):
            store = active_store(context, store.id)
    except NotActive:
        log.info("store is not active, its events wait", store=store_id)
    if store_id in {str(due) for due in stores.to_write(context.engine)}:
        queue.enqueue(context.redis, queue.WRITE_BACK, UUID(store_id))


def drain_batch(context: Context, store: ActiveStore, limit: int = BATCH) -> int:
    """Handle up to `limit` events; how many were taken."""
    with store_transaction(context.engine, store.id) as session:
        lease, events = inbox.lease(session, limit)
    try:
        readable = [read for event in events if (read := _read(context, store, lease, event))]
        _handle(context, store, lease, readable)
    finally:
        with store_transaction(context.engine, store.id) as session:
            inbox.release(session, lease)
    return len(events)


def _read(context: Context, store: ActiveStore, lease: UUID, event: Leased) -> Read | None:
    try:
        meaning = store.platform.interpret(event.topic, event.body, region=store.region)
    except BadPayload as error:
        _fail(context, store, lease, event, error)
        return None
    if isinstance(meaning, Changed):
        return Read(event, [(key_of(meaning.record), Fact(meaning.record))], ())
    if isinstance(meaning, LookUp) and not meaning.id:
        # The event names no object, only that one of this kind changed or went.
        queue.enqueue(context.redis, queue.RECONCILE, store.id)
        return Read(event, (), ())
    look_up = [(meaning.kind, meaning.id)] if isinstance(meaning, LookUp) else []
    return Read(event, (), look_up)


def _handle(context: Context, store: ActiveStore, lease: UUID, reads: Sequence[Read]) -> None:
    """Read what is missing, then apply; events whose objects cannot be read fail alone."""
    facts = [fact for read in reads for fact in read.facts]
    look_up = {key for read in reads for key in read.look_up}
    prepared = prepare(context, store, facts, look_up)
    failures = prepared.failures
    readable = []
    for read in reads:
        error = next((failures[key] for key in _keys(read) if key in failures), None)
        if error:
            _fail(context, store, lease, read.event, error)
        else:
            readable.append(read)
    ready = [(key, fact) for key, fact in prepared.facts if key not in failures]
    _apply(context, store, lease, readable, ready)


def _keys(read: Read) -> set[Key]:
    return {key for key, _ in read.facts} | set(read.look_up)


def _apply(
    context: Context, store: ActiveStore, lease: UUID, reads: Sequence[Read], facts: Facts
) -> None:
    """Apply and settle events together; when that fails, halve until the culprit is alone."""
    if not reads:
        return
    try:
        with store_transaction(context.engine, store.id) as session:
            undecided = absorb(session, store, facts).look_up
            done = [read.event.id for read in reads if not undecided & _keys(read)]
            inbox.settle(session, lease, done)
    except (DBAPIError, ValueError) as error:
        if isinstance(error, OperationalError):
            raise
        if len(reads) == 1:
            _fail(context, store, lease, reads[0].event, error)
            return
        for half in (reads[: len(reads) // 2], reads[len(reads) // 2 :]):
            keys = {key for read in half for key in _keys(read)}
            _apply(context, store, lease, half, [fact for fact in facts if fact[0] in keys])


def _fail(
    context: Context, store: ActiveStore, lease: UUID, event: Leased, error: Exception
) -> None:
    if isinstance(error, CredentialsRefused):
        disconnect(context, store, error)
        return
    reason = describe(error)
    log.warning("event failed", store=str(store.id), event_id=event.id, error=reason)
    with store_transaction(context.engine, store.id) as session:
        inbox.fail(
            session,
            lease,
            event,
            reason,
            permanent=isinstance(error, PermanentError),
            retry_after=error.retry_after if isinstance(error, TemporaryError) else None,
        )


def describe(error: Exception) -> str:
    """An error in words that hold no data: the database's own message may quote a row."""
    if isinstance(error, DBAPIError):
        diagnosis = getattr(error.orig, "diag", None)
        said = getattr(diagnosis, "message_primary", None)
        return f"{type(error.orig).__name__}: {said}"
    return f"{type(error).__name__}: {error}"
