"""The store's caps, and all that shares them with what is settled."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from database import earning, occasions, orders, points
from jobs.calendar import calendar_of
from jobs.context import ActiveStore
from retention.caps import NO_CAPS, ORDERS, Caps, RuleCaps, read_rule_caps
from retention.ledger.book import Book
from retention.ledger.occasions import REASONS, withdrawal_of
from retention.ledger.sharing import lots_of_noted
from retention.records import Order, PointLot

NONE = RuleCaps()


@dataclass(frozen=True, slots=True)
class Known:
    """Orders with their customers, and lots; of `customers` all that is under caps."""

    lots: Sequence[PointLot]
    orders: Sequence[Order] = ()
    owners: Mapping[str, int | None] = field(default_factory=dict)
    customers: Collection[int] = ()


def caps_of(store: ActiveStore, moment: datetime) -> RuleCaps:
    """The caps of the store's rules, as its settings have them."""
    settings = store.settings
    total = {
        "day": settings.points_total_cap_day,
        "month": settings.points_total_cap_month,
        "lifetime": settings.points_total_cap_lifetime,
    }
    of_orders = {
        "day": settings.points_cap_day,
        "month": settings.points_cap_month,
        "lifetime": settings.points_cap_lifetime,
    }
    if not (settings.points_rule_caps or any(total.values()) or any(of_orders.values())):
        return NONE
    calendar = calendar_of(settings, store.zone, moment)

    def made(limits: Mapping[str, int]) -> Caps:
        capped = any(limits.values())
        return Caps(**limits, zone=store.zone, calendar=calendar) if capped else NO_CAPS

    by_reason = {ORDERS: of_orders, **read_rule_caps(settings.points_rule_caps)}
    return RuleCaps(made(total), {reason: made(one) for reason, one in by_reason.items()})


def with_all_that_shares(session: Session, known: Known, customers: Collection[int]) -> Known:
    """What is known, with all else that is under these customers' caps.

    All lots of the customers are known already.
    """
    others = earning.capped_orders(session, customers)
    for order in known.orders:
        others.pop(order.id, None)
    at_hand = {lot.reference: lot for lot in known.lots}
    more = points.lots_of_orders(session, others)
    more += points.lots_named(session, lots_of_noted(at_hand.values()) - at_hand.keys())
    at_hand |= {lot.reference: lot for lot in more}
    return Known(
        lots=list(at_hand.values()),
        orders=[*known.orders, *orders.load_orders(session, others)],
        owners={**known.owners, **others},
        customers=customers,
    )


def with_all_of_those_who_spent(session: Session, known: Known) -> Sequence[PointLot]:
    """The lots, with all of the customers' where points have been used up."""
    used = [lot for lot in known.lots if lot.left < lot.granted]
    holders = {lot.customer_id for lot in used}
    holders |= {owner for lot in used if (owner := known.owners.get(lot.order_id or ""))}
    holders -= set(known.customers)
    if not holders:
        return known.lots
    at_hand = {lot.reference for lot in known.lots}
    others = points.lots_of_customers(session, holders)
    return [*known.lots, *(lot for lot in others if lot.reference not in at_hand)]


def taken_back(session: Session, book: Book) -> set[str]:
    """The references of those entries by which a person took back what occasions had given."""
    empty = [lot for lot in book.lots.values() if not lot.granted]
    given = [lot for lot in empty if lot.reference.partition(":")[0] in REASONS]
    return occasions.present(session, [withdrawal_of(lot) for lot in given])
