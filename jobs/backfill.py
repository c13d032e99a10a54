"""Points for orders that are older than the programme; and taking them back.

An order knows by name the backfill that gave it points, and the store which of them are undone.
So undoing one, and doing it again, is one note, and the orders follow it like anything else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from database import backfills, orders, points
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import settle_points
from jobs.context import ActiveStore, Context, active_store
from retention.ledger.changes import require_reference
from retention.ledger.posting import Shortfall, used
from retention.records import PointLot

AT_ONCE = 500

# A reward for the second purchase follows from purchases and not from a backfill, so it comes with
# the next order: an undoing would not take it back.
_ORDERS_ALONE: dict[str, object] = {"points_purchase_rewards": ()}


@dataclass(slots=True)
class Backfilled:
    """What a backfill gave, or its undoing took back: orders, customers and points.

    `spent` are points that were no longer there when they were to be taken back.
    """

    reference: str
    orders: int = 0
    customers: int = 0
    points: int = 0
    spent: int = 0


def backfill(
    context: Context,
    store_id: UUID,
    *,
    since: datetime | None = None,
    reference: str = "backfill",
    apply: bool = False,
) -> Backfilled:
    """Let orders that count and never gave points earn by today's rule, or tell what that gives.

    `since` leaves out orders paid before. It goes on where it was interrupted; repeating it gives
    nothing twice, and after it was undone it gives the same orders their points again.

    Raises:
        NotActive: there is no such store, or it is not active.
        ValueError: points are switched off, or the reference is misspelt.
    """
    require_reference(reference)
    store = active_store(context, store_id)
    if not store.settings.points_enabled:
        raise ValueError("points_enabled is off; switch points on before giving any")
    if apply:
        _note(context, store, reference, undone=False)
    undone = store.undone_backfills - {reference}
    terms = store.settings.model_copy(update=_ORDERS_ALONE)
    store = replace(store, settings=terms, backfill=reference, undone_backfills=undone)
    work = _Work(context, store, Backfilled(reference), apply=apply)
    for portion in _given(context, store, reference):
        work.settle(portion)
    for portion in _without_points(context, store, since):
        work.settle(portion)
    return work.done()


def undo_backfill(
    context: Context,
    store_id: UUID,
    reference: str,
    *,
    shortfall: Shortfall | None = None,
    apply: bool = False,
) -> Backfilled:
    """Take the points of a backfill back, or tell what that would take.

    For spent points `shortfall` decides; without one nothing is taken back while some were spent.
    What was interrupted is finished by doing it again.

    Raises:
        LookupError: there is no such backfill.
        NotActive: there is no such store, or it is not active.
        ValueError: points were spent.
    """
    store = active_store(context, store_id)
    portions = list(_given(context, store, reference))
    if not portions:
        raise LookupError(f"no backfill {reference!r} has given points")
    spent = sum(_spent(context, store, portion) for portion in portions)
    if apply and spent and shortfall is None:
        raise ValueError(
            f"{spent} points of the backfill were spent; say by a shortfall policy whether "
            "customers keep them (write_off) or owe them (owe)"
        )
    if apply:
        _note(context, store, reference, undone=True)
    policy = {"points_shortfall": shortfall or "write_off"}
    terms = store.settings.model_copy(update=_ORDERS_ALONE | policy)
    undone = store.undone_backfills | {reference}
    store = replace(store, settings=terms, undone_backfills=undone)
    work = _Work(context, store, Backfilled(reference, spent=spent), apply=apply)
    for portion in portions:
        work.settle(portion)
    return work.done()


class _Work:
    """Settling orders in portions, each in a transaction of its own, which a dry run undoes."""

    def __init__(
        self, context: Context, store: ActiveStore, result: Backfilled, *, apply: bool
    ) -> None:
        self._context, self._store, self._apply = context, store, apply
        self._result = result
        self._customers: set[int] = set()

    def settle(self, identifiers: Sequence[str]) -> None:
        """Settle the points of these orders."""
        with store_transaction(self._context.engine, self._store.id) as session:
            lock_store(session, self._store)
            savepoint = session.begin_nested()
            book = settle_points(session, self._store, orders.load_orders(session, identifiers))
            if not self._apply:
                savepoint.rollback()
        self._customers |= {entry.customer_id for entry in book.entries}
        self._result.orders += len({entry.order_id for entry in book.entries} - {None})
        self._result.points += sum(entry.points for entry in book.entries)

    def done(self) -> Backfilled:
        """What it all came to."""
        self._result.customers = len(self._customers)
        return self._result


def _note(context: Context, store: ActiveStore, reference: str, *, undone: bool) -> None:
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        backfills.note_undone(session, reference, undone=undone)


def _without_points(
    context: Context, store: ActiveStore, since: datetime | None
) -> Iterator[Sequence[str]]:
    statuses, last = store.settings.purchase_statuses, 0
    while True:
        with store_transaction(context.engine, store.id) as session:
            found = backfills.without_points(session, statuses, last, AT_ONCE, since)
        if found.last is None:
            return
        last = found.last
        yield found.orders


def _given(context: Context, store: ActiveStore, reference: str) -> Iterator[Sequence[str]]:
    last = ""
    while True:
        with store_transaction(context.engine, store.id) as session:
            found = backfills.orders_of(session, reference, last, AT_ONCE)
        if not found:
            return
        last = found[-1]
        yield found


def _spent(context: Context, store: ActiveStore, identifiers: Sequence[str]) -> int:
    """How many points of these orders are no longer there, and have not expired."""
    with store_transaction(context.engine, store.id) as session:
        lots = points.lots_of_orders(session, identifiers)
    by_order: dict[str | None, list[PointLot]] = {}
    for lot in lots:
        by_order.setdefault(lot.order_id, []).append(lot)
    return sum(used(own) for own in by_order.values())
