from datetime import UTC, datetime
from fractions import Fraction

import pytest

from retention.multipliers import Multipliers, Periods

WORDS = ["category:5=2", "category:6=1.5", "category:7=0", "product:70=3", "product:71=0"]


@pytest.mark.parametrize(
    ("product", "categories", "multiplier"),
    [
        ("1", [], "1"),
        ("1", ["9"], "1"),
        ("1", ["5"], "2"),
        ("1", ["6", "5"], "2"),
        ("1", ["6", "9"], "3/2"),
        ("1", ["5", "7"], "0"),
        ("70", ["7"], "3"),
        ("71", ["5"], "0"),
    ],
)
def test_a_products_own_multiplier_then_exclusion_then_the_highest(
    product: str, categories: list[str], multiplier: str
) -> None:
    assert Multipliers.parse(WORDS).of(product, categories) == Fraction(multiplier)


@pytest.mark.parametrize("word", ["5=2", "shop:5=2", "category:=2", "category:5", "product:5=x"])
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"multiplier|Invalid literal"):
        Multipliers.parse([word])


PERIODS = [
    "2026-11-25..2026-11-30=2",
    "1405/09/09..1405/09/10=1.5",
    "۱۴۰۵/۱۲/۲۹..1405-12-29=3",
    "2027-01-01..2027-01-01=0",
    "2026-12-31..2027-01-02=5",
]


@pytest.mark.parametrize(
    ("moment", "multiplier"),
    [
        ("2026-11-24T20:29", "1"),
        ("2026-11-24T20:30", "2"),  # 25 November begins in Tehran.
        ("2026-11-30T12:00", "2"),  # 9 Azar 1405 too: the higher one counts.
        ("2026-12-01T12:00", "3/2"),  # 10 Azar 1405
        ("2026-12-01T20:29", "3/2"),
        ("2026-12-01T20:30", "1"),
        ("2026-12-31T12:00", "5"),
        ("2027-01-01T12:00", "0"),  # Excluded anywhere is excluded.
        ("2027-03-20T12:00", "3"),  # 29 Esfand 1405, the last day of a year that is no leap year.
        ("2027-03-20T20:30", "1"),
    ],
)
def test_a_period_counts_from_its_first_to_its_last_day_in_the_stores_zone(
    moment: str, multiplier: str
) -> None:
    found = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert Periods.parse(PERIODS).at(found, "Asia/Tehran") == Fraction(multiplier)


def test_no_period_multiplies_by_one() -> None:
    assert Periods.parse([]).at(datetime(2026, 11, 25, tzinfo=UTC), "Asia/Tehran") == 1


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("2026-11-25=2", "must be written like"),
        ("2026-11-25..2026-11-30", "must be written like"),
        ("2026-11-25..2026-11-30=-2", "must be written like"),
        ("2026-11-31..2026-12-30=2", "no day of the gregorian calendar"),
        ("1404/12/30..1405/01/01=2", "no day of the jalali calendar"),
        ("2026-11-25..2026-11-24=2", "the last day is before the first"),
    ],
)
def test_other_periods_are_refused(word: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Periods.parse([word])


def test_30_esfand_of_a_leap_year_is_a_day() -> None:
    periods = Periods.parse(["1403/12/30..1403/12/30=2"])
    assert periods.at(datetime(2025, 3, 20, 12, tzinfo=UTC), "Asia/Tehran") == 2
    assert periods.at(datetime(2025, 3, 21, 12, tzinfo=UTC), "Asia/Tehran") == 1
