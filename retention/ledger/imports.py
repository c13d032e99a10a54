"""Points that come from another programme: balances that a file or a store tells.

A balance that was brought in is a source of points like an order: what is posted is the
difference between what it should have given and what it has. So the same file read twice gives
nothing twice, and undoing it brings each of its balances to 0.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from retention.ledger.book import Book
from retention.ledger.changes import require_actor, require_explained
from retention.ledger.posting import Shortfall, Source, Terms, used
from retention.records import PointLot


@dataclass(frozen=True, slots=True)
class Batch:
    """Balances that were brought in together: their reference, who did it, and from what.

    `origin` names the kind of source, `digest` what a file held (empty where there is none).
    """

    reference: str
    actor: str
    origin: str
    digest: str = ""

    @property
    def rule(self) -> str:
        """What is copied into the entries, by which another file of the same name is told."""
        told = {"digest": self.digest, "import": self.origin}
        return json.dumps({k: v for k, v in told.items() if v}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class ImportedBalance:
    """A customer's points in a batch, in which `key` names them and nothing else."""

    key: str
    customer_id: int
    points: int
    expires_at: datetime | None = None
    note: str = ""


def prefix(reference: str) -> str:
    """How the references of the lots of an import begin."""
    return f"import:{reference}:"


def name_of(lot: PointLot) -> str:
    """The imported balance that a lot is of, whoever has it now."""
    return lot.reference.rpartition(":")[0]


def bring_in(book: Book, batch: Batch, balance: ImportedBalance, moment: datetime) -> None:
    """Post what makes the balance give so many points to its customer.

    Points that it gave before keep their expiry. The book must hold the balance's lots.
    Raises ValueError for points below 1 and for nobody named.
    """
    if balance.points < 1:
        raise ValueError(f"points is {balance.points}; give 1 or more")
    require_actor(batch.actor)
    name = f"{prefix(batch.reference)}{balance.key}"
    lots = book.of_source(name)
    terms = _terms(lots) if lots else Terms(batch.rule, None, balance.expires_at)
    source = _source(book, name, terms, moment, batch.actor, balance.note)
    source.bring(balance.customer_id, balance.points, "write_off")


def take_back(
    book: Book,
    name: str,
    shortfall: Shortfall,
    moment: datetime,
    actor: str,
    note: str,
) -> None:
    """Post what takes an imported balance back, as far as there still is something of it.

    For what has been spent `shortfall` decides, as for an order that is given back. The book
    must hold the balance's lots, and all lots of their customers.
    Raises ValueError for nobody or no reason named.
    """
    require_explained(actor, note)
    holder = next((lot for lot in book.of_source(name) if lot.granted), None)
    if holder is not None:
        terms = Terms(holder.rule, None, holder.expires_at)
        source = _source(book, name, terms, moment, actor, note)
        source.bring(holder.customer_id, 0, shortfall)


def spent(book: Book, name: str) -> int:
    """How many of the points that a balance gives are no longer there, and have not expired."""
    return used(book.of_source(name))


def _terms(lots: list[PointLot]) -> Terms:
    return Terms(lots[0].rule, None, lots[0].expires_at)


def _source(book: Book, name: str, terms: Terms, moment: datetime, actor: str, note: str) -> Source:
    return Source(
        book=book,
        name=name,
        lots=partial(book.of_source, name),
        terms=terms,
        moment=moment,
        reason="imported",
        actor=actor,
        note=note,
    )
