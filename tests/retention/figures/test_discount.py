from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.figures.catalogue import share
from retention.figures.discount import discounts, rate_to_break_even, return_on_discount
from retention.figures.figure import NotEnough
from retention.figures.text import value_text
from tests.retention.figures.tables import bought, period

WHOLE = period(0, 100)
RATE = Fraction(20, 100)


def test_ten_and_twenty_percent_off() -> None:
    # 20 of 100 pay 100 each: 2,000. At 90 it takes 22.2 of 100, at 80 it takes 25.
    assert rate_to_break_even(RATE, Fraction(1, 10), Fraction(100)) == Fraction(2, 9)
    assert rate_to_break_even(RATE, Fraction(1, 5), Fraction(100)) == Fraction(1, 4)


def test_margin_and_later_purchases() -> None:
    # Of 100 a margin of 40 is left: 8 from each first-time buyer; 20 % off leaves 20, so 40 %.
    half = rate_to_break_even(RATE, Fraction(1, 5), Fraction(100), Fraction(2, 5))
    assert half == Fraction(2, 5)
    # With 60 more from later purchases: 20 of 100 bring 100 each, with the discount 80.
    later = rate_to_break_even(RATE, Fraction(1, 5), Fraction(100), Fraction(2, 5), Fraction(60))
    assert later == Fraction(1, 4)


def test_a_discount_that_can_never_pay() -> None:
    assert rate_to_break_even(RATE, Fraction(2, 5), Fraction(100), Fraction(2, 5)) is None
    assert rate_to_break_even(Fraction(9, 10), Fraction(1, 5), Fraction(100)) is None


def test_the_return_on_the_discount() -> None:
    # 30 of 100 come instead of 20: 1,000 more, and 10 off each of 30 orders cost 300.
    found = return_on_discount(RATE, Fraction(30, 100), Fraction(1, 10), Fraction(100))

    assert found == Fraction(700, 300)
    with pytest.raises(ValueError, match="costs nothing"):
        return_on_discount(RATE, RATE, Fraction(0), Fraction(100))


@pytest.mark.parametrize(
    ("rate", "discount", "value", "message"),
    [
        (2, Fraction(1, 10), 100, "rate is 2"),
        (0, Fraction(-1), 100, "discount is -1"),
        (0, 0, 0, "order_value must be above 0"),
    ],
)
def test_senseless_terms_are_refused(
    rate: int, discount: Fraction, value: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rate_to_break_even(Fraction(rate), Fraction(discount), Fraction(value))


SHARES = st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=100)


@given(SHARES, SHARES, SHARES, st.integers(1, 1000), st.integers(0, 1000))
def test_breaking_even_is_a_return_of_nothing(
    rate: Fraction, discount: Fraction, margin: Fraction, value: int, later: int
) -> None:
    terms = (discount, Fraction(value), margin, Fraction(later))
    needed = rate_to_break_even(rate, *terms)

    if needed is not None:
        assert needed > rate
        assert return_on_discount(rate, needed, *terms) == 0


def test_the_lift_of_a_store() -> None:
    table = bought((1, 0, "7"), (1, 10, "30"), (2, 0, "7"), (2, 10, "20.5"), (2, 20, "99"))

    value, ten, twenty = discounts(
        table, share("return_rate_mature", WHOLE, 20, 100, 30), WHOLE, "EUR"
    )

    assert (value.value, value.n) == (Fraction("25.25"), 2)
    assert (ten.value, twenty.value) == (Fraction(20, 9), Fraction(5))
    # The interval of 20 of 100 is 13.3 to 28.9 %; a quarter of it is the lift.
    assert value_text(twenty, "en") == "5.0 points (3.3–7.2 points)"


def test_a_lift_needs_a_rate_and_an_order() -> None:
    rate = share("return_rate_mature", WHOLE, 20, 100, 30)
    unknown = share("return_rate_mature", WHOLE, 2, 10, 30)
    once, twice = bought((1, 0, "7")), bought((1, 0, "7"), (1, 1, "7"))

    assert [one.not_enough for one in discounts(once, rate, WHOLE, "EUR")] == [NotEnough(0, 1)] * 3
    assert discounts(twice, unknown, WHOLE, "EUR")[1].not_enough == NotEnough(10, 30)
    never = discounts(twice, rate, WHOLE, "EUR", margin=Fraction(1, 10))[1]
    assert value_text(never, "en").startswith("no lift is enough")
