from fractions import Fraction

import pytest

from retention.money import in_currency, minor_digits


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
