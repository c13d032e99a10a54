"""What orders and customers earn by the store's settings, brought into the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from connector.manifest import Settings
from database import earning, orders, points
from database.orders import GONE
from database.points import Head
from jobs.context import ActiveStore
from jobs.counting import as_it_counts, rewards_due
from jobs.order_rules import caps, excluded_customers, rules_of
from retention.ledger.book import Book
from retention.ledger.occasions import bring
from retention.ledger.rewards import lot_of, purchase_rewards, rewards_for
from retention.ledger.settle import allowances, settle
from retention.points import EarningRule, is_capped
from retention.records import Order, PointLot


def earning_rule(settings: Settings, currency: str) -> EarningRule:
    """The store's rule for points, as its settings have it today."""
    waits_for_delivery = settings.points_pending_from == "delivery"
    expiry_days = settings.points_expiry_days if settings.points_expiry == "lot" else 0
    return EarningRule(
        points=settings.points_earned,
        per=settings.points_per_amount,
        statuses=frozenset(settings.purchase_statuses),
        enabled=settings.points_enabled,
        currency=currency,
        pending_days=settings.points_pending_days,
        expiry_days=expiry_days,
        grace_days=settings.points_expiry_grace_days if expiry_days else 0,
        minimum=settings.points_minimum_order,
        rounding=settings.points_rounding,
        from_delivery=waits_for_delivery,
        delivery_days=settings.points_delivery_days if waits_for_delivery else 0,
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
    rule = replace(rule, caps=caps(store, head.moment), backfill=store.backfill)
    lots = points.lots_of_orders(session, [order.id for order in changed])
    customers = {owner for owner in owners.values() if owner is not None}
    customers |= {lot.customer_id for lot in lots}
    listed = list(changed)
    if rule.caps or any(is_capped(lot.rule) for lot in lots):
        others = _others_under_caps(session, customers, changed)
        listed += orders.load_orders(session, others)
        lots += points.lots_of_orders(session, others)
        owners = {**owners, **others}
    rewards = _rewards(store.settings)
    if rewards:
        # An order that gave no points tells by nothing else which guest had it before.
        customers |= earning.guests(session, changed)
        named = [lot_of(nth, customer) for nth in rewards for customer in customers]
        lots += points.lots_named(session, named)
    book = Book(_with_all_of_those_who_spent(session, lots, owners))
    _settle_all(session, store, book, listed, owners, rule, head)
    if rewards:
        _reward(session, store, book, customers, rule, head)
    return book


def _others_under_caps(
    session: Session, customers: Iterable[int], changed: Iterable[Order]
) -> dict[str, int]:
    """The other orders of these customers to which caps leave more or less when these change."""
    others = earning.capped_orders(session, customers)
    for order in changed:
        others.pop(order.id, None)
    return others


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


def _settle_all(
    session: Session,
    store: ActiveStore,
    book: Book,
    listed: Sequence[Order],
    owners: Mapping[str, int | None],
    rule: EarningRule,
    head: Head,
) -> None:
    listed = [as_it_counts(store, order, book.of_order(order.id)) for order in listed]
    rules = rules_of(session, store, listed, owners, book, rule)
    is_limited = rule.caps or any(is_capped(lot.rule) for lot in book.lots.values())
    most = allowances(book, listed, owners, rules) if is_limited else {}
    shortfall = store.settings.points_shortfall
    for order in listed:
        if owned := _owned(book, order, owners[order.id]):
            rule, limit = rules[order.id], most.get(order.id)
            settle(book, *owned, rule, head.moment, shortfall, limit)


def _owned(book: Book, order: Order, owner: int | None) -> tuple[Order, int] | None:
    """The order and whose it is; None when it is nobody's and has given nothing.

    When nobody owns it any more, whoever had points from it gives them back.
    """
    if owner is not None:
        return order, owner
    lots = book.of_order(order.id)
    return (replace(order, status=GONE), lots[-1].customer_id) if lots else None


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
    excluded = excluded_customers(session, store, listed)
    bought = earning.purchases(session, listed, store.settings.purchase_statuses)
    for customer in listed:
        purchases = bought.get(customer, [])
        due = rewards_due(store, _rewards(store.settings), purchases, book, customer)
        own = replace(rule, enabled=False) if customer in excluded else rule
        for one in rewards_for(customer, purchases, due):
            bring(book, one, own, head.moment, store.settings.points_shortfall)
