"""What orders and customers earn by the store's settings, brought into the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from sqlalchemy.orm import Session

from connector.manifest import Settings
from database import earning, points
from database.orders import GONE
from database.points import Head
from jobs.context import ActiveStore
from retention.ledger.book import Book
from retention.ledger.rewards import lot_of, purchase_rewards, reward
from retention.ledger.settle import settle
from retention.multipliers import ONE, Multipliers
from retention.points import EarningRule
from retention.records import Order, PointLot


def earning_rule(settings: Settings, currency: str) -> EarningRule:
    """The store's rule for points, as its settings have it today."""
    return EarningRule(
        points=settings.points_earned,
        per=settings.points_per_amount,
        statuses=frozenset(settings.purchase_statuses),
        enabled=settings.points_enabled,
        currency=currency,
        pending_days=settings.points_pending_days,
        expiry_days=settings.points_expiry_days,
        grace_days=settings.points_expiry_grace_days if settings.points_expiry_days else 0,
        minimum=settings.points_minimum_order,
    )


def settle_orders(
    session: Session,
    store: ActiveStore,
    changed: Sequence[Order],
    owners: Mapping[str, int | None],
    head: Head,
) -> Book:
    """The ledger's lots with the entries that these orders, as they stand, make necessary.

    `owners` are our customers; the rewards for purchases of all who had or have one of the
    orders are brought to how the orders stand, too.
    """
    rule = earning_rule(store.settings, store.currency)
    lots = points.lots_of_orders(session, [order.id for order in changed])
    customers = {owner for owner in owners.values() if owner is not None}
    customers |= {lot.customer_id for lot in lots}
    rewards = _rewards(store.settings)
    if rewards:
        # An order that gave no points tells by nothing else which guest had it before.
        customers |= earning.guests(session, changed)
        lots += points.lots_named(
            session, [lot_of(nth, customer) for nth in rewards for customer in customers]
        )
    book = Book(_with_all_of_those_who_spent(session, lots, owners))
    lines = _multipliers(session, store.settings, changed, book)
    for order in changed:
        _settle(book, order, owners[order.id], lines, rule, head, store.settings)
    if rewards:
        _reward(session, store, book, customers, rule, head)
    return book


def _with_all_of_those_who_spent(
    session: Session, lots: list[PointLot], owners: Mapping[str, int | None]
) -> list[PointLot]:
    """The lots, with all of the customers' where points have been used up."""
    used = [lot for lot in lots if lot.left < lot.granted]
    if not used:
        return lots
    holders = {lot.customer_id for lot in used}
    holders |= {owner for lot in used if (owner := owners.get(lot.order_id or ""))}
    at_hand = {lot.reference for lot in lots}
    others = points.lots_of_customers(session, holders)
    return lots + [lot for lot in others if lot.reference not in at_hand]


def _settle(
    book: Book,
    order: Order,
    owner: int | None,
    lines: Mapping[str, Sequence[tuple[str, Fraction]]],
    rule: EarningRule,
    head: Head,
    settings: Settings,
) -> None:
    if owner is None:
        # Nobody owns the order any more: whoever had points from it gives them back.
        lots = book.of_order(order.id)
        if not lots:
            return
        owner, order = lots[-1].customer_id, replace(order, status=GONE)
    if order.id in lines:
        rule = replace(rule, lines=tuple(lines[order.id]))
    settle(book, order, owner, rule, head.moment, settings.points_shortfall)


def _multipliers(
    session: Session, settings: Settings, changed: Iterable[Order], book: Book
) -> dict[str, list[tuple[str, Fraction]]]:
    """The lines of orders without points so far that do not earn at the plain rate, by order."""
    if not settings.points_multipliers:
        return {}
    wanted = Multipliers.parse(settings.points_multipliers)
    new = [order.id for order in changed if not book.of_order(order.id)]
    found: dict[str, list[tuple[str, Fraction]]] = {}
    for line in sorted(earning.lines(session, new)):
        multiplier = wanted.of(line.product_id, line.category_ids)
        if multiplier != ONE:
            found.setdefault(line.order_id, []).append((line.line_id, multiplier))
    return found


def _rewards(settings: Settings) -> dict[int, int]:
    return purchase_rewards(settings.points_purchase_rewards)


def _reward(
    session: Session,
    store: ActiveStore,
    book: Book,
    customers: Iterable[int],
    rule: EarningRule,
    head: Head,
) -> None:
    listed = sorted(customers)
    bought = earning.purchases(session, listed, store.settings.purchase_statuses)
    for customer in listed:
        reward(
            book,
            customer,
            bought.get(customer, []),
            _rewards(store.settings),
            rule,
            head.moment,
            store.settings.points_shortfall,
        )
