"""Bringing points for accounts, birthdays, first purchases and reviews to how the facts stand.

All of it happens inside the caller's transaction, which has locked the store's row. While every
such rule of a store is off, nothing is asked of the database.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from database import occasions, people, points, privacy
from database.people import AccountRow
from jobs.context import ActiveStore, current
from jobs.earning import settle_known
from jobs.occasion_rules import BIRTHDAY, WELCOME, Programme, programme
from jobs.order_rules import excluded_customers
from jobs.people_occasions import (
    birthdays_that_move,
    celebrations,
    note_birthday,
    welcomes,
)
from jobs.purchase_occasions import anniversaries_of, reviewed
from jobs.referrals import given_by_orders
from jobs.sharing import (
    Known,
    caps_of,
    taken_back,
    with_all_of_those_who_spent,
    with_all_that_shares,
)
from retention.caps import RuleCaps
from retention.ledger.book import Book
from retention.ledger.occasions import Occasion, withdraw, withdrawal_of
from retention.points import EarningRule, is_capped
from retention.records import Account, Order, PointEntry
from retention.yearly import YearlyDay


def follow_accounts(
    session: Session, store: ActiveStore, saved: Sequence[Account], deleted: Iterable[str]
) -> set[int]:
    """Bring to the accounts as they now are what they give; the customers whose points changed."""
    told = programme(session, store)
    if told is None:
        return set()
    named = people.accounts_named(session, [*(account.id for account in saved), *deleted])
    return follow_people(session, told, named, saved)


def follow_people(
    session: Session,
    told: Programme,
    named: Mapping[int, AccountRow],
    saved: Sequence[Account] = (),
) -> set[int]:
    """The same for accounts as they are kept; `saved` are those that tell a birthday, perhaps."""
    wanted = anniversaries_of(session, told, named)
    others = set(named)
    if named and (WELCOME in told.since or BIRTHDAY in told.since):
        persons = persons_of(session, named)
        people_of = people.accounts_of(session, set(persons.values()))
        others |= {account.customer_id for own in people_of.values() for account in own}
        wanted += welcomes(session, told, people_of)
        wanted += birthdays_that_move(session, told, people_of)
        _note_birthdays(session, told, named, persons, saved)
        wanted += celebrations(session, told, occasions.birthdays(session, people_of))
    return settle(session, told, wanted, others)


def _note_birthdays(
    session: Session,
    told: Programme,
    named: Mapping[int, AccountRow],
    persons: Mapping[int, int],
    saved: Iterable[Account],
) -> None:
    numbers = {row.account_id: number for number, row in named.items()}
    for account in saved:
        number = numbers.get(account.id, 0)
        if number in persons and (birthday := _birthday(told, account)):
            note_birthday(session, persons[number], number, birthday, told.moment)


def _birthday(told: Programme, account: Account) -> YearlyDay | None:
    """What an account tells of its birthday, if it is wanted and can be read."""
    if BIRTHDAY not in told.since or not account.birthday:
        return None
    try:
        return YearlyDay.read(account.birthday, told.calendar)
    except ValueError:
        return None


def persons_of(session: Session, named: Mapping[int, AccountRow]) -> dict[int, int]:
    """The person behind each account; accounts that the store has made one are one person's."""
    hasher = privacy.make_hasher(session, current().vault)
    merged = {row.customer_id: row.merged_into for row in named.values() if row.merged_into}
    kept = people.accounts_named(session, set(merged.values())) if merged else {}
    persons = people.persons(session, hasher, {**named, **kept})
    by_account = {row.account_id: persons.get(number) for number, row in kept.items()}
    joined = {
        persons[number]: into
        for number, account in merged.items()
        if number in persons and (into := by_account.get(account)) not in (None, persons[number])
    }
    people.join(session, joined)
    occasions.join_birthdays(session, joined)
    return {number: joined.get(person, person) for number, person in persons.items()}


def follow_orders(
    session: Session, store: ActiveStore, changed: Sequence[Order], customers: Collection[int]
) -> set[int]:
    """Bring to the orders as they now are what these give besides their own points.

    `customers` are all who have, or had, one of the orders that changed. Returns the customers
    whose points changed.
    """
    told = programme(session, store)
    if told is None or not customers:
        return set()
    wanted, involved = given_by_orders(session, told, changed, customers)
    return settle(session, told, [*wanted, *anniversaries_of(session, told, customers)], involved)


def follow_reviews(session: Session, store: ActiveStore) -> set[int]:
    """Bring to all reviews as they now are what they give; the customers whose points changed."""
    told = programme(session, store)
    return settle(session, told, reviewed(session, told)) if told else set()


def settle(
    session: Session, told: Programme, wanted: Collection[Occasion], others: Iterable[int] = ()
) -> set[int]:
    """Bring occasions to what they should have given; the customers whose points changed.

    `others` are more customers who may have had something of these occasions.
    """
    if not wanted:
        return set()
    head = points.head(session)
    customers = {occasion.customer_id for occasion in wanted}.union(others)
    known = Known(points.lots_of_customers(session, customers))
    due = _due(session, told, wanted, caps_of(told.store, head.moment))
    is_limited = any(rule.is_capped for _, rule in due)
    if is_limited or any(lot.order_id is None and is_capped(lot.rule) for lot in known.lots):
        known = with_all_that_shares(session, known, customers)
        known = replace(known, lots=with_all_of_those_who_spent(session, known))
    book = Book(known.lots)
    settle_known(session, told.store, book, known, told.rule, due, head)
    points.keep(session, book, head)
    return {entry.customer_id for entry in book.entries}


def _due(
    session: Session, told: Programme, wanted: Collection[Occasion], caps: RuleCaps
) -> list[tuple[Occasion, EarningRule]]:
    """The occasions, and the rule by which each would be given today."""
    excluded = excluded_customers(session, told.store, {one.customer_id for one in wanted})
    return [
        (
            one,
            replace(
                told.rule,
                enabled=one.customer_id not in excluded,
                caps=caps.of(one.reason),
                total_caps=caps.total,
            ),
        )
        for one in wanted
    ]


def withdrawn(session: Session, entry: PointEntry, actor: str, note: str) -> tuple[Book, bool]:
    """The ledger's lots with what the occasion of an entry gave taken back by hand, for good.

    Also whether that is new. Raises ValueError as `retention.ledger.occasions.withdraw`.
    """
    source = entry.lot.rpartition(":")[0]
    holders = {lot.customer_id for lot in occasions.lots(session, source)}
    book = Book(points.lots_of_customers(session, holders))
    if taken_back(session, book) & {withdrawal_of(lot) for lot in book.of_source(source)}:
        return book, False
    withdraw(book, source, actor, note)
    return book, True
