from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from retention.figures.cohorts import cohorts
from retention.figures.period import Period
from tests.retention.figures.tables import at, bought, period

# January has 31 days and February 28: customers 1 and 2 join in January, 3 in March. 1 buys
# again in January (no other month) and in February, 2 in March.
FEW = bought(
    (1, 0, "10"), (1, 30, "5.5"), (1, 31, "1"), (2, 5, "20"), (2, 60, "0.25"), (3, 59, "7"),
)  # fmt: skip


def test_the_triangles_of_retention_and_value() -> None:
    found = cohorts(FEW, period(0, 90), minimum=2)

    january, march = date(2026, 1, 1), date(2026, 3, 1)
    assert found.n == 3
    assert found.table.select(
        "month", "months_since", "base", "count", "share", "net", "cumulative_net", "enough"
    ).rows() == [
        (january, 0, 2, 2, 1.0, Decimal("35.5"), Decimal("35.5"), True),
        (january, 1, 2, 1, 0.5, Decimal(1), Decimal("36.5"), True),
        (january, 2, 2, 1, 0.5, Decimal("0.25"), Decimal("36.75"), True),
        (march, 0, 1, 1, 1.0, Decimal(7), Decimal(7), False),
    ]
    # Day 90 is the first of April: March is over.
    assert found.table["complete"].all()
    assert found.table["cumulative_net_per_customer"].to_list() == [
        Decimal("17.75"),
        Decimal("18.25"),
        Decimal("18.375"),
        Decimal(7),
    ]


def test_a_history_that_begins_before_the_first_purchase() -> None:
    assert cohorts(FEW, period(-40, 90)).table.equals(cohorts(FEW, period(0, 90)).table)


def test_months_in_which_nobody_bought_and_the_month_that_is_not_over() -> None:
    found = cohorts(FEW.head(2), period(0, 80)).table

    assert found.select("months_since", "count", "cumulative_net", "complete").rows() == [
        (0, 1, Decimal("15.5"), True),
        (1, 0, Decimal("15.5"), True),
        (2, 0, Decimal("15.5"), False),
    ]


def test_jalali_months_on_the_stores_clock() -> None:
    # 20 January is the last day of Dey; at 20:30 UTC Bahman begins in Tehran.
    table = bought((1, 19.8, "1"), (2, 19.9, "1"))

    found = cohorts(table, Period(at(19), at(30), "Asia/Tehran"), "jalali").table

    assert found.filter(pl.col("months_since") == 0)["month"].to_list() == [
        date(2025, 12, 22),
        date(2026, 1, 21),
    ]


def test_only_the_newest_cohorts() -> None:
    found = cohorts(FEW, period(0, 90), months=1).table

    assert found["month"].unique().to_list() == [date(2026, 3, 1)]
    with pytest.raises(ValueError, match="months is 0"):
        cohorts(FEW, period(0, 90), months=0)
