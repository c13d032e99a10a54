"""Healing: enqueueing whatever waits, whatever Redis or a crash has lost."""

from datetime import timedelta
from uuid import UUID

import structlog

from connector.settings import validate_settings
from database import inbox, installs, progress, stores
from database.session import store_transaction, transaction
from jobs import queue
from jobs.context import Context, current
from jobs.history import BACKFILL

log = structlog.get_logger()

WAITING = timedelta(seconds=3)
STALLED = timedelta(seconds=90)
KEEP_HANDLED = timedelta(days=30)


def enqueue_due(context: Context) -> int:
    """Ask for every job that is due by the tables; how many were asked for."""
    asked = 0
    for store_id in stores.to_drain(context.engine, WAITING):
        asked += queue.enqueue(context.redis, queue.DRAIN, store_id)
    quiet = validate_settings({}).recompute_after_seconds
    for store_id in stores.to_compute(context.engine, quiet):
        asked += queue.enqueue(context.redis, queue.RECOMPUTE, store_id)
    for store_id in stores.to_write(context.engine):
        asked += queue.enqueue(context.redis, queue.WRITE_BACK, store_id)
    return asked


def resume_histories(context: Context) -> None:
    """Ask again for histories whose loading has stood still for a while."""
    for store in stores.all_stores(context.engine):
        if store.state != "active":
            continue
        with store_transaction(context.engine, store.id) as session:
            now = stores.now(session)
            stalled = [
                row
                for row in progress.all_tasks(session)
                if row.task in BACKFILL.values()
                and row.state != "done"
                and now - row.updated_at > STALLED
            ]
        # A later kind waits while an earlier one loads, so only if all stand still is it stalled.
        if stalled and not _moving(context, store.id):
            queue.enqueue(context.redis, queue.INSTALL, store.id)


def _moving(context: Context, store_id: UUID) -> bool:
    with store_transaction(context.engine, store_id) as session:
        now = stores.now(session)
        return any(
            now - row.updated_at <= STALLED
            for row in progress.all_tasks(session)
            if row.task in BACKFILL.values()
        )


def prune(store_id: str) -> None:
    """Forget handled events older than thirty days, and what is old and belongs to no store."""
    context = current()
    queue.started(context.redis, queue.PRUNE, store_id)
    with store_transaction(context.engine, UUID(store_id)) as session:
        count = inbox.prune(session, KEEP_HANDLED)
    with transaction(context.engine) as session:
        stores.forget_ticks(session, KEEP_HANDLED)
        installs.forget(session)
    log.info("old events forgotten", store=store_id, count=count)
