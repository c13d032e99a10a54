"""Taking events from a store's inbox in batches, and reading what each means.

While one batch is handled, which is mostly waiting for the database, a thread takes the next and
reads it. What reading tells is acted on by whoever handles the batch, in the batches' sequence.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import UUID

from connector.meanings import Meaning
from database import inbox
from database.inbox import Leased
from database.session import store_transaction
from jobs.context import ActiveStore, Context

# Reading from the store for one batch ends long before the batch's lease.
READING_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Events under one lease, each with what it means or the error that keeps it from being read.

    From `ends` (monotonic seconds) on, the store is asked nothing more for them.
    """

    lease: UUID
    events: Sequence[tuple[Leased, Meaning | Exception]]
    ends: float


def take(context: Context, store: ActiveStore, limit: int) -> Batch:
    """Lease up to `limit` events that are due and read them."""
    with store_transaction(context.engine, store.id) as session:
        lease, events = inbox.lease(session, limit)
    ends = time.monotonic() + READING_SECONDS
    return Batch(lease, [(event, meaning_of(store, event)) for event in events], ends)


def give_back(context: Context, store: ActiveStore, lease: UUID, events: Sequence[int]) -> None:
    """Let events that were not handled be taken again at once."""
    if events:
        with store_transaction(context.engine, store.id) as session:
            inbox.release(session, lease, events)


def meaning_of(store: ActiveStore, event: Leased) -> Meaning | Exception:
    """What the event means, or the error that says why it cannot be read."""
    try:
        return store.platform.interpret(event.topic, event.body, region=store.region)
    except Exception as error:  # noqa: BLE001 -- one bad event must not hold up a store
        return error


class Batches:
    """One batch after the other, each taken while the one before is handled.

    Nothing is taken ahead behind a batch that is not full. What was taken ahead and is not asked
    for is given back at the end of the block.
    """

    def __init__(self, context: Context, store: ActiveStore, limit: int) -> None:
        self._context, self._store, self._limit = context, store, limit
        self._thread = ThreadPoolExecutor(1, "inbox")
        self._ahead: Future[Batch] | None = None

    def __enter__(self) -> Self:
        return self

    def next(self) -> Batch:
        """The next batch, without events when nothing is due."""
        ahead, self._ahead = self._ahead, None
        batch = ahead.result() if ahead else take(self._context, self._store, self._limit)
        if len(batch.events) == self._limit:
            self._ahead = self._thread.submit(take, self._context, self._store, self._limit)
        return batch

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown()
        if self._ahead is not None and self._ahead.exception() is None:
            batch = self._ahead.result()
            numbers = [event.id for event, _ in batch.events]
            give_back(self._context, self._store, batch.lease, numbers)
