"""Every periodic task, in one list, run by any number of schedulers: each tick counts once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

import structlog
from sqlalchemy.exc import SQLAlchemyError

from database import stores
from jobs import queue
from jobs.context import Context
from jobs.privacy import enqueue_open
from jobs.sweep import enqueue_due, resume_histories

log = structlog.get_logger()

POLL_SECONDS = 0.25
TASKS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Task:
    """A task and how often it runs, in seconds."""

    name: str
    every: int
    run: Callable[[Context], object]


def _for_each_store(function: str) -> Callable[[Context], object]:
    def run(context: Context) -> None:
        for store in stores.all_stores(context.engine):
            if store.state in {"active", "disconnected"}:
                queue.enqueue(context.redis, function, store.id)

    return run


TASKS = (
    Task("resume histories", 30, resume_histories),
    Task("reconcile", 3600, _for_each_store(queue.RECONCILE)),
    Task("points", 600, _for_each_store(queue.POINTS)),
    Task("redemptions", 120, _for_each_store(queue.REDEMPTIONS)),
    Task("reports", 3600, _for_each_store(queue.REPORT)),
    Task("personal lists", 3600, _for_each_store(queue.PERSONAL)),
    Task("compare identifiers", 24 * 3600, _for_each_store(queue.COMPARE)),
    Task("check results", 24 * 3600, _for_each_store(queue.CHECK)),
    Task("prune", 24 * 3600, _for_each_store(queue.PRUNE)),
    Task("privacy requests", 60, enqueue_open),
    Task("forget the erased", 24 * 3600, _for_each_store(queue.PRIVACY)),
)


def run(context: Context, stop: Event) -> None:
    """Enqueue what is due, until `stop` is set. Errors are logged and the loop goes on."""
    tasks_at = 0.0
    while not stop.wait(POLL_SECONDS):
        try:
            enqueue_due(context)
            if time.monotonic() >= tasks_at:
                tasks_at = time.monotonic() + TASKS_SECONDS
                run_tasks(context)
        except SQLAlchemyError as error:
            log.warning("scheduler waits for the database", error=type(error).__name__)
            time.sleep(1)


def run_tasks(context: Context) -> None:
    """Run each periodic task whose present tick nobody has claimed yet.

    While the queue does not answer no tick is claimed, because nothing would come of it.
    """
    for task in TASKS if queue.answers(context.redis) else ():
        if stores.claim_tick(context.engine, task.name, task.every):
            task.run(context)
