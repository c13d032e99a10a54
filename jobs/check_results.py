"""Every night: are kept lists still those that all orders give? What differs is told and healed."""

from dataclasses import dataclass
from uuid import UUID

import polars as pl
import structlog

from database import changed_orders, results, stores
from database.models import ProductAffinity, Recommendation
from database.session import store_lock, store_transaction
from jobs import queue
from jobs.context import ActiveStore, Context, NotActive, active_store, current
from jobs.kept_lists import SHELF, Kept
from jobs.recompute import LOCK, Found, read, recompute_now
from retention.columns import ORDER_ID, PAIRS, RECOMMENDATIONS
from retention.drift import drifted_lists, drifted_pairs, likely_totals

log = structlog.get_logger()

PATIENCE = 60.0
"""Seconds to wait for a computation that is under way."""


@dataclass(frozen=True, slots=True)
class Drift:
    """In how many rows what was kept differed from what all orders give; None was not compared."""

    pairs: int | None
    lists: int | None

    @property
    def rows(self) -> int:
        """How many rows differed altogether."""
        return (self.pairs or 0) + (self.lists or 0)

    @property
    def is_compared(self) -> bool:
        """Whether anything was: what was not compared may be wrong for all that is known."""
        return self.pairs is not None

    @property
    def event(self) -> str:
        """What the log says."""
        if not self.is_compared:
            return "kept lists could not be compared"
        return "kept lists differ from all orders" if self.rows else "kept lists checked"


def check(store_id: str) -> None:
    """Check a store's pairs and lists, and compute everything anew."""
    context = current()
    queue.started(context.redis, queue.CHECK, store_id)
    with store_lock(context.engine, UUID(store_id), LOCK, patience=PATIENCE) as alone:
        if alone and not _is_computed(context, UUID(store_id)):
            return
        if not alone:
            log.warning("a store is being computed, its lists are not checked", store=store_id)
            return
        try:
            check_now(context, active_store(context, UUID(store_id)))
            queue.enqueue(context.redis, queue.WRITE_BACK, UUID(store_id))
        except NotActive:
            log.info("store is not active, nothing is checked", store=store_id)


def _is_computed(context: Context, store_id: UUID) -> bool:
    with store_transaction(context.engine, store_id) as session:
        return results.figures(session) is not None


def check_now(context: Context, store: ActiveStore) -> Drift:
    """Compare what is kept with what all orders give, tell what differs, and take the latter.

    Pairs are compared if no order has changed since they were kept, or this worker knows how it
    was then; lists only in the worker that keeps them. The caller holds the store's lock.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile; nothing is kept.
    """
    found = read(context, store, None)
    drift = _drift(context, store, found, SHELF.take(store.id))
    recompute_now(context, store, found)
    if drift.is_compared:
        with store_transaction(context.engine, store.id) as session:
            results.note_check(session, drift.rows)
    tell = log.error if drift.rows else log.info
    tell(drift.event, store=str(store.id), pairs=drift.pairs, lists=drift.lists)
    return drift


def _drift(context: Context, store: ActiveStore, found: Found, kept: Kept | None) -> Drift:
    with store_transaction(context.engine, store.id) as session:
        # Asked after the orders were read: whatever changed in them by then is among these.
        pending = changed_orders.pending(session, found.now).orders
        row, figures = stores.get(session), results.figures(session)
        pairs = results.stored(session, ProductAffinity, PAIRS)
        lists = results.stored(session, Recommendation, RECOMMENDATIONS)
    if figures is None:
        return Drift(None, None)
    if kept is None or kept.computed_at != figures.computed_at:
        if pending or row is None or row.dirty_since is not None:
            return Drift(None, None)
        days = store.settings.next_purchase_days
        return Drift(drifted_pairs(pairs, found.lines, days, likely_totals(pairs)), None)
    changed = pl.col(ORDER_ID).is_in(pending)
    then = kept.lists
    lines = pl.concat([found.lines.filter(~changed), then.lines.filter(changed)])
    totals = (then.around.orders, then.around.customers)
    return Drift(
        drifted_pairs(pairs, lines, then.options.next_purchase_days, totals),
        drifted_lists(lists, lines, then),
    )
