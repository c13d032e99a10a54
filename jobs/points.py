"""Points changed by time and by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy.orm import Session

from database import points
from database.person import find
from database.points import Balance, Head
from database.privacy import Subject
from database.session import store_transaction
from jobs import queue
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context, NotActive, active_store, current
from jobs.gifts import held_now
from jobs.occasion_days import look_through
from jobs.occasions import withdrawn
from jobs.passing_time import follow
from retention.ledger.book import Book
from retention.ledger.chain import Link
from retention.ledger.changes import adjust as post_adjustment
from retention.ledger.changes import expire, mature, require_reference
from retention.ledger.changes import undo as post_undoing
from retention.ledger.occasions import REASONS
from retention.records import PointEntry

PORTION = 1_000

Change = Callable[[Session, Head], Book]


@dataclass(frozen=True, slots=True)
class Changed:
    """A change by hand: its reference, whether it was new, and what the customer has now."""

    reference: str
    applied: bool
    customer_id: int
    balance: Balance


@dataclass(frozen=True, slots=True)
class Holder:
    """One customer of a person: our number, the key, and the points."""

    customer_id: int
    key: str
    balance: Balance


def advance(store_id: str) -> None:
    """Bring points, tiers and what the store shows of them to the present moment."""
    context = current()
    queue.started(context.redis, queue.POINTS, store_id)
    try:
        store = active_store(context, UUID(store_id))
        for change in (_matured, _expired):
            while _changed(context, store, change).entries:
                pass
        look_through(context, store)
        follow(context, store)
    except NotActive:
        return


def _matured(session: Session, head: Head) -> Book:
    book = Book(points.maturing(session, head.moment, PORTION))
    mature(book, head.moment)
    return book


def _expired(session: Session, head: Head) -> Book:
    customers = points.with_expiring(session, head.moment, PORTION)
    book = Book(points.lots_of_customers(session, customers))
    for customer in customers:
        expire(book, customer, head.moment)
    return book


def _changed(context: Context, store: ActiveStore, change: Change) -> Book:
    """Make one change of the ledger, with what follows from it, in a transaction of its own."""
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        head = points.head(session)
        book = change(session, head)
        points.keep(session, book, head)
        want_points(session, store, {entry.customer_id for entry in book.entries})
    return book


def holders(context: Context, store_id: UUID, person: Subject) -> list[Holder]:
    """The customers that a person is, with their points.

    Raises:
        LookupError: the person is no customer of the store.
    """
    with store_transaction(context.engine, store_id) as session:
        customers = _customers(session, person)
        balances = points.balances(session, customers)
    return [Holder(number, key, balances[number]) for number, key in customers.items()]


def history(context: Context, store_id: UUID, person: Subject) -> list[Link]:
    """Every entry of a person, oldest first. Raises LookupError as `holders`."""
    with store_transaction(context.engine, store_id) as session:
        return points.history(session, _customers(session, person))


def adjust(
    context: Context,
    store_id: UUID,
    person: Subject,
    amount: int,
    *,
    actor: str,
    note: str,
    reference: str | None = None,
) -> Changed:
    """Give or take a customer's points by hand; a reference that was used changes nothing.

    Without a reference one is derived from the customer, the amount, who, why and the day (UTC),
    so that the same command twice in a day is one adjustment.

    Raises:
        NotActive: there is no such store, or it is not active.
        LookupError: the person is no customer of the store.
        ValueError: it cannot be done, or the reference was used for another adjustment.
    """
    if reference is not None:
        require_reference(reference)
    store = active_store(context, store_id)
    made: list[tuple[str, bool, int]] = []

    def change(session: Session, head: Head) -> Book:
        customer = one_customer(session, person)
        day = f"{head.moment:%Y-%m-%d}"
        key = reference or _derived(str(customer), str(amount), actor, note, day)
        book = Book(points.lots_of_customers(session, [customer]))
        before = _effect(session, f"adjust:{key}")
        if not before:
            post_adjustment(book, customer, amount, key, actor, note)
        elif _told_before(session, before) != (customer, amount):
            raise ValueError(f"reference {key} was used for another adjustment; give a new one")
        made.append((f"adjust:{key}", not before, customer))
        return book

    _changed(context, store, change)
    return _told(context, store_id, *made[0])


def undo(context: Context, store_id: UUID, reference: str, *, actor: str, note: str) -> Changed:
    """Reverse an adjustment, or what an occasion gave, by its reference, once and for good.

    Raises:
        NotActive: there is no such store, or it is not active.
        LookupError: there is no such entry.
        ValueError: it is neither, or its points are no longer there to be taken back.
    """
    store = active_store(context, store_id)
    made: list[tuple[str, bool, int]] = []

    def change(session: Session, _: Head) -> Book:
        effect = _effect(session, reference)
        if not effect:
            raise LookupError(f"no entry {reference!r}; `bazgasht points history` lists them")
        if effect[0].reason in REASONS:
            book, applied = withdrawn(session, effect[0], actor, note)
            made.append((f"undo:{effect[0].lot}", applied, effect[0].customer_id))
            return book
        effect = held_now(session, effect)
        customer = effect[0].customer_id
        book = Book(points.lots_of_customers(session, [customer]))
        done = points.find(session, f"undo:{effect[0].reference}") is not None
        if not done:
            post_undoing(book, effect, actor, note)
        made.append((f"undo:{effect[0].reference.rpartition(':')[0]}", not done, customer))
        return book

    _changed(context, store, change)
    return _told(context, store_id, *made[0])


def _told(
    context: Context, store_id: UUID, reference: str, applied: bool, customer: int
) -> Changed:
    with store_transaction(context.engine, store_id) as session:
        balance = points.balances(session, [customer])[customer]
    return Changed(reference, applied, customer, balance)


def _told_before(session: Session, effect: list[PointEntry]) -> tuple[int, int]:
    """Who has an adjustment's points now, and how many it was of."""
    return held_now(session, effect)[0].customer_id, sum(one.points for one in effect)


def _effect(session: Session, reference: str) -> list[PointEntry]:
    """All entries of the adjustment that is, or holds, this reference; else the one entry."""
    first = points.find(session, f"{reference}:1") or points.find(session, reference)
    if first is None or first.reason != "adjusted":
        return [first] if first else []
    effect, parts, number = first.reference.rpartition(":")[0], [], 1
    while part := points.find(session, f"{effect}:{number}"):
        parts.append(part)
        number += 1
    return parts


def _derived(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _customers(session: Session, person: Subject) -> dict[int, str]:
    customers = find(session, person).customers
    if not customers:
        raise LookupError("no customer of the store is named like that")
    return customers


def one_customer(session: Session, person: Subject) -> int:
    """The account of a person, or else the one guest.

    Raises:
        LookupError: the person is no customer of the store.
        ValueError: several customers are named like that.
    """
    customers = _customers(session, person)
    accounts = {number: key for number, key in customers.items() if key.startswith("account:")}
    chosen = accounts or customers
    if len(chosen) > 1:
        raise ValueError(f"{len(chosen)} customers are named like that; name one by --account")
    return next(iter(chosen))
