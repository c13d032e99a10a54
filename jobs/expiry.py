"""Points that lapse after a time without activity, what lapsed wrongly, and warnings before it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from database import customers, holdings, points, rules, warnings
from database.session import store_transaction
from database.stores import now
from database.warnings import Addressee
from jobs.context import ActiveStore, Context, active_store
from jobs.shown_points import INACTIVITY, by_inactivity, inactivity_rule, lapses
from retention.figures.period import day_of
from retention.ledger.book import Book
from retention.ledger.expiry import Loss, Reminder, by_day, lapse, losses, reminders, restore

PORTION = 1_000


@dataclass(frozen=True, slots=True)
class Expiring:
    """Points of a customer, named by the key, that expire on a day of the store."""

    customer_id: int
    key: str
    expires_on: date
    points: int


@dataclass(frozen=True, slots=True)
class Warned:
    """A customer who is to be told that so many points expire on a day of the store."""

    customer_id: int
    addressee: Addressee
    expires_on: date
    points: int
    days_before: int
    noted_at: datetime


def note_inactivity(session: Session, store: ActiveStore, moment: datetime) -> None:
    """Keep since when points lapse by inactivity as they do now, so that there is a grace."""
    start = rules.starts(session).get(INACTIVITY)
    if not by_inactivity(store.settings):
        if start is not None:
            rules.end(session, INACTIVITY)
        return
    text = str(store.settings.points_inactivity_days)
    if start is None or start.rule != text:
        rules.begin(session, INACTIVITY, text, moment)


def lapsing(
    session: Session, store: ActiveStore, customers: Sequence[int], moment: datetime
) -> Book:
    """The entries by which the points of those of the customers lapse whose time has come."""
    rule = inactivity_rule(session, store)
    if rule is None:
        return Book()
    due = [one for one, at in lapses(session, store, customers).items() if at <= moment]
    book = Book(points.lots_of_customers(session, due))
    for customer in due:
        lapse(book, customer, rule)
    return book


def give_back(session: Session, store: ActiveStore, customers: Iterable[int]) -> set[int]:
    """Give back what lapsed although an order that is known by now forbids it; to whom.

    The caller has locked the store's row.
    """
    rule = inactivity_rule(session, store)
    if rule is None:
        return set()
    lapsed = holdings.lapsed(session, customers)
    if not lapsed:
        return set()
    owners = {entry.customer_id for entry, _ in lapsed}
    since = min(at for _, at in lapsed) - timedelta(days=rule.days + 2)
    bought = holdings.bought_since(session, owners, store.settings.purchase_statuses, since)
    wrong = [entry for entry, at in lapsed if rule.was_wrong(at, bought.get(entry.customer_id, ()))]
    head = points.head(session)
    book = Book(points.lots_named(session, {entry.lot for entry in wrong}))
    restore(book, wrong)
    points.keep(session, book, head)
    return {entry.customer_id for entry in book.entries}


def warn(session: Session, store: ActiveStore, customers: Sequence[int], moment: datetime) -> None:
    """Note which of these customers are to be told by today that points expire."""
    days = [int(word) for word in store.settings.points_warning_days]
    today = day_of(moment, store.zone)
    found: dict[int, list[Reminder]] = {}
    for customer, coming in upcoming(session, store, customers).items():
        if told := list(reminders(coming, today, days, store.zone)):
            found[customer] = told
    warnings.note(session, found, moment)


def upcoming(
    session: Session, store: ActiveStore, customers: Sequence[int]
) -> Mapping[int, Sequence[Loss]]:
    """What each of these customers will lose if nothing happens, soonest first."""
    at = lapses(session, store, customers)
    held = holdings.of_customers(session, customers)
    return {customer: losses(one, at.get(customer)) for customer, one in held.items()}


def expiring(context: Context, store_id: UUID, days: int) -> list[Expiring]:
    """What expires within so many of the store's days from today, the first day first.

    Raises:
        NotActive: there is no such store, or it is not active.
        ValueError: the number of days is not from 1 to 3650.
    """
    if not 1 <= days <= 3650:
        raise ValueError(f"days is {days}; give a number from 1 to 3650")
    store = active_store(context, store_id)
    found: list[Expiring] = []
    with store_transaction(context.engine, store_id) as session:
        moment = now(session)
        last = day_of(moment, store.zone) + timedelta(days=days)
        for listed in portions(lambda after: _candidates(session, store, moment, after, days)):
            keys = customers.keys(session, listed)
            found += [
                Expiring(customer, keys[customer], day, amount)
                for (customer, day), amount in _by_day(session, store, listed).items()
                if day <= last
            ]
    return sorted(found, key=lambda one: (one.expires_on, one.customer_id))


def warned(context: Context, store_id: UUID) -> list[Warned]:
    """Whom to tell that points expire, with what still does, the first day first.

    Raises:
        NotActive: there is no such store, or it is not active.
    """
    store = active_store(context, store_id)
    found: list[Warned] = []
    with store_transaction(context.engine, store_id) as session:
        today = day_of(now(session), store.zone)
        for listed in portions(lambda after: warnings.customers(session, today, after, PORTION)):
            named = warnings.addressees(session, listed)
            left = _by_day(session, store, listed)
            for row in warnings.of_customers(session, listed):
                told = row.customer_id, row.expires_on
                if told in left and row.customer_id in named:
                    addressee, days = named[row.customer_id], row.days_before
                    found.append(
                        Warned(told[0], addressee, told[1], left[told], days, row.noted_at)
                    )
    return sorted(found, key=lambda one: (one.expires_on, one.customer_id, -one.days_before))


def _by_day(
    session: Session, store: ActiveStore, customers: Sequence[int]
) -> dict[tuple[int, date], int]:
    """The points that these customers will lose if nothing happens, by the store's day."""
    return {
        (customer, day): amount
        for customer, coming in upcoming(session, store, customers).items()
        for day, amount in by_day(coming, store.zone).items()
    }


def portions(following: Callable[[int], Sequence[int]]) -> Iterable[Sequence[int]]:
    """Portions of customers, each asked for behind the last number of the one before."""
    after = 0
    while listed := following(after):
        yield listed
        after = listed[-1]


def _candidates(
    session: Session, store: ActiveStore, moment: datetime, after: int, days: int
) -> Sequence[int]:
    """A portion of the customers of whom something may expire within so many days."""
    if by_inactivity(store.settings):
        return holdings.with_points(session, after, PORTION)
    until = moment + timedelta(days=days + 1)
    return holdings.expiring(session, until, after, PORTION)


def candidates(session: Session, store: ActiveStore, moment: datetime, after: int) -> Sequence[int]:
    """A portion of the customers of whom something may lapse, or who may have to be warned."""
    longest = max((int(word) for word in store.settings.points_warning_days), default=0)
    return _candidates(session, store, moment, after, longest)
