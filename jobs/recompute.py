"""Recomputing a store once it is dirty and quiet: tables in, results and work to write out."""

from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

import polars as pl
import structlog
from sqlalchemy.orm import Session

from connector.manifest import load
from database import choices, outbox, purchases, results, stores
from database.catalogue import published_products
from database.models import CategoryFlow, CustomerCategory, ProductAffinity, Recommendation
from database.session import store_lock, store_transaction
from jobs import queue
from jobs.absorb import lock_store
from jobs.context import ActiveStore, Context, NotActive, active_store, current
from retention import columns
from retention.computation import Computed, Options, compute

log = structlog.get_logger()

LOCK = "recompute"


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
        except NotActive:
            log.info("store is not active, nothing is computed", store=store_id)


def _is_dirty(context: Context, store: ActiveStore) -> bool:
    with store_transaction(context.engine, store.id) as session:
        row = stores.get(session)
        return row is not None and row.dirty_since is not None


def recompute_now(context: Context, store: ActiveStore) -> int:
    """Compute the store from what is committed now; how many objects must be written.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile; nothing is kept.
    """
    began = monotonic()
    with store_transaction(context.engine, store.id) as session:
        row, now = stores.get(session), stores.now(session)
        seen = row.changed_at if row else None
        lines = purchases.lines(session, store.settings.purchase_statuses, now)
        products = purchases.products(
            session,
            store.settings.category_level,
            lambda ids: store.platform.categories_of(ids, store.settings.category_source),
        )
        chosen = choices.table(session)
    computed = compute(lines, products, options(store), chosen)
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        _keep(session, computed, _period(lines), monotonic() - began)
        changed = _want(session, store)
        stores.clear_dirty(session, seen, now)
    return changed


def options(store: ActiveStore) -> Options:
    """What the store's settings say about the computation."""
    return Options(
        joining_minutes=store.settings.purchase_joining_minutes,
        next_purchase_days=store.settings.next_purchase_days,
        recommendations_per_product=store.settings.recommendations_per_product,
        minimum_customers=store.settings.minimum_customers,
        largest_category_percent=store.settings.largest_category_percent,
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
    """Note the lists and categories that the store shall show; how many changed.

    What was shown before and is found no more is taken back.
    """
    lists = results.recommended(session)
    shown = (published_products(session) & lists.keys()) | outbox.wanting(
        session, "cross_sells", "ours"
    )
    changed = outbox.want(
        session, "cross_sells", {product: {"ours": lists.get(product, [])} for product in shown}
    )
    return changed + outbox.want(session, "customer", _labels(session, store))


def _labels(session: Session, store: ActiveStore) -> dict[str, dict[str, str | None]]:
    """The category that each account shall show, as a field and, where that is wanted, as a tag."""
    fields = load().platforms[store.platform.name].customer_fields
    categories = results.second_categories(session)
    shown = {fields["second_purchase_category"]: categories}
    if tag := fields.get("second_purchase_tag"):
        shown[tag] = categories if store.settings.customer_tags else {}
    wanted: dict[str, dict[str, str | None]] = {}
    for name, texts in shown.items():
        for account in texts.keys() | outbox.wanting(session, "customer", name):
            wanted.setdefault(account, {})[name] = texts.get(account)
    return wanted
