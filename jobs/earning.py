"""What orders and customers earn by the store's settings, brought into the ledger."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from connector.settings import Settings
from database import earning, points
from database.orders import GONE
from database.points import Head
from jobs.context import ActiveStore
from jobs.counting import as_it_counts, rewarded_since, rewards_due
from jobs.order_rules import excluded_customers, rules_of
from jobs.sharing import (
    Known,
    caps_of,
    taken_back,
    with_all_of_those_who_spent,
    with_all_that_shares,
)
from retention.caps import ORDERS
from retention.ledger.book import Book
from retention.ledger.occasions import Occasion
from retention.ledger.rewards import lot_of, purchase_rewards, rewards_for
from retention.ledger.sharing import Settlement, settle_together
from retention.points import EarningRule, is_capped
from retention.records import Order


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
    guests: Collection[int],
    head: Head,
) -> Book:
    """The ledger's lots with the entries that these orders, as they stand, make necessary.

    `owners` are our customers; the rewards for purchases of all who had or have one of the
    orders, `guests` among them, are brought to how the orders stand, too.
    """
    caps = caps_of(store, head.moment)
    rule = earning_rule(store.settings, store.currency)
    rule = replace(rule, caps=caps.of(ORDERS), total_caps=caps.total, backfill=store.backfill)
    lots = points.lots_of_orders(session, [order.id for order in changed])
    customers = {owner for owner in owners.values() if owner is not None}
    customers |= {lot.customer_id for lot in lots}
    rewards = purchase_rewards(store.settings.points_purchase_rewards)
    if rewards:
        customers.update(guests)
        named = [lot_of(nth, customer) for nth in rewards for customer in customers]
        lots += points.lots_named(session, named)
    known = Known(lots, changed, owners)
    of_rewards = replace(rule, caps=caps.of("rewarded"))
    is_limited = rule.is_capped or (rewards and of_rewards.is_capped)
    if is_limited or any(is_capped(lot.rule) for lot in lots):
        lots += points.lots_of_customers(session, customers)
        known = with_all_that_shares(session, known, customers)
    book = Book(with_all_of_those_who_spent(session, known))
    due = _rewards(session, store, book, rewards, customers, of_rewards) if rewards else []
    settle_known(session, store, book, known, rule, due, head)
    return book


def settle_known(
    session: Session,
    store: ActiveStore,
    book: Book,
    known: Known,
    rule: EarningRule,
    due: Sequence[tuple[Occasion, EarningRule]],
    head: Head,
) -> None:
    """Post what brings the orders, and these occasions, and what shares caps with them, up to date.

    `rule` is that of orders, and the second of each pair that of the occasion, by which they would
    earn today.
    """
    listed = [as_it_counts(store, order, book.of_order(order.id)) for order in known.orders]
    owned = [one for order in listed if (one := _owned(book, order, known.owners[order.id]))]
    news = Settlement(
        orders=[order for order, _ in owned],
        owners={order.id: owner for order, owner in owned},
        rules=rules_of(session, store, listed, known.owners, book, rule) if listed else {},
        occasions=due,
        customers=known.customers,
        withdrawn=taken_back(session, book) if known.customers or due else (),
    )
    settle_together(book, news, head.moment, store.settings.points_shortfall)


def _owned(book: Book, order: Order, owner: int | None) -> tuple[Order, int] | None:
    """The order and whose it is; None when it is nobody's and has given nothing.

    When nobody owns it any more, whoever had points from it gives them back.
    """
    if owner is not None:
        return order, owner
    lots = book.of_order(order.id)
    return (replace(order, status=GONE), lots[-1].customer_id) if lots else None


def _rewards(
    session: Session,
    store: ActiveStore,
    book: Book,
    rewards: Mapping[int, int],
    customers: Iterable[int],
    rule: EarningRule,
) -> list[tuple[Occasion, EarningRule]]:
    """These customers' rewards, and the rule by which each would be given today."""
    listed = sorted(customers)
    excluded = excluded_customers(session, store, listed)
    bought = earning.purchases(session, listed, store.settings.purchase_statuses)
    none = replace(rule, enabled=False)
    since = rewarded_since(session)
    found = []
    for customer in listed:
        purchases = bought.get(customer, [])
        due = rewards_due(store, rewards, purchases, book, customer, since)
        own = none if customer in excluded else rule
        found += [(one, own) for one in rewards_for(customer, purchases, due)]
    return found
