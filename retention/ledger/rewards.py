"""Points for a customer's second, fifth, n-th purchase.

A reward follows from how many purchases a customer has, not from the news of one, so that it is
the same in whatever sequence orders arrive, and goes back when the purchases no longer are there.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from retention.ledger.book import Book
from retention.ledger.posting import Shortfall, Source, Terms
from retention.points import EarningRule
from retention.records import PointLot


def purchase_rewards(words: Iterable[str]) -> dict[int, int]:
    """Return the points by purchase that words like `2=100` give.

    Raises ValueError for any other word.
    """
    pairs = (word.partition("=") for word in words)
    return {int(purchase): int(points) for purchase, _, points in pairs}


def lot_of(purchase: int, customer_id: int) -> str:
    """Return the reference of the lot that holds a customer's reward for a purchase."""
    return f"purchase:{purchase}:{customer_id}"


def reward(
    book: Book,
    customer_id: int,
    purchases: Sequence[datetime],
    rewards: Mapping[int, int],
    rule: EarningRule,
    moment: datetime,
    shortfall: Shortfall = "write_off",
) -> None:
    """Post what brings a customer's rewards to the purchases there are.

    `purchases` are when the customer paid for each that counts, in the sequence in which they
    were placed; `rewards` are the points by the purchase's number, and `rule` says for how long
    points are pending and when they expire. A reward that was given keeps the points and days
    copied into it. The book must hold the customer's lots of rewards, and all of the customer's
    lots once one of them has less left than it was granted.
    """
    for purchase, points in sorted(rewards.items()):
        name = lot_of(purchase, customer_id)
        lot, reached = book.lots.get(name), len(purchases) >= purchase
        if lot is None and not (reached and points and rule.enabled):
            continue
        source = Source(
            book=book,
            name=f"purchase:{purchase}",
            lots=lambda name=name: _present(book, name),  # type: ignore[misc]
            terms=_terms(lot, purchase, points, purchases, rule, moment),
            moment=moment,
            reason="rewarded",
        )
        given = points if lot is None else json.loads(lot.rule)["points"]
        source.bring(customer_id, given if reached else 0, shortfall)


def _present(book: Book, name: str) -> list[PointLot]:
    return [book.lots[name]] if name in book.lots else []


def _terms(
    lot: PointLot | None,
    purchase: int,
    points: int,
    purchases: Sequence[datetime],
    rule: EarningRule,
    moment: datetime,
) -> Terms:
    if lot is not None:
        return Terms(lot.rule, lot.matures_at, lot.expires_at)
    paid = purchases[purchase - 1]
    days = {name: getattr(rule, name) for name in ("pending_days", "expiry_days", "grace_days")}
    copied = {"points": points, "purchase": purchase} | {k: v for k, v in days.items() if v}
    text = json.dumps(copied, separators=(",", ":"), sort_keys=True)
    return Terms(text, rule.maturity(paid), rule.expiry(paid, moment))
