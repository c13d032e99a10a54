"""Balances of another programme brought into the ledger, in portions.

The dry run does the same work and undoes it, so that both tell the same numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from sqlalchemy.orm import Session

from connector.exports import Problem
from connector.exports.balances import ToldBalance
from database import customers, erasure, point_imports, points, privacy
from database.customers import Buyer
from database.points import Head
from database.privacy import identities_of
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context
from retention.ledger.book import Book
from retention.ledger.imports import Batch, ImportedBalance, bring_in, name_of, prefix
from retention.records import PointEntry

AT_ONCE = 500


@dataclass(slots=True)
class ImportedPoints:
    """What was told, and what came of it.

    `new` balances gave points, `known` ones had given them before; `points` is what the ledger
    grew by, and `customers` how many got some of it.
    """

    reference: str
    unknown_columns: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    new: int = 0
    known: int = 0
    points: int = 0
    customers: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """A balance with the key that names it in its batch."""

    key: str
    balance: ToldBalance

    @property
    def buyer(self) -> Buyer:
        """Whose it is, as of an order."""
        return Buyer(self.balance.account_id, self.balance.email, self.balance.phone)

    @property
    def identity(self) -> str:
        """The strongest name that is told."""
        told = self.balance
        return identities_of(told.account_id, told.email, told.phone)[0]


def bring_all(
    context: Context,
    store: ActiveStore,
    batch: Batch,
    told: Iterator[Told],
    result: ImportedPoints,
    *,
    apply: bool,
) -> None:
    """Bring these balances in, or with `apply` off only find out what that would change.

    What comes of it goes into the result.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile.
        ValueError: the batch's reference names another file.
    """
    gainers: set[int] = set()
    before = _given_before(context, store, batch)
    while portion := list(islice(told, AT_ONCE)):
        with store_transaction(context.engine, store.id) as session:
            lock_store(session, store)
            savepoint = session.begin_nested()
            portion = _of_people_there_are(context, session, portion, result)
            entries = _bring(session, store, batch, portion, before)
            if not apply:
                savepoint.rollback()
        changed = {entry.lot.rpartition(":")[0] for entry in entries}
        result.new += len(changed)
        result.known += len(portion) - len(changed)
        result.points += sum(entry.points for entry in entries)
        gainers |= {entry.customer_id for entry in entries if entry.points > 0}
    result.customers = len(gainers)


def _given_before(context: Context, store: ActiveStore, batch: Batch) -> dict[str, list[str]]:
    """The lots that the batch's balances have, by the balance.

    Raises ValueError when the batch's reference names another file.
    """
    with store_transaction(context.engine, store.id) as session:
        found = point_imports.lots_beginning(session, prefix(batch.reference))
    if any(lot.rule != batch.rule for lot in found):
        raise ValueError(f"reference {batch.reference} was used for another file; give a new one")
    lots: dict[str, list[str]] = {}
    for lot in found:
        lots.setdefault(name_of(lot), []).append(lot.reference)
    return lots


def _bring(
    session: Session,
    store: ActiveStore,
    batch: Batch,
    portion: Sequence[Told],
    before: Mapping[str, list[str]],
) -> list[PointEntry]:
    """Post these balances; the entries that this made necessary."""
    owners = customers.resolve(session, {told.key: told.buyer for told in portion}, store.settings)
    head = points.head(session)
    names = [f"{prefix(batch.reference)}{told.key}" for told in portion]
    book = Book(points.lots_named(session, [lot for one in names for lot in before.get(one, ())]))
    for told in portion:
        if owner := owners[told.key]:
            bring_in(book, batch, _balance(store, told, owner, head), head.moment)
    points.keep(session, book, head)
    want_points(session, store, {entry.customer_id for entry in book.entries})
    return book.entries


def _balance(store: ActiveStore, told: Told, owner: int, head: Head) -> ImportedBalance:
    expires_at, days = told.balance.expires_at, store.settings.points_expiry_days
    if expires_at is None and days:
        expires_at = head.moment + timedelta(days=days)
    return ImportedBalance(told.key, owner, told.balance.points, expires_at, told.balance.note)


def _of_people_there_are(
    context: Context, session: Session, portion: Sequence[Told], result: ImportedPoints
) -> list[Told]:
    """The balances that can be brought in; why others cannot goes into the result."""
    accounts = {told.balance.account_id for told in portion if told.balance.account_id}
    there = point_imports.present_accounts(session, accounts)
    hasher = privacy.hasher(session, context.vault)
    erased = erasure.erased(session, {told.identity for told in portion}, hasher) if hasher else {}
    moment = points.head(session).moment
    kept = []
    for told in portion:
        account, expires_at = told.balance.account_id, told.balance.expires_at
        if account and account not in there:
            text = f"the store has no account {account}; correct it, or name the e-mail address"
        elif told.identity in erased:
            text = "the customer was erased on request; leave the row out"
        elif expires_at and expires_at <= moment:
            text = "the points have expired already; leave the row out"
        else:
            kept.append(told)
            continue
        result.problems.append(Problem(told.balance.line, "", text))
    return kept
