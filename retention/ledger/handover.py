"""Points that no order gave, following their customer: from a guest or a merged account.

Points of orders follow the orders. What was adjusted or brought in by hand, and redeemed points
that came back, belong to whom they were given, whoever that is by now; they are handed over with
what is left of them, debts included.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from retention.ledger.book import Book
from retention.records import PointEntry, PointLot

_GIVEN = re.compile(r"(import:[^:]+:[^:]+|adjust:[^:]+|redemption:[^:]+:\d+)(?::\d+)?")


def gift_of(reference: str) -> str | None:
    """Return what a lot is of that was given by hand or came back, None for any other lot."""
    found = _GIVEN.fullmatch(reference)
    return found[1] if found else None


def hand_over(book: Book, gifts: Iterable[str], customer_id: int) -> None:
    """Post what gives the customer all that is left of these adjustments and balances.

    References are `{gift}:{customer}:{n}` for those who get it, and go on for those who had it.
    The book must hold the gifts' lots.
    """
    wanted = set(gifts)
    for lot in list(book.lots.values()):
        gift = gift_of(lot.reference)
        is_elsewhere = lot.customer_id != customer_id and (lot.pending or lot.available)
        if gift in wanted and is_elsewhere:
            target = f"{gift}:{customer_id}"
            book.post(_moved(book, lot, lot.reference, lot.customer_id, -1))
            book.post(_moved(book, lot, target, customer_id, 1))


def _moved(book: Book, lot: PointLot, name: str, customer_id: int, sign: int) -> PointEntry:
    there = book.lots.get(name)
    return PointEntry(
        reference=f"{name}:{_number(there, name)}",
        lot=name,
        order_id=lot.order_id,
        customer_id=customer_id,
        points=sign * lot.left,
        pending=sign * lot.pending,
        against="moved",
        reason="moved",
        rule=lot.rule,
        matures_at=lot.matures_at,
        expires_at=lot.expires_at,
    )


def _number(lot: PointLot | None, name: str) -> str:
    """The number of the lot's next entry.

    An adjustment's lot has the name of its effect, whose entries are numbered already.
    """
    number = lot.entries + 1 if lot else 1
    return f"moved:{number}" if name.count(":") == 1 else str(number)


def as_it_is_held(entry: PointEntry, lots: Iterable[PointLot]) -> PointEntry:
    """Return an adjustment's entry as of the lot, and the customer, that has its points now.

    `lots` hold those of the gift that the entry's lot is of; an entry on another lot stays.
    """
    gift = gift_of(entry.lot)
    own = [lot for lot in lots if gift is not None and gift_of(lot.reference) == gift]
    # What is left tells who has it; without anything left, who had it last.
    own.sort(key=lambda lot: (bool(lot.left or lot.pending), lot.reference != entry.lot))
    if not own:
        return entry
    return replace(entry, lot=own[-1].reference, customer_id=own[-1].customer_id)
