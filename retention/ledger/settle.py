"""Bringing the ledger to how an order stands.

Nothing is computed from what happened, only from how the order stands: the entries written are
the difference between what the order should have given by now and what it has. So refunds and
cancellations may come in any sequence, and twice, and end in the same balance.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from retention.ledger.book import Book, take
from retention.points import EarningRule, copied_rule, target, text_of
from retention.records import Order, PointAccount, PointEntry, PointLot, PointReason

Shortfall = Literal["write_off", "owe"]
"""What becomes of points that must be taken back and have been spent: left to the customer as
far as the balance does not cover them, or owed, by a balance below zero."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the first entry of an order has settled for all later ones."""

    rule: EarningRule
    text: str
    matures_at: datetime | None
    expires_at: datetime | None


def settle(
    book: Book,
    order: Order,
    customer_id: int,
    rule: EarningRule,
    moment: datetime,
    shortfall: Shortfall = "write_off",
) -> None:
    """Post to the book what brings the ledger to how the order stands at `moment`.

    `customer_id` is whose order it is now: what is left with anyone else is moved. An order that
    already has entries keeps the rule copied in the first of them, whatever today's `rule` says.
    What is taken back is first what is left of the order's points, pending before available. The
    rest has been spent or has expired: expired points are not taken a second time, and for spent
    ones `shortfall` decides. The book must hold the order's lots, and all lots of its customers
    once a lot of the order has less left than it was granted.
    References are `order:{order}:{customer}:{n}`, n counting that lot's entries from 1.
    Raises ValueError when a copied rule cannot be read.
    """
    lots = book.of_order(order.id)
    terms = _terms(lots, order, rule, moment)
    wanted = target(order, terms.rule)
    given = sum(lot.granted for lot in lots)
    if not lots and not wanted:
        return
    posting = _Posting(book, order, terms, moment)
    if not lots:
        posting.earn(customer_id, wanted)
        return
    excess = max(0, given - wanted)
    for lot in sorted(lots, key=lambda lot: lot.customer_id == customer_id):
        excess -= posting.reverse(lot, excess)
    posting.move(customer_id)
    if excess:
        posting.reverse_spent(customer_id, excess, shortfall)
    elif wanted > given:
        posting.earn(customer_id, wanted - given)


def _terms(lots: list[PointLot], order: Order, rule: EarningRule, moment: datetime) -> _Terms:
    if lots:
        first = lots[0]
        rule = copied_rule(first.rule)
        return _Terms(rule, first.rule, first.matures_at, first.expires_at)
    return _Terms(rule, text_of(rule), rule.matures_at(order), rule.expires_at(order, moment))


@dataclass(slots=True)
class _Posting:
    book: Book
    order: Order
    terms: _Terms
    moment: datetime

    def reverse(self, lot: PointLot, excess: int) -> int:
        """Take back what is left of the lot, at most the excess; how much that was."""
        taken, pending = take(lot, excess)
        if taken:
            self._post(lot.customer_id, -taken, -pending, "issued", "reversed")
        return taken

    def move(self, customer_id: int) -> None:
        """Give what is left with others, debts too, to the customer."""
        for lot in self.book.of_order(self.order.id):
            if lot.customer_id != customer_id and (lot.pending or lot.available):
                self._post(lot.customer_id, -lot.left, -lot.pending, "moved", "moved")
                self._post(customer_id, lot.left, lot.pending, "moved", "moved")

    def reverse_spent(self, customer_id: int, excess: int, shortfall: Shortfall) -> None:
        """Take back points that are no longer there, as far as the customer is to bear it."""
        lots = self.book.of_order(self.order.id)
        lapsed = sum(lot.expired - lot.written_off for lot in lots)
        borne = excess - min(excess, max(0, lapsed))
        if shortfall == "write_off":
            borne = min(borne, max(0, self.book.available(customer_id)))
        self._post(customer_id, -excess, 0, "issued", "reversed")
        if excess > borne:
            self._post(customer_id, excess - borne, 0, "written_off", "written_off")

    def earn(self, customer_id: int, points: int) -> None:
        """Give points, but for those that were written off and so are the customer's already."""
        lots = self.book.of_order(self.order.id)
        kept = min(points, max(0, sum(lot.written_off for lot in lots)))
        matures_at = self.terms.matures_at
        is_pending = matures_at is not None and self.moment < matures_at
        self._post(customer_id, points, points if is_pending else 0, "issued", "earned")
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
        name = f"order:{self.order.id}:{customer_id}"
        lot = self.book.lots.get(name)
        self.book.post(
            PointEntry(
                reference=f"{name}:{lot.entries + 1 if lot else 1}",
                lot=name,
                order_id=self.order.id,
                customer_id=customer_id,
                points=points,
                pending=pending,
                against=against,
                reason=reason,
                rule=self.terms.text,
                matures_at=self.terms.matures_at,
                expires_at=self.terms.expires_at,
            )
        )
