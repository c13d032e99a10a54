"""Making each customer's lists: what comes next, and what would be new.

They compare every customer with all others, which takes long in a large store, so they are made
apart from everything else: all of them once a day, and every hour those of customers who have
ordered since.
"""

from datetime import datetime, timedelta
from uuid import UUID

import polars as pl
import structlog
from sqlalchemy.orm import Session

from connector.manifest import load
from database import choices, outbox, personal, purchases, results, stores
from database.models import Computation
from database.personal import HAS_ORDERED
from database.session import store_lock, store_transaction
from jobs import queue
from jobs.absorb import lock_store
from jobs.context import ActiveStore, Context, NotActive, active_store, current
from retention.columns import CUSTOMER_ID, PRODUCT_ID, RECOMMENDABLE
from retention.listing import of_every_list
from retention.personal import personal_model
from retention.personal_arrangement import Wishes
from retention.personal_reasons import NEW, NEXT, explained_lists

log = structlog.get_logger()

LOCK = "personal lists"
EVERY = timedelta(days=1)
MOST_CUSTOMERS = 10_000
"""So many customers at most have lists, those who ordered last."""
FIELDS = {NEXT: "recommended_products", NEW: "recommended_new_products"}


def make_lists(store_id: str) -> None:
    """Make the lists of a store that are not current, and note what the store shall show."""
    context = current()
    queue.started(context.redis, queue.PERSONAL, store_id)
    with store_lock(context.engine, UUID(store_id), LOCK) as alone:
        if not alone:
            return
        try:
            store = active_store(context, UUID(store_id))
            customers = make_now(context, store)
            if want_fields(context, store):
                queue.enqueue(context.redis, queue.WRITE_BACK, store.id)
        except NotActive:
            log.info("store is not active, no customer's lists are made", store=store_id)
            return
        log.info("customers' lists are current", store=store_id, made=customers)


def enqueue_first(context: Context, store_id: UUID) -> None:
    """Ask for the lists of a store that never had any, so that it need not wait for an hour."""
    with store_transaction(context.engine, store_id) as session:
        figures = results.figures(session)
    if figures is not None and figures.personal_at is None:
        queue.enqueue(context.redis, queue.PERSONAL, store_id)


def make_now(context: Context, store: ActiveStore) -> int:
    """Make the lists that are not current; of how many customers.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile.
    """
    days = store.settings.personal_list_days
    with store_transaction(context.engine, store.id) as session:
        figures, now = results.figures(session), stores.now(session)
        if figures is None:
            return 0  # Nothing is computed yet; the first computation asks for lists.
        everybody = _is_due(figures, days, now)
        customers = _customers(session, store, now, everybody=everybody)
    if len(customers):
        _make(context, store, customers, now)
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        personal.forget_older(session, customers, now)
        if everybody:
            personal.finish(session, now, days)
    return len(customers)


def _is_due(figures: Computation, days: int, now: datetime) -> bool:
    return (
        figures.personal_at is None
        or figures.personal_days != days
        or now - figures.personal_at >= EVERY
    )


def _customers(
    session: Session, store: ActiveStore, now: datetime, *, everybody: bool
) -> pl.Series:
    statuses, days = store.settings.purchase_statuses, store.settings.personal_list_days
    found = personal.active_customers(session, statuses, now, days, MOST_CUSTOMERS)
    return (found if everybody else found.filter(HAS_ORDERED))[CUSTOMER_ID]


def _make(context: Context, store: ActiveStore, customers: pl.Series, now: datetime) -> None:
    """Make the lists of these customers, portion by portion, each kept in one transaction."""
    with store_transaction(context.engine, store.id) as session:
        lines = purchases.lines(session, store.settings.purchase_statuses, now)
        products = purchases.products(session, store.settings.category_level)
        chosen = choices.table(session)
    banned, pinned = of_every_list(chosen, "ban").implode(), of_every_list(chosen, "pin")
    can_be_listed = pl.col(RECOMMENDABLE) & ~pl.col(PRODUCT_ID).is_in(banned)
    recommendable = products.filter(can_be_listed)[PRODUCT_ID]
    wishes = Wishes(
        products=products,
        pinned=pinned.filter(pinned.is_in(recommendable.implode())),
        category_percent=store.settings.largest_category_percent,
    )
    model = personal_model(lines)
    for lists in explained_lists(model, customers, recommendable, wishes=wishes):
        with store_transaction(context.engine, store.id) as session:
            lock_store(session, store)
            personal.replace(session, lists[CUSTOMER_ID].unique().to_list(), lists)


def want_fields(context: Context, store: ActiveStore) -> int:
    """Note the lists that each account shall show, none if the store does not want them.

    Returns how many accounts changed.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile.
    """
    fields = load().platforms[store.platform.name].customer_fields
    wanted: dict[str, dict[str, str | None]] = {}
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        for kind, name in FIELDS.items():
            is_on = store.settings.customer_recommendations
            lists = personal.shown(session, kind) if is_on else {}
            key = fields[name]
            for account in lists.keys() | outbox.wanting(session, "customer", key):
                text = ",".join(lists.get(account, ())) or None
                wanted.setdefault(account, {})[key] = text
        return outbox.want(session, "customer", wanted)
