from decimal import Decimal
from fractions import Fraction

import pytest

from retention.money import amount_text, in_currency, minor_digits


@pytest.mark.parametrize(
    ("amount", "currency", "wanted", "answer"),
    [
        (1, "IRT", "IRR", 10),
        (1, "IRHR", "IRR", 1_000),
        (1, "IRHT", "IRR", 10_000),
        (1, "IRHT", "IRT", 1_000),
        (1, "IRHR", "IRT", 100),
        (5, "IRR", "IRT", Fraction(1, 2)),
        (7, "EUR", "EUR", 7),
        (7, "EUR", "USD", None),
        (7, "EUR", "IRR", None),
    ],
)
def test_only_units_of_iranian_money_convert(
    amount: int, currency: str, wanted: str, answer: Fraction | int | None
) -> None:
    assert in_currency(Fraction(amount), currency, wanted) == answer


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("USD", 2), ("JPY", 0), ("KRW", 0), ("IRR", 0), ("IRT", 0), ("KWD", 3), ("BHD", 3), ("", 2)],
)
def test_an_amount_is_written_with_the_decimals_of_its_currency(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("12.5", "EUR", "12.50 EUR"),
        ("12.5000", "EUR", "12.50 EUR"),
        ("12.345", "EUR", "12.345 EUR"),
        ("1200", "IRT", "1200 IRT"),
        ("1200.5", "IRT", "1200.5 IRT"),
        ("1E+3", "JPY", "1000 JPY"),
        ("7", "KWD", "7.000 KWD"),
        ("7", "", "7.00"),
        ("0", "USD", "0.00 USD"),
    ],
)
def test_an_amount_is_told_to_the_last_digit_with_its_currency(
    amount: str, currency: str, written: str
) -> None:
    assert amount_text(Decimal(amount), currency) == written
