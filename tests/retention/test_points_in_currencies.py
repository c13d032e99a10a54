"""The same money gives the same points, whatever unit it is written in, to the last one."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.money import RIALS, minor_digits
from retention.points import ROUNDED, EarningRule, Rounding, target
from retention.records import Order
from tests.retention.tables import order

COUNTING = frozenset({"completed"})
WRITTEN = {"JPY": 0, "KWD": 3, "EUR": 2, "USD": 2}

rials = st.integers(0, 10**12)
units = st.sampled_from(sorted(RIALS))
multipliers = st.fractions(0, 5, max_denominator=12)
roundings: st.SearchStrategy[Rounding] = st.sampled_from(["down", "nearest", "up"])


def written(amount: int, currency: str) -> Decimal:
    """An amount in Rials, or in the smallest unit of another currency, as its currency has it."""
    if currency in RIALS:
        return Decimal(amount) / RIALS[currency]
    return Decimal(amount).scaleb(-WRITTEN[currency])


def bought(amounts: list[int], currency: str, credit: int = 0) -> Order:
    made = order(*(str(written(amount, currency)) for amount in amounts), currency=currency)
    return replace(made, paid_by_credit=written(credit, currency))


def rule(points: int, per: int, currency: str) -> EarningRule:
    return EarningRule(points, written(per, currency), COUNTING, currency=currency)


@given(
    st.lists(rials, min_size=1, max_size=4),
    st.integers(1, 1000),
    st.integers(1, 10**9),
    units,
    units,
)
def test_iranian_money_earns_the_same_in_every_unit(
    amounts: list[int], points: int, per: int, paid_in: str, ruled_in: str
) -> None:
    expected = sum(amounts) * points // per
    assert target(bought(amounts, paid_in), rule(points, per, ruled_in)) == expected


@given(
    amount=st.integers(1, 10**12),
    credit=st.fractions(0, 1, max_denominator=1000),
    period=multipliers,
    tier=multipliers,
    rounding=roundings,
    paid_in=units,
    ruled_in=units,
)
def test_multipliers_credit_and_rounding_are_exact_in_every_unit(
    amount: int,
    credit: Fraction,
    period: Fraction,
    tier: Fraction,
    rounding: Rounding,
    paid_in: str,
    ruled_in: str,
) -> None:
    paid = int(amount * credit)
    made = replace(
        rule(3, 70_000, ruled_in),
        period=period,
        tier="gold",
        tier_multiplier=tier,
        rounding=rounding,
    )
    exact = Fraction((amount - paid) * 3, 70_000) * period * tier
    assert target(bought([amount], paid_in, paid), made) == ROUNDED[rounding](exact)


@given(
    amounts=st.lists(st.integers(0, 10**12), min_size=1, max_size=4),
    points=st.integers(1, 1000),
    per=st.integers(1, 10**6),
    currency=st.sampled_from(sorted(WRITTEN)),
)
def test_any_currency_is_exact_to_its_smallest_unit(
    amounts: list[int], points: int, per: int, currency: str
) -> None:
    assert minor_digits(currency) == WRITTEN[currency]
    expected = sum(amounts) * points // per
    assert target(bought(amounts, currency), rule(points, per, currency)) == expected


@pytest.mark.parametrize("currency", [*sorted(RIALS), *sorted(WRITTEN)])
@given(times=st.integers(1, 10**6), per=st.integers(1, 10**6))
def test_the_boundary_belongs_to_the_next_point(currency: str, times: int, per: int) -> None:
    one_per = rule(1, per, currency)
    assert target(bought([times * per], currency), one_per) == times
    assert target(bought([times * per - 1], currency), one_per) == times - 1


@given(st.sampled_from(sorted(WRITTEN)), units)
def test_no_rate_joins_other_currencies(currency: str, unit: str) -> None:
    assert target(bought([10**9], currency), rule(1, 1, unit)) == 0
    assert target(bought([10**9], unit), rule(1, 1, currency)) == 0
