"""Which orders and rewards take part in the programme of points at all."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from database.orders import GONE
from jobs.context import ActiveStore
from retention.ledger.book import Book
from retention.ledger.rewards import lot_of
from retention.points import copied_rule
from retention.records import Order, PointLot


def as_it_counts(store: ActiveStore, order: Order, lots: Sequence[PointLot]) -> Order:
    """The order as it is for points, `lots` being those that it gave.

    An order that was paid before points were switched on earns by a backfill only, and nothing
    once that is undone: it is as if it were gone.
    """
    if lots:
        undone = store.undone_backfills
        is_out = bool(undone) and copied_rule(lots[0].rule).backfill in undone
    else:
        is_out = not store.backfill and _is_older(store, order.bought_at)
    return replace(order, status=GONE) if is_out else order


def rewards_due(
    store: ActiveStore,
    rewards: Mapping[int, int],
    purchases: Sequence[datetime],
    book: Book,
    customer: int,
) -> dict[int, int]:
    """The rewards that a customer may get: none for a purchase older than the programme.

    `purchases` are when the customer paid for each that counts, in their sequence.
    """
    return {
        nth: points
        for nth, points in rewards.items()
        if lot_of(nth, customer) in book.lots
        or len(purchases) < nth
        or not _is_older(store, purchases[nth - 1])
    }


def _is_older(store: ActiveStore, paid: datetime) -> bool:
    return store.points_since is not None and paid < store.points_since
