"""By which rule each order earns: the store's, with what is the order's own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from sqlalchemy.orm import Session

from database import earning
from jobs.context import ActiveStore
from jobs.tiers import tiers_at
from retention.ledger.book import Book
from retention.multipliers import ONE, Multipliers, Periods
from retention.points import EarningRule, copied_rule
from retention.records import Order

Lines = tuple[tuple[str, Fraction], ...]


def rules_of(
    session: Session,
    store: ActiveStore,
    listed: Sequence[Order],
    owners: Mapping[str, int | None],
    book: Book,
    rule: EarningRule,
) -> dict[str, EarningRule]:
    """The rule by which each order would earn today.

    An order that has points already takes nothing from it but the multipliers of later lines.
    """
    new = [order for order in listed if not book.of_order(order.id)]
    rules = dict.fromkeys((order.id for order in listed), rule)
    for name, lines in _lines(session, store, listed, new, book).items():
        rules[name] = replace(rules[name], lines=lines)
    for name, multiplier in _periods(store, new).items():
        rules[name] = replace(rules[name], period=multiplier)
    for name, (tier, multiplier) in _tiers(session, store, new, owners).items():
        rules[name] = replace(rules[name], tier=tier, tier_multiplier=multiplier)
    for name in _excluded(session, store, new, owners):
        rules[name] = replace(rules[name], enabled=False)
    return rules


def excluded_customers(session: Session, store: ActiveStore, customers: Iterable[int]) -> set[int]:
    """Those of these customers who earn nothing, by their account or e-mail."""
    words = {word.lower() for word in store.settings.points_excluded_customers}
    return earning.named(session, customers, *_names(words)) if words else set()


def _names(words: Iterable[str]) -> tuple[list[str], list[str]]:
    accounts = [word.removeprefix("account:") for word in words if word.startswith("account:")]
    return accounts, [word for word in words if not word.startswith("account:")]


def _lines(
    session: Session,
    store: ActiveStore,
    listed: Sequence[Order],
    new: Sequence[Order],
    book: Book,
) -> dict[str, Lines]:
    """The multipliers of the lines that still need them, for the orders that have such lines.

    Where multipliers are in use every line of an order is listed, so that one that comes later is
    known as such.
    """
    words = store.settings.points_multipliers
    asking = {order.id: order for order in listed if _has_later_lines(order, book)}
    if words:
        asking |= {order.id: order for order in new}
    if not asking:
        return {}
    wanted = Multipliers.parse(words)
    found = {
        (line.order_id, line.line_id): wanted.of(line.product_id, line.category_ids)
        for line in earning.lines(session, asking)
    }
    return {
        name: tuple(sorted((line.id, found.get((name, line.id), ONE)) for line in order.lines))
        for name, order in asking.items()
    }


def _has_later_lines(order: Order, book: Book) -> bool:
    """Whether the order earned with multipliers, and has got a line since."""
    lots = book.of_order(order.id)
    known = copied_rule(lots[0].rule).lines if lots else ()
    return bool(known) and not {line.id for line in order.lines} <= {line for line, _ in known}


def _periods(store: ActiveStore, new: Iterable[Order]) -> dict[str, Fraction]:
    words = store.settings.points_periods
    if not words:
        return {}
    periods = Periods.parse(words)
    found = {order.id: periods.at(order.bought_at, store.zone) for order in new}
    return {name: multiplier for name, multiplier in found.items() if multiplier != ONE}


def _tiers(
    session: Session, store: ActiveStore, new: Iterable[Order], owners: Mapping[str, int | None]
) -> dict[str, tuple[str, Fraction]]:
    """The tier of each order's customer when it was paid, where that tier has a multiplier."""
    words = store.settings.points_tier_multipliers
    if not (words and store.settings.points_tiers):
        return {}
    multipliers = {
        name.strip(): Fraction(number)
        for name, _, number in (word.rpartition("=") for word in words)
    }
    asked = {
        order.id: (owner, order.bought_at)
        for order in new
        if (owner := owners.get(order.id)) is not None
    }
    tiers = tiers_at(session, store, asked.values())
    return {
        name: (tier, multipliers[tier])
        for name, pair in asked.items()
        if (tier := tiers[pair]) in multipliers
    }


def _excluded(
    session: Session, store: ActiveStore, new: Sequence[Order], owners: Mapping[str, int | None]
) -> list[str]:
    """The orders of customers who earn nothing, by themselves or by the order's own e-mail."""
    words = store.settings.points_excluded_customers
    if not words:
        return []
    asked = {owner for order in new if (owner := owners.get(order.id)) is not None}
    excluded = excluded_customers(session, store, asked)
    emails = {word.lower() for word in words}
    return [order.id for order in new if owners.get(order.id) in excluded or order.email in emails]
