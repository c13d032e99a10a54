"""Points for a customer's second, fifth, n-th purchase.

A reward follows from how many purchases a customer has, not from the news of one, so that it is
the same in whatever sequence orders arrive, and goes back when the purchases no longer are there.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from retention.ledger.occasions import Occasion


def purchase_rewards(words: Iterable[str]) -> dict[int, int]:
    """Return the points by purchase that words like `2=100` give.

    Raises ValueError for any other word.
    """
    pairs = (word.partition("=") for word in words)
    return {int(purchase): int(points) for purchase, _, points in pairs}


def lot_of(purchase: int, customer_id: int) -> str:
    """Return the reference of the lot that holds a customer's reward for a purchase."""
    return f"purchase:{purchase}:{customer_id}"


def rewards_for(
    customer_id: int, purchases: Sequence[datetime], rewards: Mapping[int, int]
) -> list[Occasion]:
    """Return a customer's rewards, those that the purchases there are reach and all others.

    `purchases` are when the customer paid for each that counts, in the sequence in which they
    were placed; `rewards` are the points by the purchase's number.
    """
    return [
        Occasion(
            source=f"purchase:{purchase}",
            reason="rewarded",
            customer_id=customer_id,
            points=points,
            happened_at=purchases[purchase - 1] if len(purchases) >= purchase else None,
            stands=len(purchases) >= purchase,
            waits=True,
        )
        for purchase, points in sorted(rewards.items())
    ]
