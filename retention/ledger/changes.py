"""What changes points besides orders: time, and people who adjust by hand."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from retention.ledger.book import Book
from retention.records import PointEntry, PointLot, PointReason

REFERENCE = re.compile(r"[\w.-]{1,64}")

MOST_POINTS = 1_000_000_000
"""The most points that a person can give, bring in or spend at once."""


def mature(book: Book, moment: datetime) -> None:
    """Make pending points available whose time has come by `moment`."""
    for lot in list(book.lots.values()):
        if lot.pending and lot.matures_at is not None and lot.matures_at <= moment:
            book.post(
                PointEntry(
                    reference=_next(lot),
                    lot=lot.reference,
                    order_id=lot.order_id,
                    customer_id=lot.customer_id,
                    points=0,
                    pending=-lot.pending,
                    against="matured",
                    reason="matured",
                )
            )


def expire(book: Book, customer_id: int, moment: datetime) -> None:
    """Let the customer's available points lapse whose time has come by `moment`.

    What the customer owes is paid from them first. The book must hold all of the customer's lots.
    """
    let_go(
        book,
        customer_id,
        lambda lot: lot.expires_at is not None and lot.expires_at <= moment,
        "expired",
    )


def let_go(
    book: Book,
    customer_id: int,
    concerned: Callable[[PointLot], bool],
    reason: PointReason,
    rule: Callable[[PointLot], str] = lambda _: "",
) -> None:
    """Let what is available of the customer's concerned lots go, after paying what is owed.

    `rule` gives what each lot's entry copies.
    """
    for lot in book.of_customer(customer_id):
        if lot.available <= 0 or not concerned(lot):
            continue
        for owing in book.of_customer(customer_id):
            left = book.lots[lot.reference].available
            paid = min(left, -owing.available)
            if paid > 0:
                book.post(_moved_within(lot, _next(book.lots[lot.reference]), -paid))
                book.post(_moved_within(owing, _next(owing), paid))
        lot = book.lots[lot.reference]  # noqa: PLW2901 -- the same lot, after what it has paid
        if lot.available > 0:
            book.post(
                PointEntry(
                    reference=_next(lot),
                    lot=lot.reference,
                    order_id=lot.order_id,
                    customer_id=customer_id,
                    points=-lot.available,
                    pending=0,
                    against="expired",
                    reason=reason,
                    rule=rule(lot),
                )
            )


def adjust(book: Book, customer_id: int, points: int, key: str, actor: str, note: str) -> None:
    """Give or take available points by hand, as the effect `adjust:{key}`.

    Points given are a lot of their own that does not expire; points are taken from the lots that
    expire first. The book must hold all of the customer's lots.

    Raises ValueError for 0 points or too many, for nobody or no reason named, and when more is
    taken than is available.
    """
    effect = f"adjust:{key}"
    require_explained(actor, note)
    if not points:
        raise ValueError("points is 0; give how many to add, or a number below 0 to take")
    if points > MOST_POINTS:
        raise ValueError(f"points is {points}; give at most {MOST_POINTS} at once")
    available = book.available(customer_id)
    if points < 0 and available + points < 0:
        raise ValueError(
            f"points is {points}, and customer {customer_id} has {max(0, available)} available; "
            "take no more than that"
        )
    parts = [(effect, points)] if points > 0 else _parts(book.of_customer(customer_id), -points)
    for number, (name, part) in enumerate(parts, 1):
        lot = book.lots.get(name)
        book.post(
            PointEntry(
                reference=f"{effect}:{number}",
                lot=name,
                order_id=lot.order_id if lot else None,
                customer_id=customer_id,
                points=part,
                pending=0,
                against="adjusted",
                reason="adjusted",
                actor=actor,
                note=note,
            )
        )


def undo(book: Book, effect: Sequence[PointEntry], actor: str, note: str) -> None:
    """Reverse an adjustment, given as its entries: each goes back to the lot that it changed.

    The book must hold all of the customer's lots.

    Raises ValueError for entries that are no adjustment, for nobody or no reason named, and when
    points that would be taken back are no longer available.
    """
    require_explained(actor, note)
    if not effect or any(entry.reason != "adjusted" for entry in effect):
        raise ValueError(
            "only an adjustment can be undone; points of an order follow the order, adjust them"
        )
    customer_id, points = effect[0].customer_id, sum(entry.points for entry in effect)
    if points > max(0, book.available(customer_id)):
        raise ValueError(
            f"{points} points would be taken back, and customer {customer_id} has only "
            f"{max(0, book.available(customer_id))} available"
        )
    for entry in effect:
        book.post(
            PointEntry(
                reference=f"undo:{entry.reference}",
                lot=entry.lot,
                order_id=entry.order_id,
                customer_id=customer_id,
                points=-entry.points,
                pending=-entry.pending,
                against=entry.against,
                reason="undone",
                actor=actor,
                note=note,
            )
        )


def _parts(lots: Sequence[PointLot], points: int) -> list[tuple[str, int]]:
    """From which lots so many points are taken, and how many from each, as numbers below 0."""
    parts = []
    for lot in lots:
        part = min(points, max(0, lot.available))
        if part:
            parts.append((lot.reference, -part))
        points -= part
    return parts


def _moved_within(lot: PointLot, reference: str, points: int) -> PointEntry:
    return PointEntry(
        reference=reference,
        lot=lot.reference,
        order_id=lot.order_id,
        customer_id=lot.customer_id,
        points=points,
        pending=0,
        against="netted",
        reason="netted",
    )


def _next(lot: PointLot) -> str:
    return f"{lot.reference}:{lot.entries + 1}"


def require_actor(actor: str) -> None:
    """Raise ValueError when nobody is named who changes points by hand."""
    if not actor.strip():
        raise ValueError("actor is empty; name who does this")


def require_reference(reference: str) -> None:
    """Raise ValueError for text that cannot name a change by hand."""
    if not REFERENCE.fullmatch(reference):
        raise ValueError(f"reference {reference!r}: use 1 to 64 letters, digits, '.', '_' and '-'")


def require_explained(actor: str, note: str) -> None:
    """Raise ValueError when nobody is named who changes points by hand, or no reason why."""
    require_actor(actor)
    if not note.strip():
        raise ValueError("reason is empty; say why, for whoever reads the history later")
