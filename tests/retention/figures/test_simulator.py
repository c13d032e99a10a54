from decimal import Decimal
from fractions import Fraction

import pytest

from retention.figures.figure import Figure, NotEnough
from retention.figures.simulator import Reading, simulate, what_if
from tests.retention.figures.tables import Bought, bought, period


def last(reading: Reading, percent: int) -> dict[str, object]:
    return simulate(reading, Fraction(percent, 100)).row(-1, named=True)


@pytest.mark.parametrize(
    ("reading", "percent", "revenue"),
    [
        ("compounding", 5, 1796),
        ("compounding", 10, 3138),
        ("plateau", 5, 1053),
        ("plateau", 10, 1111),
        ("first_customers_only", 5, 0),
        ("first_customers_only", 10, 0),
    ],
)
def test_a_hundred_customers_after_twelve_months(
    reading: Reading, percent: int, revenue: int
) -> None:
    found = last(reading, percent)

    assert found["month_number"] == 12
    assert round(Decimal(str(found["revenue"]))) == revenue


def test_the_months_on_the_way() -> None:
    found = simulate("plateau", Fraction(1, 10), months=2)

    assert found.rows() == [
        (0, 100.0, Decimal(1000), Decimal(1000)),
        (1, 110.0, Decimal(1100), Decimal(2100)),
        (2, 111.0, Decimal(1110), Decimal(3210)),
    ]
    assert simulate("compounding", Fraction(1, 20), months=1)["customers"].to_list() == [100, 105]


def test_the_first_customers_bring_little_more() -> None:
    for percent, revenue in ((5, "1052.6316"), (10, "1111.1111")):
        assert last("first_customers_only", percent)["cumulative_revenue"] == Decimal(revenue)


def test_senseless_input_is_refused() -> None:
    with pytest.raises(ValueError, match="reading is 'growth'"):
        simulate("growth", Fraction(0))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rate is 5"):
        simulate("plateau", Fraction(5))
    with pytest.raises(ValueError, match="cannot be negative"):
        simulate("plateau", Fraction(0), customers=-1)


def by_name(found: list[Figure]) -> dict[str, Figure]:
    return {one.name: one for one in found}


# January: 1, 2, 3, 4 buy; February: 1 and 2 again and 5 for the first time; March: 5 again, and
# 4 back after a pause. Every order is of 10, and customer 1 buys twice in January.
MONTHS: list[Bought] = [
    (1, 0, "10"), (1, 1, "10"), (2, 0, "10"), (3, 0, "10"), (4, 0, "10"),
    (1, 35, "10"), (2, 35, "10"), (5, 40, "10"), (5, 60, "10"), (4, 60, "10"),
]  # fmt: skip


def test_the_stores_own_numbers() -> None:
    found, months = what_if(bought(*MONTHS), period(0, 90), "EUR", points=10, minimum=1)

    figures = by_name(found)
    # Of 4 and 3 buyers 2 and 1 bought in the next month too. Others: 1 and 1. 100 of 9 buyers.
    assert (figures["monthly_retention"].value, figures["monthly_retention"].n) == (
        Fraction(300, 7),
        7,
    )
    assert figures["monthly_inflow"].value == 1
    assert figures["revenue_per_buyer"].value == Fraction(100, 9)
    assert months is not None
    # 2 buyers in March: 1 + 2 * 3/7 in April, and 1 + 2 * (3/7 + 1/10).
    assert months.table["customers"][0] == pytest.approx(13 / 7)
    assert months.table["customers_then"][0] == pytest.approx(2 + 2 / 35)
    assert months.table.height == 12
    now, then = (figures[f"what_if_revenue_{when}"].value or 0 for when in ("now", "then"))
    # Near their plateaus, 1 / (1 - r) buyers.
    assert float(now) == pytest.approx(100 / 9 * 7 / 4, rel=1e-4)
    assert float(then) == pytest.approx(100 / 9 * 70 / 33, rel=1e-3)
    assert figures["what_if_gain"].currency == "EUR"
    gain = sum(months.table["revenue_then"]) - sum(months.table["revenue"])
    # Buyers of month k are L + (2 - L) r^k with L = 1 / (1 - r): summed, 21.18749 and 25.31871.
    assert figures["what_if_gain"].as_json()["value"] == "45.9024"
    assert abs(gain - Decimal("45.9024")) < Decimal("0.001")


def test_only_complete_months_count() -> None:
    found, _ = what_if(bought(*MONTHS), period(0, 89.9), "EUR", minimum=1)

    assert by_name(found)["monthly_retention"].value == 50


def test_only_the_last_twelve_months_count() -> None:
    # A year in which customer 1 comes every month, after a year in which nobody came twice.
    early: list[Bought] = [(each, 31 * each - 300, "1") for each in range(2, 8)]
    year: list[Bought] = [(1, 15 + 30.4 * month, "1") for month in range(12)]

    found, _ = what_if(bought(*early, *year), period(-300, 365), "EUR", minimum=1)

    assert (by_name(found)["monthly_retention"].value, found[0].n) == (100, 11)


def test_retention_is_never_above_everybody() -> None:
    found, months = what_if(bought(*MONTHS), period(0, 90), "EUR", points=90, minimum=1)

    assert months is not None
    # All are kept and one is added each month: 3, 4, …, 14 buyers.
    assert months.table["customers_then"].to_list() == [float(n) for n in range(3, 15)]
    assert by_name(found)["what_if_revenue_then"].value == Fraction("155.5556")


def test_a_store_of_one_month_has_no_answer() -> None:
    for end in (31, 20):
        found, months = what_if(bought(*MONTHS[:5]), period(0, end), "EUR", minimum=1)
        assert [one.not_enough for one in found] == [NotEnough(0, 1)]
        assert months is None
