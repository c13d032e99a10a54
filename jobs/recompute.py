"""Recomputing a store once it is dirty and quiet: tables in, results and work to write out."""

from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import polars as pl
import structlog
from sqlalchemy.orm import Session

from connector.manifest import load
from database import outbox, purchases, results, stores
from database.catalogue import published_products
from database.models import CategoryFlow, CustomerCategory, ProductAffinity, Recommendation
from database.session import store_transaction
from jobs import queue
from jobs.context import ActiveStore, Context, NotActive, active_store, current
from retention import columns
from retention.computation import Computed, Options, compute

log = structlog.get_logger()


def recompute(store_id: str) -> None:
    """Compute everything of the store anew and note what must be written back."""
    context = current()
    queue.started(context.redis, queue.RECOMPUTE, store_id)
    try:
        store = active_store(context, UUID(store_id))
    except NotActive:
        log.info("store is not active, nothing is computed", store=store_id)
        return
    if stores.lease_computation(context.engine, store.id, timedelta(hours=1)):
        try:
            changed = recompute_now(context, store)
        finally:
            stores.end_computation(context.engine, store.id)
        log.info("store computed", store=store_id, to_write=changed)
        queue.enqueue(context.redis, queue.WRITE_BACK, store.id)


def recompute_now(context: Context, store: ActiveStore) -> int:
    """Compute the store from what is committed now; how many objects must be written."""
    began = monotonic()
    with store_transaction(context.engine, store.id) as session:
        seen, now = stores.changed_at(session), stores.now(session)
        lines = purchases.lines(session, store.settings.purchase_statuses, now)
        products = purchases.products(session, store.settings.category_level)
    computed = compute(lines, products, options(store))
    with store_transaction(context.engine, store.id) as session:
        row = stores.get(session, lock=True)
        if row is None or row.state != "active":
            return 0
        _keep(session, computed, _period(lines), monotonic() - began)
        changed = _want(session, store)
        stores.clear_dirty(session, seen)
    return changed


def options(store: ActiveStore) -> Options:
    """What the store's settings say about the computation."""
    return Options(
        joining_minutes=store.settings.purchase_joining_minutes,
        next_purchase_days=store.settings.next_purchase_days,
        recommendations_per_product=store.settings.recommendations_per_product,
        minimum_customers=store.settings.minimum_customers,
    )


def _period(lines: pl.DataFrame) -> tuple[Any, Any]:
    placed: tuple[datetime | None, datetime | None] = (
        lines[columns.PLACED_AT].min(),  # type: ignore[assignment]
        lines[columns.PLACED_AT].max(),
    )
    return placed


def _keep(session: Session, computed: Computed, period: tuple[Any, Any], seconds: float) -> None:
    results.replace(
        session,
        {
            ProductAffinity: computed.pairs,
            Recommendation: computed.recommendations,
            CategoryFlow: computed.category_flow,
            CustomerCategory: computed.customer_categories,
        },
    )
    results.save_figures(session, computed.figures, period, seconds)


def _want(session: Session, store: ActiveStore) -> int:
    """Note the lists and categories that the store shall show; how many changed."""
    lists = results.recommended(session)
    shown = published_products(session)
    wanted = {name: {"ours": lists.get(name, [])} for name in shown & set(lists)}
    changed = outbox.want(session, "cross_sells", wanted)
    name = load().platforms[store.platform.name].customer_fields["second_purchase_category"]
    categories = results.second_categories(session)
    return changed + outbox.want(
        session, "customer", {account: {name: text} for account, text in categories.items()}
    )
