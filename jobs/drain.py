"""Draining a store's inbox: events in batches, each batch in one transaction with its effects."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.exc import DataError

from connector.errors import CredentialsRefused, PermanentError, TemporaryError
from connector.meanings import Changed, Meaning
from database import inbox, stores
from database.inbox import Leased
from database.session import store_transaction
from jobs import queue
from jobs.absorb import ROUNDS, Facts, absorb, describe
from jobs.context import ActiveStore, Context, NotActive, active_store, current, disconnect
from jobs.facts import Fact, Key, key_of
from jobs.mentions import forget_handled
from jobs.notices import act, has_said_goodbye
from jobs.prepare import prepare
from jobs.reading import Batch, Batches, give_back, take

log = structlog.get_logger()

BATCH = 500
# One job ends before RQ's limit.
DRAIN_SECONDS = 200.0


@dataclass(frozen=True, slots=True)
class Read:
    """A leased event with what it means: facts it carries, and objects to look up."""

    event: Leased
    facts: Facts = ()
    look_up: Sequence[Key] = ()

    @property
    def keys(self) -> set[Key]:
        """The objects that it is about."""
        return {key for key, _ in self.facts} | set(self.look_up)


def drain(store_id: str) -> None:
    """Handle every waiting event of the store whose time has come."""
    context = current()
    queue.started(context.redis, queue.DRAIN, store_id)
    ends = time.monotonic() + DRAIN_SECONDS
    try:
        store = active_store(context, UUID(store_id))
        with Batches(context, store, BATCH) as batches:
            while _handle_batch(context, store, batches.next()):
                if time.monotonic() > ends:
                    queue.enqueue(context.redis, queue.DRAIN, store.id)
                    break
                store = active_store(context, store.id)
    except NotActive:
        log.info("store is not active, its events wait", store=store_id)
        if has_said_goodbye(context, UUID(store_id)):
            queue.enqueue(context.redis, queue.RECONCILE, UUID(store_id))
    if UUID(store_id) in stores.to_write(context.engine):
        queue.enqueue(context.redis, queue.WRITE_BACK, UUID(store_id))


def drain_batch(context: Context, store: ActiveStore, limit: int = BATCH) -> int:
    """Handle up to `limit` events; how many were handled or failed, none when nothing is due.

    Raises:
        NotActive: the store was disconnected or uninstalled; the events wait.
    """
    return _handle_batch(context, store, take(context, store, limit))


def _handle_batch(context: Context, store: ActiveStore, batch: Batch) -> int:
    held = [event.id for event, _ in batch.events]
    try:
        undecided = [
            read
            for event, meaning in batch.events
            if (read := _read(context, store, batch.lease, event, meaning))
        ]
        for _ in range(ROUNDS):
            if undecided:
                undecided = _handle(context, store, batch.lease, undecided, batch.ends)
        held = [read.event.id for read in undecided]
    finally:
        give_back(context, store, batch.lease, held)
    return len(batch.events) - len(held)


def _read(
    context: Context, store: ActiveStore, lease: UUID, event: Leased, meaning: Meaning | Exception
) -> Read | None:
    if isinstance(meaning, Exception):
        _fail(context, store, lease, event, meaning)
        return None
    try:
        if isinstance(meaning, Changed):
            return Read(event, facts=[(key_of(meaning.record), Fact(meaning.record))])
        return Read(event, look_up=act(context, store, meaning, event.key))
    except NotActive:
        raise
    except Exception as error:  # noqa: BLE001 -- one bad event must not hold up a store
        _fail(context, store, lease, event, error)
        return None


def _handle(
    context: Context, store: ActiveStore, lease: UUID, reads: Sequence[Read], ends: float
) -> list[Read]:
    """Read what is missing, apply and settle together; the events that are still undecided.

    Events whose objects cannot be read or kept fail alone.
    """
    facts = [fact for read in reads for fact in read.facts]
    look_up = {key for read in reads for key in read.look_up}
    prepared = prepare(context, store, facts, look_up, patience=ends - time.monotonic())
    done: list[Leased] = []
    again: list[Read] = []
    failed: list[tuple[Leased, Exception]] = []
    with store_transaction(context.engine, store.id) as session:
        absorbed = absorb(session, store, prepared.facts)
        failures = prepared.failures | absorbed.failures
        undecided = absorbed.look_up | prepared.unasked
        for read in reads:
            keys = read.keys | {prepared.renamed.get(key, key) for key in read.keys}
            if error := next((failures[key] for key in keys if key in failures), None):
                failed.append((read.event, error))
            elif keys & undecided:
                again.append(read)
            else:
                done.append(read.event)
        inbox.settle(session, lease, [event.id for event in done])
        forget_handled(session, store, done)
    if absorbed.to_reconcile:
        queue.enqueue(context.redis, queue.RECONCILE, store.id)
    for event, error in failed:
        _fail(context, store, lease, event, error)
    return again


def _fail(
    context: Context, store: ActiveStore, lease: UUID, event: Leased, error: Exception
) -> None:
    if isinstance(error, CredentialsRefused):
        disconnect(context, store, error)
        raise NotActive(str(store.id))
    reason = describe(error)
    log.warning("event failed", store=str(store.id), event_id=event.id, error=reason)
    with store_transaction(context.engine, store.id) as session:
        inbox.fail(
            session,
            lease,
            event,
            reason,
            permanent=isinstance(error, PermanentError | DataError),
            retry_after=error.retry_after if isinstance(error, TemporaryError) else None,
        )
