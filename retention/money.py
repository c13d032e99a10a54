"""Currencies: their decimals, and Iran's units, which stores write as currencies of their own."""

from decimal import Decimal
from fractions import Fraction

RIALS = {"IRR": 1, "IRT": 10, "IRHR": 1_000, "IRHT": 10_000}
"""Rials in one unit: Rial, Toman, thousand Rials, thousand Tomans."""

_WITHOUT_DECIMALS = frozenset(
    {
        *RIALS,
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND"),
        *("VUV", "XAF", "XOF", "XPF"),
    }
)
_WITH_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def minor_digits(currency: str) -> int:
    """Return with how many decimals amounts of a currency are written: 0, 2 or 3 (ISO 4217).

    Iran's units have none, because nobody writes them.
    """
    if currency in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency in _WITH_THREE_DECIMALS else 2


def amount_text(amount: Decimal, currency: str) -> str:
    """Return an exact amount with its currency, such as "12.50 EUR"; no digit is rounded away."""
    _, _, exponent = amount.normalize().as_tuple()
    written = -exponent if isinstance(exponent, int) else 0
    return f"{amount:.{max(minor_digits(currency), written)}f} {currency}".strip()


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
