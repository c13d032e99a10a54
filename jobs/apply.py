"""Facts into tables, points and work to write: all inside the caller's one transaction."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import structlog
from sqlalchemy.orm import Session

from connector.settings import Settings
from database import catalogue, claims, customers, earning, orders, outbox, points, stores
from database.customers import Buyer
from database.order_rows import save_orders
from database.orders import GONE
from jobs import occasions, shown_points
from jobs.context import ActiveStore
from jobs.earning import settle_orders
from jobs.expiry import give_back
from jobs.facts import Fact, Key
from jobs.gifts import follow_guests
from jobs.occasion_rules import is_on
from jobs.redemption_ledger import follow_customers, settle_redemptions
from jobs.shown_points import by_inactivity
from jobs.tiers import settle_tiers
from retention.ledger.book import Book
from retention.money import in_currency
from retention.records import Account, Category, ObjectKind, Order, Product

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Applied:
    """Whether anything changed that the store's results are computed from, or must be read.

    `to_reconcile`: a product lies in a category that was never read, or lay in one that is gone.
    """

    computed_from: bool
    to_reconcile: bool


def apply(
    session: Session, store: ActiveStore, facts: Mapping[Key, Fact], changed: Iterable[Key]
) -> Applied:
    """Make the facts true in the database, with every effect that follows from them.

    The caller has locked the store's row, so that two batches never interleave, and has sorted
    the facts: each is newer than what the database holds, and its refunds have their lines.
    `changed` are those that change more than a date.
    """
    gone: defaultdict[ObjectKind, list[str]] = defaultdict(list)
    for (kind, name), fact in facts.items():
        if fact.record is None:
            gone[kind].append(name)
    records = [fact.record for fact in facts.values()]
    accounts = [record for record in records if isinstance(record, Account)]
    products = [record for record in records if isinstance(record, Product)]
    unread = _apply_categories(session, records, gone["category"])
    recompute = catalogue.save_products(session, products) if products else False
    catalogue.mark_products_gone(session, gone["product"])
    moved = _apply_customers(session, store, accounts, gone["customer"])
    saved = _apply_orders(session, store.settings, records, gone["order"])
    if accounts or gone["customer"]:
        followed = occasions.follow_accounts(session, store, accounts, gone["customer"])
        want_points(session, store, followed)
    if moved or saved or gone["order"]:
        at_hand = {order.id for order in saved}
        loaded = orders.load_orders(session, moved.union(gone["order"]) - at_hand)
        settle_points(session, store, [*saved, *loaded])
    recompute |= bool(moved) or any(_is_computed_from(key, facts) for key in changed)
    return Applied(recompute, unread or catalogue.has_unknown_categories(session, products))


def _is_computed_from(key: Key, facts: Mapping[Key, Fact]) -> bool:
    kind = key[0]
    is_gone_product = kind == "product" and key in facts and facts[key].record is None
    return is_gone_product or (key in facts and kind in ("order", "category"))


def _apply_categories(session: Session, records: Iterable[object], deleted: Sequence[str]) -> bool:
    """Save categories and forget those that are gone; whether products must be read for it."""
    saved = [record for record in records if isinstance(record, Category)]
    if saved:
        catalogue.save_categories(session, saved)
    return catalogue.remove_categories(session, deleted) if deleted else False


def _apply_customers(
    session: Session, store: ActiveStore, accounts: Sequence[Account], deleted: Sequence[str]
) -> set[str]:
    """Save accounts; the orders that have another customer because of them."""
    touched = customers.save_accounts(session, accounts) if accounts else set()
    if proved := [account.id for account in accounts if account.email_is_proved]:
        claims.prove_accounts(session, proved)
    buyers: dict[str, Buyer] = {}
    if deleted:
        touched |= customers.mark_accounts_gone(session, deleted)
        outbox.forget(session, "customer", deleted)
        buyers |= customers.release_orders(session, deleted)
    if touched:
        buyers |= customers.orders_of_guests(session, touched)
    if accounts or deleted:
        named = [*deleted, *(account.id for account in accounts)]
        follow_customers(session, store.settings, touched, named)
    if touched or deleted:
        want_points(session, store, follow_guests(session, store, touched))
    if not buyers:
        return set()
    return set(orders.move_orders(session, customers.resolve(session, buyers, store.settings)))


def _apply_orders(
    session: Session, settings: Settings, records: Iterable[object], deleted: Sequence[str]
) -> list[Order]:
    """Save orders, and mark those that are gone; the saved ones, as they were saved."""
    saved = [record for record in records if isinstance(record, Order)]
    orders.mark_orders_gone(session, deleted)
    if saved:
        saved = _without_gone_accounts(session, saved)
        buyers = {order.id: Buyer(order.account_id, order.email, order.phone) for order in saved}
        owners = customers.resolve(session, buyers, settings)
        save_orders(session, saved, owners)
    return saved


def _without_gone_accounts(session: Session, saved: Sequence[Order]) -> list[Order]:
    """The orders as the store has them by now: the order of a deleted account is a guest's."""
    named = {order.account_id for order in saved if order.account_id}
    gone = customers.gone_accounts(session, named) if named else set()
    return [
        replace(order, account_id=None) if order.account_id in gone else order for order in saved
    ]


def settle_points(session: Session, store: ActiveStore, changed: Sequence[Order]) -> Book:
    """Append the entries that bring the points of these orders to what they should be.

    Points that were spent on them go back first, so that what is taken back finds them. Returns
    the lots with the entries about orders and purchases.
    """
    settings = store.settings
    spenders = settle_redemptions(session, store, changed)
    owners = orders.customers_of(session, [order.id for order in changed])
    # An order that gave no points tells by nothing else which guest had it before.
    tells = is_on(settings) or settings.points_tiers or settings.points_purchase_rewards
    guests = earning.guests(session, changed) if tells else set()
    head = points.head(session)
    book = settle_orders(session, store, changed, owners, guests, head)
    points.keep(session, book, head)
    touched = spenders | {entry.customer_id for entry in book.entries}
    buyers = {owner for owner in owners.values() if owner is not None}
    concerned = buyers | guests | {lot.customer_id for lot in book.lots.values()}
    if by_inactivity(settings):
        touched |= buyers | give_back(session, store, buyers)
    if settings.points_tiers:
        touched |= concerned
    if is_on(settings):
        touched |= occasions.follow_orders(session, store, changed, concerned)
    want_points(session, store, touched)
    _tell_other_currencies(store, changed)
    return book


def _tell_other_currencies(store: ActiveStore, listed: Iterable[Order]) -> None:
    currencies = Counter(order.currency for order in listed if order.status != GONE)
    for currency, count in currencies.items():
        if in_currency(Fraction(1), currency, store.currency) is None:
            log.info(
                "orders in another currency than the store's earn no points",
                store=str(store.id),
                currency=currency,
                store_currency=store.currency,
                orders=count,
            )


def want_points(session: Session, store: ActiveStore, changed: Iterable[int]) -> None:
    """Find these customers' tiers, and note what the store shall show of them and their points.

    The caller has locked the store's row.
    """
    listed = list(changed)
    if listed and store.settings.points_tiers:
        settle_tiers(session, store, listed, stores.now(session))
    show_points(session, store, listed)


def show_points(
    session: Session, store: ActiveStore, customers: Sequence[int], *, whole: bool = False
) -> None:
    """Note what the store shall show of these customers' points, and of the tiers they have.

    `whole` also takes away what the store's settings no longer give anybody.
    """
    if customers:
        shown = shown_points.texts(session, store, customers, whole=whole)
        outbox.want(session, "customer", shown)
