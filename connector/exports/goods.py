"""What the lines of an exported order cost after discounts and without tax."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from connector.exports.cells import CENT_OF_CENT


def spread(amount: Fraction, shares: Sequence[Decimal]) -> list[Decimal]:
    """The amount in parts as large, relative to each other, as `shares`; they add up to it.

    The parts have four decimals; what rounding leaves goes to the largest. With shares that add
    up to nothing the first part is the whole.
    """
    if not shares:
        return []
    whole = _rounded(amount)
    total = sum(shares, Decimal(0))
    if total <= 0:
        return [whole, *(Decimal(0) for _ in shares[1:])]
    parts = [_rounded(amount * Fraction(share) / Fraction(total)) for share in shares]
    largest = max(range(len(parts)), key=lambda place: parts[place])
    parts[largest] += whole - sum(parts, Decimal(0))
    return parts


def _rounded(amount: Fraction) -> Decimal:
    return Decimal(round(amount / Fraction(CENT_OF_CENT))) * CENT_OF_CENT
