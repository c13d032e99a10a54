"""Taking an import of balances back, all of it or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from sqlalchemy.orm import Session

from database import point_imports, points
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context, active_store
from retention.ledger.book import Book
from retention.ledger.imports import name_of, prefix, spent, take_back
from retention.ledger.posting import Shortfall

AT_ONCE = 500


@dataclass(slots=True)
class UndoneImport:
    """What was taken back: balances and points; `spent` are those that were no longer there."""

    reference: str
    balances: int = 0
    points: int = 0
    spent: int = 0


def undo_import(
    context: Context,
    store_id: UUID,
    reference: str,
    *,
    actor: str,
    note: str,
    shortfall: Shortfall | None = None,
    apply: bool = False,
) -> UndoneImport:
    """Take all balances of an import back in one transaction, or only tell what that would do.

    Repeating it takes nothing more. For spent points `shortfall` decides; without one nothing is
    taken back while some were spent.

    Raises:
        LookupError: there is no such import.
        NotActive: there is no such store, or it is not active.
        ValueError: nobody or no reason is named, or points were spent.
    """
    store = active_store(context, store_id)
    result = UndoneImport(reference)
    with store_transaction(context.engine, store_id) as session:
        lock_store(session, store)
        savepoint = session.begin_nested()
        lots = point_imports.lots_beginning(session, prefix(reference))
        if not lots:
            raise LookupError(f"no import {reference!r}; `bazgasht points imports` lists them")
        by_name: dict[str, set[int]] = {}
        for lot in lots:
            by_name.setdefault(name_of(lot), set()).add(lot.customer_id)
        names = iter(by_name)
        while portion := list(islice(names, AT_ONCE)):
            holders = set().union(*(by_name[name] for name in portion))
            book = Book(points.lots_of_customers(session, holders))
            terms = (shortfall or "write_off", actor, note)
            _take_back(session, store, book, portion, terms, result)
        if apply and result.spent and shortfall is None:
            raise ValueError(
                f"{result.spent} points of the import were spent; say by a shortfall policy "
                "whether customers keep them (write_off) or owe them (owe)"
            )
        if not apply:
            savepoint.rollback()
    return result


def _take_back(
    session: Session,
    store: ActiveStore,
    book: Book,
    names: Sequence[str],
    terms: tuple[Shortfall, str, str],
    result: UndoneImport,
) -> None:
    shortfall, actor, note = terms
    head = points.head(session)
    for name in names:
        posted = len(book.entries)
        result.spent += spent(book, name)
        take_back(book, name, shortfall, head.moment, actor, note)
        new = book.entries[posted:]
        result.balances += bool(new)
        result.points -= sum(entry.points for entry in new)
    points.keep(session, book, head)
    want_points(session, store, {entry.customer_id for entry in book.entries})
