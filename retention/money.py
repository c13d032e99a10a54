"""Units of Iranian money, which stores write as currencies of their own."""

from fractions import Fraction

RIALS = {"IRR": 1, "IRT": 10, "IRHR": 1_000, "IRHT": 10_000}
"""Rials in one unit: Rial, Toman, thousand Rials, thousand Tomans."""


def in_currency(amount: Fraction, currency: str, wanted: str) -> Fraction | None:
    """Return the exact amount in the wanted currency, or None when no fixed rate joins the two.

    Currencies are compared as the store writes them, in capitals: only Rial, Toman and their
    thousands convert into each other.
    """
    if currency == wanted:
        return amount
    if currency in RIALS and wanted in RIALS:
        return amount * RIALS[currency] / RIALS[wanted]
    return None
