"""Facts into tables, points and work to write: all inside the caller's one transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from connector.manifest import Settings, load
from database import catalogue, customers, orders, outbox, points
from database.customers import Buyer
from database.orders import GONE
from jobs.context import ActiveStore
from jobs.facts import Fact, Key
from retention.points import EarningRule, settle
from retention.records import Account, Order, PointEntry, Product


def apply(session: Session, store: ActiveStore, facts: Mapping[Key, Fact]) -> None:
    """Make the facts true in the database, with every effect that follows from them.

    The caller has locked the store's row, so that two batches never interleave, and has sorted
    the facts: each is newer than what the database holds, and its refunds have their lines.
    """
    gone = [key for key, fact in facts.items() if fact.record is None]
    records = [fact.record for fact in facts.values()]
    products = [record for record in records if isinstance(record, Product)]
    if products:
        catalogue.save_products(session, products)
    catalogue.mark_products_gone(session, [name for kind, name in gone if kind == "product"])
    changed = _apply_customers(session, store.settings, records, gone)
    changed |= _apply_orders(session, store.settings, records, gone)
    if changed:
        settle_points(session, store, changed)


def _apply_customers(
    session: Session, settings: Settings, records: Iterable[object], gone: Iterable[Key]
) -> set[str]:
    """Save accounts; the guest orders that have another customer because of them."""
    accounts = [record for record in records if isinstance(record, Account)]
    deleted = [name for kind, name in gone if kind == "customer"]
    touched = customers.save_accounts(session, accounts) if accounts else set()
    touched |= customers.mark_accounts_gone(session, deleted) if deleted else set()
    if not touched:
        return set()
    buyers = customers.orders_of_guests(session, touched)
    return set(
        orders.move_orders(session, customers.resolve(session, buyers, settings.guest_identity))
    )


def _apply_orders(
    session: Session, settings: Settings, records: Iterable[object], gone: Iterable[Key]
) -> set[str]:
    """Save orders; those whose points may have changed."""
    changed = [record for record in records if isinstance(record, Order)]
    deleted = [name for kind, name in gone if kind == "order"]
    orders.mark_orders_gone(session, deleted)
    if changed:
        buyers = {order.id: Buyer(order.account_id, order.email, order.phone) for order in changed}
        owners = customers.resolve(session, buyers, settings.guest_identity)
        orders.save_orders(session, changed, owners)
    return {order.id for order in changed} | set(deleted)


def earning_rule(settings: Settings, currency: str) -> EarningRule:
    """The store's rule for points, as its settings have it today."""
    return EarningRule(
        points=settings.points_earned,
        per=settings.points_per_amount,
        statuses=frozenset(settings.purchase_statuses),
        enabled=settings.points_enabled,
        currency=currency,
    )


def settle_points(session: Session, store: ActiveStore, changed: Iterable[str]) -> None:
    """Append the entries that bring the points of these orders to what they should be."""
    listed = sorted(changed)
    rule = earning_rule(store.settings, store.currency)
    owners = orders.customers_of(session, listed)
    existing = points.entries_of_orders(session, listed)
    entries = [
        entry
        for order in orders.load_orders(session, listed)
        for entry in _entries(order, owners[order.id], existing.get(order.id, []), rule)
    ]
    points.append(session, entries)
    want_points(session, store, {entry.customer_id for entry in entries})


def _entries(
    order: Order, owner: int | None, existing: list[PointEntry], rule: EarningRule
) -> list[PointEntry]:
    if owner is not None:
        return settle(order, owner, existing, rule)
    # Nobody owns the order any more: whoever had points from it gives them back.
    if existing:
        return settle(replace(order, status=GONE), existing[-1].customer_id, existing, rule)
    return []


def want_points(session: Session, store: ActiveStore, changed: Iterable[int]) -> None:
    """Note the balances that the store shall show on these customers' accounts."""
    balances = points.balances(session, changed)
    accounts = customers.account_numbers(session, balances)
    name = load().platforms[store.platform.name].customer_fields["points"]
    outbox.want(
        session,
        "customer",
        {account: {name: str(balances[number])} for number, account in accounts.items()},
    )
