"""Keeping events with one commit for all that wait for it.

A commit costs a write to disk, whoever shares it. Requests hand their event to the one writer
thread and wait for its commit; under load many share one, so that a request is answered after a
durable commit and still the disk is not asked for each.
"""

import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock, Thread
from uuid import UUID

import structlog
from sqlalchemy import Engine

from database import inbox
from database.inbox import Incoming

log = structlog.get_logger()

LARGEST_COMMIT = 200
# A commit costs as much as ten events do. Under load commits therefore begin no closer than this
# many seconds; an event that comes after a quiet moment does not wait.
COMMIT_INTERVAL = 0.01
WAIT_SECONDS = 20.0


class NotKept(Exception):
    """An event was not committed; the message has the kind of error that kept it from being so."""


class InboxWriter:
    """Keeps events durably; `committed` is told the stores whose events were.

    Thread-safe. The writer thread starts with the first event, so that it belongs to the
    process that serves, not to one that only imported the app.
    """

    def __init__(self, engine: Engine, committed: Callable[[UUID], None]) -> None:
        self._engine = engine
        self._committed = committed
        self._waiting: queue.SimpleQueue[tuple[Incoming, Future[None]]] = queue.SimpleQueue()
        self._start = Lock()
        self._thread: Thread | None = None

    def put(self, event: Incoming) -> None:
        """Return once the event is committed.

        Raises:
            NotKept: it was not.
            TimeoutError: it has not been yet, and may or may not be later.
        """
        future: Future[None] = Future()
        self._ensure_running()
        self._waiting.put((event, future))
        future.result(timeout=WAIT_SECONDS)

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

    def _keep(self, batch: Sequence[tuple[Incoming, Future[None]]]) -> None:
        try:
            inbox.keep(self._engine, [event for event, _ in batch])
        except Exception as error:  # noqa: BLE001 -- whoever waits must hear of any failure
            if len(batch) > 1:
                # One event must not cost the others their answer.
                for single in batch:
                    self._keep([single])
                return
            log.warning("event not kept", error=type(error).__name__)
            batch[0][1].set_exception(NotKept(type(error).__name__))
            return
        for _, future in batch:
            future.set_result(None)
        for store_id in {event.store_id for event, _ in batch}:
            self._committed(store_id)
