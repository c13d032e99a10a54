"""Keeping events with one commit for all that wait for it.

A commit costs a write to disk, whoever shares it. Requests hand their event to the one writer
thread and wait for its commit; under load many share one, so that a request is answered after a
durable commit and still the disk is not asked for each.
"""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock, Thread
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from database import inbox
from database.inbox import Incoming

log = structlog.get_logger()

LARGEST_COMMIT = 200
# A commit costs as much as ten events do. Under load commits therefore begin no closer than this
# many seconds; an event that comes after a quiet moment does not wait.
COMMIT_INTERVAL = 0.01
# WooCommerce tells nothing twice, so a database that starts again is waited for.
PATIENCE_SECONDS = 15.0
RETRY_INTERVAL = 0.2
WAIT_SECONDS = 20.0

AWAY = (OperationalError, psycopg.OperationalError)
"""How a database shows that it does not answer, or ended a connection."""


class NotKept(Exception):
    """An event was not committed; the message has the kind of error that kept it from being so."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event, and where its request waits for the outcome: None, or what went wrong.

    A queue of one wakes its request once. A future's condition wakes it and then makes it wait
    for its lock, which costs the process a fifth of its throughput.
    """

    event: Incoming
    outcome: queue.SimpleQueue[Exception | None] = field(default_factory=queue.SimpleQueue)


class InboxWriter:
    """Keeps events durably; `committed` is told the stores whose events were.

    Thread-safe. The writer thread starts with the first event, so that it belongs to the
    process that serves, not to one that only imported the app.
    """

    def __init__(self, engine: Engine, committed: Callable[[UUID], None]) -> None:
        self._engine = engine
        self._committed = committed
        self._waiting: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
        self._start = Lock()
        self._thread: Thread | None = None

    def put(self, event: Incoming) -> None:
        """Return once the event is committed.

        Raises:
            NotKept: it was not, or it is not known yet whether it will be.
        """
        waiting = Waiting(event)
        self._ensure_running()
        self._waiting.put(waiting)
        try:
            error = waiting.outcome.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise NotKept("no commit in time") from None
        if error is not None:
            raise NotKept(type(error).__name__)

    def _ensure_running(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            with self._start:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = Thread(target=self._run, name="inbox", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        next_commit = 0.0
        while True:
            batch = [self._waiting.get()]
            time.sleep(max(0.0, next_commit - time.monotonic()))
            next_commit = time.monotonic() + COMMIT_INTERVAL
            while len(batch) < LARGEST_COMMIT and not self._waiting.empty():
                batch.append(self._waiting.get())
            self._keep(batch)

    def _keep(self, batch: Sequence[Waiting]) -> None:
        error = self._commit([waiting.event for waiting in batch])
        if error is not None and len(batch) > 1 and not isinstance(error, AWAY):
            # One event must not cost the others their answer.
            for single in batch:
                self._keep([single])
            return
        if error is not None:
            log.warning("events not kept", count=len(batch), error=type(error).__name__)
        for waiting in batch:
            waiting.outcome.put(error)
        if error is None:
            for store_id in {waiting.event.store_id for waiting in batch}:
                self._committed(store_id)

    def _commit(self, events: Sequence[Incoming]) -> Exception | None:
        """Commit, again and again for a while if the database is away; what went wrong if not."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                inbox.keep(self._engine, events)
            except AWAY as error:
                if time.monotonic() > until:
                    return error
                time.sleep(RETRY_INTERVAL)
            except Exception as error:  # noqa: BLE001 -- whoever waits must hear of any failure
                return error
            else:
                return None
