"""Points for what happens besides orders: an account, a birthday, a friend, a second purchase.

An occasion follows from facts, not from the news of them: whether it stands is worked out anew
each time, and what it has given is brought to that. So it is the same in whatever sequence news
arrive, happens once, and goes back when the facts no longer are there.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from retention.ledger.book import Book, take
from retention.ledger.changes import require_explained
from retention.ledger.posting import Shortfall, Source, Terms
from retention.points import EarningRule, is_capped
from retention.records import PointEntry, PointLot, PointReason

REASONS: tuple[PointReason, ...] = (
    "welcome",
    "birthday",
    "anniversary",
    "review",
    "referral",
    "referred",
)
"""The reasons of what occasions give that a person may take back; its references begin so."""


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

    @property
    def name(self) -> str:
        """What it is called among all that gives points under caps."""
        return f"{self.source}:{self.customer_id}" if self.reason == "rewarded" else self.source

    def lots(self, book: Book) -> list[PointLot]:
        """Return its lots in the book: one for each customer who ever had it.

        The second purchase of one customer is not that of another.
        """
        if self.reason != "rewarded":
            return book.of_source(self.source)
        lot = book.lots.get(self.name)
        return [lot] if lot else []


def bring(
    book: Book,
    occasion: Occasion,
    rule: EarningRule | None,
    moment: datetime,
    shortfall: Shortfall = "write_off",
    most: int | None = None,
) -> None:
    """Post what brings an occasion to what it should have given by now.

    `rule` says for how long points wait, when they expire and which caps they are under; None,
    or a disabled one, gives nothing new. `most` is what caps leave to the occasion, None without
    caps; one to which they leave nothing still keeps its rule, by an entry of 0. The book must
    hold the occasion's lots, and all lots of its customers once one of them has less left than
    it was granted.
    """
    lots = occasion.lots(book)
    if lots:
        terms = Terms(_text_by_now(lots[0], occasion), lots[0].matures_at, lots[0].expires_at)
        points = copied_terms(lots[0])["points"]
    elif rule is not None and begins(occasion, rule):
        terms, points = _new_terms(occasion, rule, moment), occasion.points
    else:
        return
    wanted = int(points) if occasion.stands else 0
    Source(
        book=book,
        name=occasion.source,
        lots=partial(occasion.lots, book),
        terms=terms,
        moment=moment,
        reason=occasion.reason,
    ).bring(occasion.customer_id, wanted if most is None else min(wanted, most), shortfall)


def begins(occasion: Occasion, rule: EarningRule) -> bool:
    """Return whether an occasion that has given nothing yet gives something by the rule."""
    is_due = occasion.stands and occasion.may_begin
    return is_due and bool(occasion.points) and rule.enabled


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


def is_withdrawn(occasion: Occasion, book: Book, withdrawn: Collection[str]) -> bool:
    """Return whether a person has taken back what the occasion gave, by one of these entries."""
    return any(withdrawal_of(lot) in withdrawn for lot in occasion.lots(book))


def copied_terms(lot: PointLot) -> dict[str, Any]:
    """Return what the entries of an occasion's lot copied.

    Those under caps also tell how the occasion stands, so that what it leaves to others is known
    without its facts: when it `happened_at`, the `customers` who ever had it, the last one being
    whose it is, and whether it `stands`, where it does not.
    """
    copied: dict[str, Any] = json.loads(lot.rule)
    return copied


def _text_by_now(lot: PointLot, occasion: Occasion) -> str:
    """The rule that its entries copied, with how the occasion now stands where caps need that."""
    if not is_capped(lot.rule):
        return lot.rule
    copied = copied_terms(lot)
    copied.pop("stands", None)
    if not occasion.stands:
        copied["stands"] = False
    elif occasion.happened_at is not None:
        copied["happened_at"] = _moment_text(occasion.happened_at)
    if occasion.customer_id != copied["customers"][-1]:
        others = [one for one in copied["customers"] if one != occasion.customer_id]
        copied["customers"] = [*others, occasion.customer_id]
    return _text(copied)


def _new_terms(occasion: Occasion, rule: EarningRule, moment: datetime) -> Terms:
    if not occasion.waits:
        rule = replace(rule, pending_days=0)
    days = {name: getattr(rule, name) for name in ("pending_days", "expiry_days", "grace_days")}
    copied = _named(occasion) | {name: count for name, count in days.items() if count}
    happened = occasion.happened_at or moment
    if rule.is_capped:
        copied |= rule.copied_caps()
        copied |= {"customers": [occasion.customer_id], "happened_at": _moment_text(happened)}
    return Terms(_text(copied), rule.maturity(happened), rule.expiry(happened, moment))


def _named(occasion: Occasion) -> dict[str, Any]:
    if occasion.reason == "rewarded":
        purchase = int(occasion.source.rpartition(":")[2])
        return {"points": occasion.points, "purchase": purchase}
    return {"occasion": occasion.reason, "points": occasion.points}


def _moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _text(copied: dict[str, Any]) -> str:
    return json.dumps(copied, separators=(",", ":"), sort_keys=True)
