"""Balances of another programme: out of a file, or as the store shows them.

The dry run does the same work and undoes it, so that both tell the same numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from connector.exports import Origin, Problem
from connector.exports.balances import BalanceFile, ToldBalance, open_balances
from connector.exports.cells import time_zone
from connector.platform import OtherBalance
from database import customers, erasure, point_imports, points, privacy
from database.customers import Buyer
from database.points import Head
from database.privacy import identities_of
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context, active_store, connected
from jobs.points import REFERENCE
from retention.ledger.book import Book
from retention.ledger.changes import require_actor
from retention.ledger.imports import Batch, ImportedBalance, bring_in, name_of, prefix
from retention.records import PointEntry

AT_ONCE = 500
STORE_REFERENCE = "woocommerce-points-and-rewards"


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
class _Told:
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


def import_file(
    context: Context,
    store_id: UUID,
    path: Path,
    *,
    actor: str,
    reference: str | None = None,
    apply: bool = False,
) -> ImportedPoints:
    """Bring the balances of a CSV file in, or only find out what that would change.

    Each row is one effect of the file's reference (by default a hash of its content), so that
    loading it again adds nothing, and goes on where it was interrupted. Rows that cannot be
    brought in are problems; the others are. Without a date points expire as those earned today.

    Raises:
        BadPayload: the file cannot be read at all.
        NotActive: there is no such store, or it is not active.
        ValueError: nobody is named, the reference is misspelt, or names another file.
    """
    store = active_store(context, store_id)
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()[:16]
    batch = _batch(reference or digest, actor, "csv", digest)
    result = ImportedPoints(batch.reference)
    with open_balances(path, Origin(store.region, time_zone(store.zone), store.currency)) as file:
        result.unknown_columns = file.unknown_columns
        _bring_all(context, store, batch, _distinct(file, result), result, apply=apply)
    return result


def import_from_store(
    context: Context,
    store_id: UUID,
    *,
    actor: str,
    reference: str | None = None,
    apply: bool = False,
) -> ImportedPoints:
    """Bring in the balances that another programme shows on accounts of the store.

    Each account is one effect: reading again brings in only by how much a balance has changed.

    Raises:
        ConnectorError: the store does not answer, or does not show them.
        NotActive: there is no such store, or it is not active.
        ValueError: nobody is named, the reference is misspelt, or names a file.
    """
    store = active_store(context, store_id)
    batch = _batch(reference or STORE_REFERENCE, actor, STORE_REFERENCE, "")
    result = ImportedPoints(batch.reference)
    with connected(context, store) as connection:
        shown = (one for portion in connection.other_balances() for one in portion)
        told = [
            item for number, one in enumerate(shown, 1) if (item := _shown(number, one, result))
        ]
    _bring_all(context, store, batch, iter(told), result, apply=apply)
    return result


def _shown(number: int, one: OtherBalance, result: ImportedPoints) -> _Told | None:
    if one.points is None or one.points < 0:
        text = f"the balance of account {one.account_id} is no whole number from 0 on"
        result.problems.append(Problem(number, "", text))
    elif one.points:
        balance = ToldBalance(number, one.account_id, None, None, one.points)
        return _Told(f"account-{one.account_id}", balance)
    return None


def _batch(reference: str, actor: str, origin: str, digest: str) -> Batch:
    if not REFERENCE.fullmatch(reference):
        raise ValueError(f"reference {reference!r}: use 1 to 64 letters, digits, '.', '_' and '-'")
    require_actor(actor)
    return Batch(reference, actor, origin, digest)


def _distinct(file: BalanceFile, result: ImportedPoints) -> Iterator[_Told]:
    """The balances of the file; problems go into the result.

    A customer may have several, each with an expiry of its own.
    """
    seen: set[tuple[str, datetime | None]] = set()
    for item in file.rows():
        if isinstance(item, Problem):
            result.problems.append(item)
            continue
        told = _Told(str(item.line), item)
        if (told.identity, item.expires_at) in seen:
            text = "the customer comes a second time in the file; the first row is taken"
            result.problems.append(Problem(item.line, "", text))
        else:
            seen.add((told.identity, item.expires_at))
            yield told


def _bring_all(
    context: Context,
    store: ActiveStore,
    batch: Batch,
    told: Iterator[_Told],
    result: ImportedPoints,
    *,
    apply: bool,
) -> None:
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
    portion: Sequence[_Told],
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


def _balance(store: ActiveStore, told: _Told, owner: int, head: Head) -> ImportedBalance:
    expires_at, days = told.balance.expires_at, store.settings.points_expiry_days
    if expires_at is None and days:
        expires_at = head.moment + timedelta(days=days)
    return ImportedBalance(told.key, owner, told.balance.points, expires_at, told.balance.note)


def _of_people_there_are(
    context: Context, session: Session, portion: Sequence[_Told], result: ImportedPoints
) -> list[_Told]:
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
