"""What was given by hand follows its customer: a guest into an account, an account into another."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.orm import Session

from database import claims, customers, points
from database.customers import Buyer
from jobs.context import ActiveStore
from retention.ledger.book import Book
from retention.ledger.handover import as_it_is_held, gift_of, hand_over
from retention.records import PointEntry


def follow_guests(
    session: Session, store: ActiveStore, keys: Collection[str] | None = None
) -> set[int]:
    """Give what these guests (None: all) were given to whose they are by the present facts.

    Returns the customers whose points changed.
    """
    found = claims.gifts_of_guests(session, keys)
    buyers = {key: _buyer(key) for key in found}
    owners = customers.resolve(session, buyers, store.settings) if buyers else {}
    return _hand_over(session, found, owners)


def follow_merged(session: Session, store: ActiveStore, kept: str, gone: str) -> set[int]:
    """Give what an account was given to the one that the store made of it and another.

    Returns the customers whose points changed.
    """
    found = claims.gifts_of_merged(session, [gone])
    buyers = {gone: Buyer(kept, None, None)}
    owners = customers.resolve(session, buyers, store.settings) if found else {}
    return _hand_over(session, found, owners)


def _buyer(key: str) -> Buyer:
    kind, _, value = key.partition(":")
    return Buyer(None, value if kind == "email" else None, value if kind == "phone" else None)


def _hand_over(
    session: Session, found: Mapping[str, set[str]], owners: Mapping[str, int | None]
) -> set[int]:
    gifts = {gift for own in found.values() for gift in own}
    if not gifts:
        return set()
    head = points.head(session)
    book = Book(claims.lots_of_gifts(session, gifts))
    for key, own in found.items():
        if owner := owners[key]:
            hand_over(book, own, owner)
    points.keep(session, book, head)
    return {entry.customer_id for entry in book.entries}


def held_now(session: Session, effect: Sequence[PointEntry]) -> list[PointEntry]:
    """An adjustment's entries as of the lots, and customers, that have its points now."""
    gifts = {gift for entry in effect if (gift := gift_of(entry.lot))}
    lots = claims.lots_of_gifts(session, gifts) if gifts else []
    return [as_it_is_held(entry, lots) for entry in effect]
