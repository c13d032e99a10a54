"""Bringing what one source of points has given to what it should have given by now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from retention.ledger.book import Book, take
from retention.records import PointAccount, PointEntry, PointLot, PointReason

Shortfall = Literal["write_off", "owe"]
"""What becomes of points that must be taken back and have been spent: left to the customer as
far as the balance does not cover them, or owed, by a balance below zero."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the first entry of a source has settled for all later ones: rule, and days.

    Points that wait are pending and it is not known until when. A source of which more becomes
    known, as a line that an order got later or the day of its delivery, amends what its lots have.
    """

    rule: str
    matures_at: datetime | None
    expires_at: datetime | None
    waits: bool = False


@dataclass(slots=True)
class Source:
    """An order, or whatever else gives points, as long as it may give and take them back.

    `lots` gives its lots in the book, one for each customer who ever had it; `name` begins
    their references, which end with the customer. `reason` is that of points given; `actor` and
    `note` say who brings the source to what it should have given, where a person does, and why.
    """

    book: Book
    name: str
    lots: Callable[[], list[PointLot]]
    terms: Terms
    moment: datetime
    order_id: str | None = None
    reason: PointReason = "earned"
    actor: str = ""
    note: str = ""

    def bring(self, customer_id: int, wanted: int, shortfall: Shortfall) -> None:
        """Post what makes the points given the wanted ones, and all that is left the customer's.

        What is taken back is first what is left, with others before the customer, pending before
        available. The rest has been spent or has expired: expired points are not taken a second
        time, and for spent ones `shortfall` decides.
        """
        lots = self.lots()
        if not lots:
            self._give(customer_id, wanted)
            return
        self._amend(lots)
        given = sum(lot.granted for lot in lots)
        excess = max(0, given - wanted)
        for lot in sorted(lots, key=lambda lot: lot.customer_id == customer_id):
            excess -= self._reverse(lot, excess)
        self._move(customer_id)
        if excess:
            self._reverse_spent(customer_id, excess, shortfall)
        elif wanted > given:
            self._give(customer_id, wanted - given)

    def _amend(self, lots: list[PointLot]) -> None:
        """Let the lots have the terms as they are by now; points that matured stay available."""
        for lot in lots:
            if (lot.rule, lot.matures_at) != (self.terms.rule, self.terms.matures_at):
                self._post(lot.customer_id, 0, 0, "matured", "amended")

    def _reverse(self, lot: PointLot, excess: int) -> int:
        """Take back what is left of the lot, at most the excess; how much that was."""
        taken, pending = take(lot, excess)
        if taken:
            self._post(lot.customer_id, -taken, -pending, "issued", "reversed")
        return taken

    def _move(self, customer_id: int) -> None:
        """Give what is left with others, debts too, to the customer."""
        for lot in self.lots():
            if lot.customer_id != customer_id and (lot.pending or lot.available):
                self._post(lot.customer_id, -lot.left, -lot.pending, "moved", "moved")
                self._post(customer_id, lot.left, lot.pending, "moved", "moved")

    def _reverse_spent(self, customer_id: int, excess: int, shortfall: Shortfall) -> None:
        """Take back points that are no longer there, as far as the customer is to bear it."""
        lapsed = sum(lot.expired - lot.written_off for lot in self.lots())
        borne = excess - min(excess, max(0, lapsed))
        if shortfall == "write_off":
            borne = min(borne, max(0, self.book.available(customer_id)))
        self._post(customer_id, -excess, 0, "issued", "reversed")
        if excess > borne:
            self._post(customer_id, excess - borne, 0, "written_off", "written_off")

    def _give(self, customer_id: int, points: int) -> None:
        """Give points, but for those that were written off and so are the customer's already."""
        kept = min(points, max(0, sum(lot.written_off for lot in self.lots())))
        matures_at = self.terms.matures_at
        is_pending = self.terms.waits or (matures_at is not None and self.moment < matures_at)
        self._post(customer_id, points, points if is_pending else 0, "issued", self.reason)
        if kept:
            pending = -kept if is_pending else 0
            self._post(customer_id, -kept, pending, "written_off", "reclaimed")

    def _post(
        self,
        customer_id: int,
        points: int,
        pending: int,
        against: PointAccount,
        reason: PointReason,
    ) -> None:
        name = f"{self.name}:{customer_id}"
        lot = self.book.lots.get(name)
        self.book.post(
            PointEntry(
                reference=f"{name}:{lot.entries + 1 if lot else 1}",
                lot=name,
                order_id=self.order_id,
                customer_id=customer_id,
                points=points,
                pending=pending,
                against=against,
                reason=reason,
                rule=self.terms.rule,
                matures_at=self.terms.matures_at,
                expires_at=self.terms.expires_at,
                actor=self.actor,
                note=self.note,
            )
        )


def used(lots: Iterable[PointLot]) -> int:
    """Return how many points that a source gives are no longer there, and have not expired.

    `lots` are the source's, one for each customer who ever had it.
    """
    listed = list(lots)
    missing = sum(lot.granted - max(0, lot.left) for lot in listed)
    lapsed = sum(lot.expired - lot.written_off for lot in listed)
    return max(0, missing - max(0, lapsed))
