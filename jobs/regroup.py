"""Knowing guests anew: who an order belongs to follows from a setting, which may change."""

from sqlalchemy.orm import Session

from database import customers, orders, stores
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import settle_points, want_points
from jobs.context import ActiveStore, Context
from jobs.gifts import follow_guests

PORTION = 2000


def regroup_guests(context: Context, store: ActiveStore) -> int:
    """Give every guest order to the customer that the settings of today name; how many moved.

    The points of an order move with it, and what guests were given by hand.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile.
    """
    moved = 0
    last: int | None = 0
    while last is not None:
        with store_transaction(context.engine, store.id) as session:
            lock_store(session, store)
            buyers, last = customers.guest_orders(session, last, PORTION)
            moved += _regroup(session, store, buyers)
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        want_points(session, store, follow_guests(session, store))
    return moved


def _regroup(session: Session, store: ActiveStore, buyers: dict[str, customers.Buyer]) -> int:
    owners = customers.resolve(session, buyers, store.settings)
    changed = orders.move_orders(session, owners)
    if changed:
        settle_points(session, store, orders.load_orders(session, changed))
        stores.mark_dirty(session)
    return len(changed)
