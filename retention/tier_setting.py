"""The tiers of a programme, as the merchant writes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier by its name, the least amount it asks for, and its name in a second language."""

    name: str
    threshold: Fraction
    second_name: str = ""


def read_tiers(words: Iterable[str]) -> tuple[Tier, ...]:
    """Return the tiers that words like `silver=1000` and `gold|طلایی=5000` give, least first.

    Raises ValueError for any other word, for an amount that is not above 0, and for tiers that
    share a name or an amount.
    """
    tiers = []
    for word in words:
        names, _, number = word.rpartition("=")
        name, _, second = (part.strip() for part in names.partition("|"))
        try:
            amount = Fraction(Decimal(number.strip()))
        except (InvalidOperation, ValueError, OverflowError):
            amount = Fraction(0)
        if not name or amount <= 0:
            raise ValueError(f"tier {word!r}: write it like silver=1000 or gold|طلایی=5000")
        tiers.append(Tier(name, amount, second))
    for what in ("name", "threshold"):
        if len({getattr(tier, what) for tier in tiers}) < len(tiers):
            shared = "name" if what == "name" else "amount"
            raise ValueError(f"two tiers have the same {shared}; give each its own")
    return tuple(sorted(tiers, key=lambda tier: tier.threshold))
