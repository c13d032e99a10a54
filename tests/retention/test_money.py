from fractions import Fraction

import pytest

from retention.money import in_currency


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
