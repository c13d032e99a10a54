"""The bulk operations of a shop: their life, their files, and levers on them."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Protocol

from graphql import GraphQLError, GraphQLSchema

from sandbox import clock
from sandbox.store import Store

MOST_AT_ONCE = 5
OVER = {"COMPLETED", "FAILED", "CANCELED", "EXPIRED"}


class Portion(Protocol):
    """Some lines of a result; `roots` of them are of the query's own connection."""

    lines: list[str]
    roots: int


Evaluate = Callable[[str, bool], Iterator[Portion]]


@dataclass
class BulkOperation:
    """One operation; `secret` makes the address of its file hard to guess."""

    id: int
    query: str
    grouped: bool
    created: int = field(default_factory=clock.now)
    status: str = "CREATED"
    error_code: str | None = None
    completed: int | None = None
    object_count: int = 0
    root_object_count: int = 0
    file_size: int | None = None
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in OVER


class BulkOperations:
    """Runs bulk operations beside each other, each in a thread, at most five at once.

    Levers: `hold` and `release` keep operations from starting; `pause` is how many seconds each
    portion of a hundred root objects takes; `fail_next` lets the next operation fail.
    """

    def __init__(self, store: Store) -> None:
        self.schema: GraphQLSchema
        self.evaluate: Evaluate
        self.finished: Callable[[BulkOperation], None]
        self.pause = 0.0
        self._store = store
        self._ids = count(147_595_010)
        self._listed: dict[int, BulkOperation] = {}
        self._folder = TemporaryDirectory(prefix="sandbox-bulk-")
        self._threads: list[Thread] = []
        self._open = Event()
        self._open.set()
        self._stopped = Event()
        self._failure: tuple[int, str] | None = None

    def stop(self) -> None:
        """End all operations and remove their files."""
        self._stopped.set()
        self._open.set()
        for thread in self._threads:
            thread.join()
        self._folder.cleanup()

    def hold(self) -> None:
        """Let new operations stay CREATED."""
        self._open.clear()

    def release(self) -> None:
        """Let operations run."""
        self._open.set()

    def fail_next(self, after_objects: int = 0, error_code: str = "INTERNAL_SERVER_ERROR") -> None:
        """Let the next operation fail once its file has so many lines."""
        self._failure = (after_objects, error_code)

    @property
    def is_full(self) -> bool:
        """Whether no further operation may start now."""
        return sum(not one.is_over for one in self._listed.values()) >= MOST_AT_ONCE

    def listed(self) -> list[BulkOperation]:
        """All operations, the oldest first."""
        return list(self._listed.values())

    def latest(self) -> BulkOperation | None:
        """The operation that was started last."""
        return next(reversed(self._listed.values()), None)

    def get(self, number: int | None) -> BulkOperation | None:
        """The operation of an id."""
        return self._listed.get(number or 0)

    def run(self, query: str, *, grouped: bool) -> BulkOperation:
        """Start an operation for a query that was checked."""
        operation = BulkOperation(next(self._ids), query, grouped)
        self._listed[operation.id] = operation
        failure, self._failure = self._failure, None
        thread = Thread(target=self._work, args=(operation, failure), daemon=True)
        self._threads.append(thread)
        thread.start()
        return operation

    def cancel(self, operation: BulkOperation) -> None:
        """Ask an operation to stop soon."""
        operation.status = "CANCELING"

    def cancel_all(self) -> None:
        """Ask all operations to stop, as an uninstall does."""
        for operation in self.listed():
            if not operation.is_over:
                self.cancel(operation)

    def expire(self, operation: BulkOperation) -> None:
        """Let a file be gone, as it is after seven days."""
        operation.status = "EXPIRED"
        self.file_of(operation).unlink(missing_ok=True)

    def file_of(self, operation: BulkOperation) -> Path:
        """Where an operation's lines are kept."""
        return Path(self._folder.name) / f"bulk-{operation.id}.jsonl"

    def url_of(self, operation: BulkOperation, store_url: str, *, partial: bool) -> str | None:
        """Where the whole or the partial result can be fetched; None when there is none."""
        wanted = {"FAILED", "CANCELED"} if partial else {"COMPLETED"}
        if operation.status not in wanted or not operation.object_count:
            return None
        return f"{store_url}/bulk-results/{operation.secret}/bulk-{operation.id}.jsonl"

    def _work(self, operation: BulkOperation, failure: tuple[int, str] | None) -> None:
        self._open.wait()
        if operation.status == "CREATED":
            operation.status = "RUNNING"
        try:
            outcome = self._write(operation, failure)
        except GraphQLError as error:
            code = (error.extensions or {}).get("code")
            is_denied = code == "ACCESS_DENIED"
            operation.error_code = "ACCESS_DENIED" if is_denied else "INTERNAL_SERVER_ERROR"
            outcome = "FAILED"
        if self._stopped.is_set():
            return
        with self._store.change():
            file = self.file_of(operation)
            operation.file_size = file.stat().st_size if file.exists() else None
            operation.completed = clock.now()
            operation.status = outcome
            self.finished(operation)

    def _write(self, operation: BulkOperation, failure: tuple[int, str] | None) -> str:
        with self.file_of(operation).open("w", encoding="utf-8") as file:
            if operation.status == "CANCELING":
                return "CANCELED"
            if failure is not None and failure[0] == 0:
                operation.error_code = failure[1]
                return "FAILED"
            for portion in self.evaluate(operation.query, operation.grouped):
                if operation.status == "CANCELING" or self._stopped.is_set():
                    return "CANCELED"
                lines = portion.lines
                if failure is not None:
                    lines = lines[: failure[0] - operation.object_count]
                file.writelines(f"{line}\n" for line in lines)
                operation.object_count += len(lines)
                operation.root_object_count += portion.roots
                if failure is not None and operation.object_count >= failure[0]:
                    operation.error_code = failure[1]
                    return "FAILED"
                time.sleep(self.pause)
        return "CANCELED" if operation.status == "CANCELING" else "COMPLETED"
