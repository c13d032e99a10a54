"""Keeping redemptions together with the points that they hold, whatever it is that changes them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from connector.manifest import load
from connector.platform import CREDIT_OUTLASTS
from connector.settings import Settings
from database import customers, orders, points, redemptions
from database.customers import Buyer
from jobs.context import ActiveStore
from retention.ledger.book import Book
from retention.ledger.redemption import Spending
from retention.records import Order, PointEntry, PointLot
from retention.redemption import Redemption, RedemptionRule, by_orders, copied_grace


def redemption_rule(store: ActiveStore) -> RedemptionRule:
    """What points buy by the store's settings as they are today."""
    settings = store.settings
    return RedemptionRule(
        enabled=settings.redemption_enabled,
        point_value=settings.point_value,
        currency=store.currency,
        least=settings.redemption_minimum_points,
        step=settings.redemption_step,
        maximum_percent=settings.redemption_maximum_percent,
        days=settings.redemption_days,
        kind=settings.redemption_kind if _gives_credit(store) else "code",
        grace_days=settings.redemption_grace_days,
    )


def bring(
    session: Session,
    store: ActiveStore,
    changed: Sequence[Redemption],
    *,
    rule: str = "",
    with_grace: bool = True,
) -> set[int]:
    """Keep redemptions as they are now, with the entries that follow; whose points those changed.

    `rule` is copied into the entries of a redemption that has none yet. Without grace points go
    back with the expiry that they had.
    """
    if not changed:
        return set()
    entries = redemptions.entries(session, changed)
    head = points.head(session)
    book = Book(_lots(session, changed, entries))
    for one in changed:
        own = entries.get(one.reference, [])
        text = own[0].rule if own else rule
        grace = copied_grace(text) if with_grace else 0
        spending = Spending(book, one.reference, one.customer_id, text, head.moment, grace, own)
        spending.bring(one.reserved, one.redeemed, store.settings.points_shortfall)
        redemptions.save(session, replace(one, entries=len(own)))
    points.keep(session, book, head)
    return {entry.customer_id for entry in book.entries}


def _lots(
    session: Session,
    changed: Iterable[Redemption],
    entries: Mapping[str, Sequence[PointEntry]],
) -> list[PointLot]:
    """All lots of those whose the redemptions are, and of the orders that gave what they hold."""
    lots = points.lots_of_customers(session, {one.customer_id for one in changed})
    written = [entry for listed in entries.values() for entry in listed]
    lots += points.lots_named(session, {entry.lot for entry in written})
    lots += points.lots_of_orders(session, {one.order_id for one in written if one.order_id})
    return list({lot.reference: lot for lot in lots}.values())


def settle_redemptions(session: Session, store: ActiveStore, changed: Sequence[Order]) -> set[int]:
    """Bring the redemptions that these orders use, or used, to how the orders stand.

    Returns the customers whose points changed.
    """
    _note_credit(session, store, changed)
    at_hand = {order.id: order for order in changed}
    codes = {code for order in changed for code in order.coupon_codes}
    touched = redemptions.touched_by(session, codes, at_hand)
    if not touched:
        return set()
    missing = {name for one in touched for name in one.orders} - set(at_hand)
    known = [*changed, *orders.load_orders(session, missing)]
    counting = store.settings.purchase_statuses
    undone = load().platforms[store.platform.name].undone_statuses
    settled = [by_orders(one, known, counting, undone) for one in touched]
    return bring(session, store, owned(session, store.settings, settled))


def _note_credit(session: Session, store: ActiveStore, changed: Sequence[Order]) -> None:
    """Note which of these orders may have given back store credit that is over.

    No order says of which credit it was paid, so the store is asked about all that the account had.
    """
    if not _gives_credit(store):
        return
    undone: dict[str, list[Order]] = {}
    for order in changed:
        is_kept = order.status in store.settings.purchase_statuses and not order.refunds
        if order.account_id and not is_kept:
            undone.setdefault(order.account_id, []).append(order)
    for one in redemptions.spent_credit(session, undone) if undone else ():
        end = one.expires_at + CREDIT_OUTLASTS
        paid = [order.id for order in undone[str(one.account_id)] if order.placed_at < end]
        if paid:
            redemptions.save(session, replace(one, orders=(*one.orders, *paid)))


def _gives_credit(store: ActiveStore) -> bool:
    return load().platforms[store.platform.name].gives_store_credit


def owned(session: Session, settings: Settings, listed: Sequence[Redemption]) -> list[Redemption]:
    """The redemptions as those of whoever, by the present facts, the account or address is."""
    gone = customers.gone_accounts(session, {one.account_id for one in listed if one.account_id})
    buyers = {
        one.reference: Buyer(None if one.account_id in gone else one.account_id, one.email, None)
        for one in listed
    }
    owners = customers.resolve(session, buyers, settings)
    return [
        replace(one, customer_id=owner) if (owner := owners[one.reference]) else one
        for one in listed
    ]


def follow_customers(
    session: Session, settings: Settings, guests: Collection[str], accounts: Collection[str]
) -> None:
    """Give redemptions to whose they are now that these guests and accounts changed."""
    before = redemptions.of_buyers(session, accounts, guests)
    for row, one in zip(before, owned(session, settings, before), strict=True):
        if row != one:
            redemptions.save(session, one)
