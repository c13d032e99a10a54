"""Recomputing a store once it is dirty and quiet: tables in, results and work to write out."""

from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

import polars as pl
import structlog
from sqlalchemy.orm import Session

from database import changed_orders, choices, purchases, results, stores
from database.changed_orders import Pending
from database.models import CategoryFlow, CustomerCategory, ProductAffinity, Recommendation
from database.session import store_lock, store_transaction
from jobs import queue
from jobs.absorb import lock_store
from jobs.context import ActiveStore, Context, NotActive, active_store, current
from jobs.kept_lists import SHELF, Kept, Source
from jobs.personal_lists import enqueue_first
from jobs.want_results import want_labels, want_lists
from retention import columns, kept_lists
from retention.computation import Computed, Options, compute
from retention.kept_lists import LIST_KEY, PAIR_KEY, Changed, KeptLists

log = structlog.get_logger()

LOCK = "recompute"


@dataclass(frozen=True, slots=True)
class Found:
    """What a computation starts from: the store's source and orders as of `now`.

    `lines` are those of the pending orders alone where `kept` can take them in, else all.
    """

    source: Source
    pending: Pending
    lines: pl.DataFrame
    kept: Kept | None
    changed_at: datetime | None
    now: datetime

    def keeps_second_purchases(self, store: ActiveStore) -> bool:
        """Whether nothing that second purchases are computed from is otherwise than before."""
        return (
            self.kept is not None
            and not self.pending.orders
            and self.kept.second_purchases == options(store)
            and self.source.has_categories_of(self.kept.source)
        )


def recompute(store_id: str) -> None:
    """Compute everything of the store anew, if it changed, and note what must be written back."""
    context = current()
    queue.started(context.redis, queue.RECOMPUTE, store_id)
    with store_lock(context.engine, UUID(store_id), LOCK) as alone:
        if not alone:
            return
        try:
            store = active_store(context, UUID(store_id))
            if _is_dirty(context, store):
                changed = recompute_now(context, store)
                log.info("store computed", store=store_id, to_write=changed)
                queue.enqueue(context.redis, queue.WRITE_BACK, store.id)
                enqueue_first(context, store.id)
        except NotActive:
            log.info("store is not active, nothing is computed", store=store_id)


def _is_dirty(context: Context, store: ActiveStore) -> bool:
    with store_transaction(context.engine, store.id) as session:
        row = stores.get(session)
        return row is not None and row.dirty_since is not None


def recompute_now(context: Context, store: ActiveStore, found: Found | None = None) -> int:
    """Compute the store from what was `found`, else from what is committed now.

    Returns how many objects must be written. Lists that this worker has kept take in what changed
    since; else everything is made from all orders. Second purchases are computed from all orders,
    unless neither these nor categories have changed, after single changes of lists are kept.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile; nothing more is kept.
    """
    began = monotonic()
    found = found or read(context, store, SHELF.take(store.id))
    lists, to_write = found.kept.lists if found.kept else made(found), 0
    if found.kept is not None:
        to_write = _take_in(context, store, lists, found)
        if to_write:
            # Second purchases are computed while lists are written.
            queue.enqueue(context.redis, queue.WRITE_BACK, store.id)
    second = None
    if not found.keeps_second_purchases(store):
        second = compute(lists.lines, found.source.products, options(store))
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        if found.kept is None:
            replace_lists(session, lists)
            to_write = want_lists(session)
        computed_at = _keep(session, second, _period(lists.lines), monotonic() - began)
        to_write += want_labels(session, store)
        changed_orders.forget(session, found.pending.notes)
        stores.clear_dirty(session, found.changed_at, found.now)
    kept = Kept(lists, found.source, options(store), computed_at)
    SHELF.put(store.id, kept, context.lists_bytes)
    return to_write


def _take_in(context: Context, store: ActiveStore, lists: KeptLists, found: Found) -> int:
    """Let kept lists take in what changed, and keep them; how many the store must be sent.

    Until all else is kept, the store stays dirty and changes stay noted: should it never be, then
    nobody has lists as they are in the tables, and everything is made anew.
    """
    now = found.source
    changed = lists.take_in(found.pending.orders, found.lines, now.products, now.choices)
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        return _change_lists(session, changed)


def read(context: Context, store: ActiveStore, kept: Kept | None) -> Found:
    """Read what the store is computed from; all orders, if `kept` does not continue its results."""
    statuses = store.settings.purchase_statuses
    with store_transaction(context.engine, store.id) as session:
        row, now = stores.get(session), stores.now(session)
        # Changes first: one that comes while the orders are read is noted for the next time.
        pending = changed_orders.pending(session, now)
        source = _source(session, store)
        figures = results.figures(session)
        computed_at = figures.computed_at if figures else None
        if kept and kept.continues(source, computed_at, len(pending.orders)):
            lines = purchases.lines_of(session, pending.orders, statuses, now)
        else:
            kept, lines = None, purchases.lines(session, statuses, now)
    return Found(source, pending, lines, kept, row.changed_at if row else None, now)


def _source(session: Session, store: ActiveStore) -> Source:
    return Source(
        products=purchases.products(
            session,
            store.settings.category_level,
            lambda ids: store.platform.categories_of(ids, store.settings.category_source),
        ),
        choices=choices.table(session),
        options=list_options(store),
        statuses=tuple(store.settings.purchase_statuses),
        installed_at=store.installed_at,
    )


def made(found: Found) -> KeptLists:
    """The lists made from all orders that were found."""
    source = found.source
    return KeptLists(found.lines, source.products, source.options, source.choices)


def options(store: ActiveStore) -> Options:
    """What the store's settings say about second purchases."""
    return Options(
        joining_minutes=store.settings.purchase_joining_minutes,
        minimum_customers=store.settings.minimum_customers,
    )


def list_options(store: ActiveStore) -> kept_lists.Options:
    """What the store's settings say about lists."""
    return kept_lists.Options(
        next_purchase_days=store.settings.next_purchase_days,
        recommendations_per_product=store.settings.recommendations_per_product,
        largest_category_percent=store.settings.largest_category_percent,
    )


def _period(lines: pl.DataFrame) -> tuple[Any, Any]:
    placed: tuple[datetime | None, datetime | None] = (
        lines[columns.PLACED_AT].min(),  # type: ignore[assignment]
        lines[columns.PLACED_AT].max(),
    )
    return placed


def replace_lists(session: Session, lists: KeptLists) -> None:
    """Keep these pairs and lists in the place of all others."""
    results.replace(session, {ProductAffinity: lists.pairs, Recommendation: lists.recommendations})


def _change_lists(session: Session, changed: Changed) -> int:
    """Keep what differs, and note which lists the store shall show; how many of these changed."""
    pairs, lists = changed.pairs, changed.recommendations
    results.change(session, ProductAffinity, PAIR_KEY, pairs.put, pairs.drop)
    results.change(session, Recommendation, LIST_KEY, lists.put, lists.drop)
    touched = pl.concat([table[columns.PRODUCT_ID] for table in (lists.put, lists.drop)])
    return want_lists(session, touched.unique().to_list())


def _keep(
    session: Session, computed: Computed | None, period: tuple[Any, Any], seconds: float
) -> datetime:
    """Keep second purchases, or (None) those that there are, and note when."""
    if computed is None:
        known = results.figures(session)
        return results.save_figures(session, known.figures if known else {}, period, seconds)
    results.replace(
        session,
        {
            CategoryFlow: computed.category_flow,
            CustomerCategory: computed.customer_categories,
        },
    )
    return results.save_figures(session, computed.figures, period, seconds)
