"""Points for what happens besides orders: an account, a birthday, a friend, a second purchase.

An occasion follows from facts, not from the news of them: whether it stands is worked out anew
each time, and what it has given is brought to that. So it is the same in whatever sequence news
arrive, happens once, and goes back when the facts no longer are there.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from retention.ledger.book import Book, take
from retention.ledger.changes import require_explained
from retention.ledger.posting import Shortfall, Source, Terms
from retention.points import EarningRule
from retention.records import PointEntry, PointLot, PointReason

REASONS: tuple[PointReason, ...] = (
    "welcome",
    "birthday",
    "anniversary",
    "review",
    "referral",
    "referred",
)
"""The reasons of points that occasions give."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that gives a customer points, once.

    `source` is what it is, as `birthday:1405:7`; the references of its entries begin with it.
    `points` are those of today's rule: what was given already keeps its own. From `happened_at`
    on, or from when they are written down where that is not known, points wait, where they do
    (`waits`), and count to their expiry. With `stands` False the facts are not, or no longer,
    there; one that `may_begin` False gives nothing unless it has already, for example because it
    lies before the rule was switched on.
    """

    source: str
    reason: PointReason
    customer_id: int
    points: int
    happened_at: datetime | None
    stands: bool = True
    may_begin: bool = True
    waits: bool = False

    def lots(self, book: Book) -> list[PointLot]:
        """Return its lots in the book: one for each customer who ever had it.

        The second purchase of one customer is not that of another.
        """
        if self.reason != "rewarded":
            return book.of_source(self.source)
        lot = book.lots.get(f"{self.source}:{self.customer_id}")
        return [lot] if lot else []


def bring(
    book: Book,
    occasion: Occasion,
    rule: EarningRule,
    moment: datetime,
    shortfall: Shortfall = "write_off",
) -> None:
    """Post what brings an occasion to what it should have given by now.

    `rule` says for how long points wait and when they expire; a disabled one gives nothing new.
    The book must hold the occasion's lots, and all lots of its customers once one of them has
    less left than it was granted.
    """
    lots = occasion.lots(book)
    begins = occasion.stands and occasion.may_begin and occasion.points and rule.enabled
    if not lots and not begins:
        return
    given = _copied_points(lots[0]) if lots else occasion.points
    Source(
        book=book,
        name=occasion.source,
        lots=partial(occasion.lots, book),
        terms=_terms(occasion, lots, rule, moment),
        moment=moment,
        reason=occasion.reason,
    ).bring(occasion.customer_id, given if occasion.stands else 0, shortfall)


def withdraw(book: Book, source: str, actor: str, note: str) -> None:
    """Take back by hand what an occasion has given, for good: each of its lots by one entry.

    The book must hold the occasion's lots and all lots of its customers.

    Raises ValueError for nobody or no reason named, when there is nothing to take back, and when
    it is no longer there.
    """
    require_explained(actor, note)
    lots = [lot for lot in book.of_source(source) if lot.granted > 0]
    if not lots:
        raise ValueError(f"{source} has given nothing that could be taken back")
    for lot in lots:
        _, pending = take(lot, lot.granted)
        if lot.granted - pending > max(0, book.available(lot.customer_id)):
            raise ValueError(
                f"{lot.granted} points would be taken back, and customer {lot.customer_id} has "
                f"only {max(0, book.available(lot.customer_id)) + pending} of them"
            )
        book.post(
            PointEntry(
                reference=withdrawal_of(lot),
                lot=lot.reference,
                order_id=None,
                customer_id=lot.customer_id,
                points=-lot.granted,
                pending=-pending,
                against="issued",
                reason="undone",
                actor=actor,
                note=note,
            )
        )


def withdrawal_of(lot: PointLot) -> str:
    """Return the reference of the entry that took a lot's points back by hand."""
    return f"undo:{lot.reference}"


def without_withdrawn(
    occasions: Collection[Occasion], book: Book, withdrawn: Collection[str]
) -> list[Occasion]:
    """Return the occasions but for those of which a person has taken the points back."""
    return [
        occasion
        for occasion in occasions
        if not any(withdrawal_of(lot) in withdrawn for lot in book.of_source(occasion.source))
    ]


def _copied_points(lot: PointLot) -> int:
    return int(json.loads(lot.rule)["points"])


def _terms(occasion: Occasion, lots: list[PointLot], rule: EarningRule, moment: datetime) -> Terms:
    if lots:
        return Terms(lots[0].rule, lots[0].matures_at, lots[0].expires_at)
    if not occasion.waits:
        rule = replace(rule, pending_days=0)
    days = {name: getattr(rule, name) for name in ("pending_days", "expiry_days", "grace_days")}
    copied = _named(occasion) | {name: count for name, count in days.items() if count}
    text = json.dumps(copied, separators=(",", ":"), sort_keys=True)
    happened = occasion.happened_at or moment
    return Terms(text, rule.maturity(happened), rule.expiry(happened, moment))


def _named(occasion: Occasion) -> dict[str, str | int]:
    if occasion.reason == "rewarded":
        purchase = int(occasion.source.rpartition(":")[2])
        return {"points": occasion.points, "purchase": purchase}
    return {"occasion": occasion.reason, "points": occasion.points}
