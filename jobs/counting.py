"""Which orders and rewards take part in the programme of points at all."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from connector.settings import Settings
from database import rules
from database.orders import GONE
from jobs.context import ActiveStore
from retention.ledger.book import Book
from retention.ledger.rewards import lot_of, purchase_rewards
from retention.points import copied_rule
from retention.records import Order, PointLot

REWARD = "points_purchase_rewards:"
"""How the name begins under which a reward's start is kept; the purchase's number follows."""


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
    since: Mapping[int, datetime],
) -> dict[int, int]:
    """The rewards that a customer may get: none for a purchase older than the reward.

    `purchases` are when the customer paid for each that counts, in their sequence; `since` is of
    `rewarded_since`. A reward that has no beginning is as old as the programme.
    """

    def is_due(nth: int) -> bool:
        if lot_of(nth, customer) in book.lots or len(purchases) < nth:
            return True
        paid = purchases[nth - 1]
        return not _is_older(store, paid) and (nth not in since or paid >= since[nth])

    return {nth: points for nth, points in rewards.items() if is_due(nth)}


def note_rewards(session: Session, before: Settings, after: Settings, moment: datetime) -> None:
    """Note that rewards which the former settings did not have begin now."""
    had, has = (set(purchase_rewards(one.points_purchase_rewards)) for one in (before, after))
    for nth in has - had:
        # Stores date what happens to the second.
        rules.begin(session, f"{REWARD}{nth}", "on", moment.replace(microsecond=0))
    for nth in had - has:
        rules.end(session, f"{REWARD}{nth}")


def rewarded_since(session: Session) -> dict[int, datetime]:
    """Since when each purchase, by its number, has been rewarded."""
    return {
        int(name.removeprefix(REWARD)): start.since
        for name, start in rules.starts(session).items()
        if name.startswith(REWARD)
    }


def _is_older(store: ActiveStore, paid: datetime) -> bool:
    return store.points_since is not None and paid < store.points_since
