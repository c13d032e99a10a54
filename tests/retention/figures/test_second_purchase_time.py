from datetime import date
from fractions import Fraction

import polars as pl
import pytest

from retention.figures.figure import NotEnough
from retention.figures.period import Period
from retention.figures.second_purchase_time import (
    average_over_returners,
    by_category,
    by_month,
    contact_window,
    quartiles,
    return_curve,
    return_rates,
    within_days,
)
from retention.figures.survival import spells
from retention.figures.text import value_text
from tests.retention.figures.tables import Bought, at, bought, period

# Joined on day 0 and back after 10, 20 and 60 days; two silent until day 100; joined on day 40
# (10 February) and back after 30; joined on day 90 (1 April) and silent.
FEW = bought(
    (1, 0, "1"), (1, 10, "1"), (2, 0, "1"), (2, 20, "1"), (3, 0, "1", 2), (3, 60, "1"),
    (4, 0, "1", 2), (5, 0, "1", 2), (6, 40, "1"), (6, 70, "1"), (7, 90, "1"),
)  # fmt: skip
WHOLE = period(0, 100)
KNOWN = spells(FEW, at(100))


def test_quartiles_over_all_first_time_buyers() -> None:
    # At risk after 10 days: 6 of 7 are left (7 left observation after 10, a tie that still
    # counts): 6/7, then 4/5 of it at 20, 3/4 at 30, 2/3 at 60: .857, .686, .514, .343.
    quarter, half, three = quartiles(KNOWN, WHOLE, minimum=1)

    assert (quarter.value, half.value) == (20.0, 60.0)
    assert (half.n, half.unit) == (7, "days")
    assert three.value is None
    assert value_text(three, "en").startswith("not reached")
    assert quarter.interval is not None
    assert quarter.interval[0] == 10.0


def test_the_average_over_returners_is_shorter() -> None:
    found = average_over_returners(KNOWN, WHOLE)

    assert (found.value, found.n) == (30.0, 4)
    assert average_over_returners(KNOWN.head(0), WHOLE).not_enough == NotEnough(0, 1)


def test_few_first_time_buyers_are_not_enough() -> None:
    assert [one.not_enough for one in quartiles(KNOWN, WHOLE)] == [NotEnough(7, 30)] * 3


def test_the_two_rates_of_a_horizon() -> None:
    [pooled, counted], warnings = return_rates(KNOWN, WHOLE, 60, minimum=1)

    # Six joined at least 60 days ago, four of them came back within 60 days.
    assert (counted.value, counted.n) == (Fraction(200, 3), 6)
    assert pooled.value == pytest.approx(100 * (1 - 6 / 7 * 4 / 5 * 3 / 4 * 2 / 3))
    assert warnings == []


def test_a_horizon_that_nobody_was_observed_for() -> None:
    [pooled, counted], warnings = return_rates(KNOWN, WHOLE, 180, minimum=1)

    assert pooled.not_enough == counted.not_enough == NotEnough(0, 1)
    assert warnings == []


def test_a_warning_where_early_and_late_joiners_differ() -> None:
    # Nine hundred joined on day 0: a third came back at once, the rest never. Nine hundred
    # joined on day 80 and all came back at once: the curve takes the first for like them.
    rows: list[Bought] = []
    for customer in range(900):
        rows.append((customer, 0, "1"))
        if customer % 3 == 0:
            rows.append((customer, 5, "1"))
    for customer in range(900, 1800):
        rows += [(customer, 80, "1"), (customer, 85, "1")]

    [pooled, counted], warnings = return_rates(spells(bought(*rows), at(100)), WHOLE, 60)

    assert counted.value == Fraction(100, 3)
    assert pooled.value == pytest.approx(200 / 3)
    [warning] = warnings
    assert warning.kind == "warning"
    assert "66.7 % come back within 60 days" in warning.words.en
    assert "33.3 %" in warning.words.en


def test_rates_that_hardly_differ_give_no_warning() -> None:
    # 50 % and 51 % of many: outside of each other's intervals, but nothing to act upon.
    rows: list[Bought] = []
    for customer in range(40_000):
        rows.append((customer, 0 if customer < 20_000 else 80, "1"))
        came = customer % 2 == 0 if customer < 20_000 else customer % 100 < 52
        if came:
            rows.append((customer, 1 if customer < 20_000 else 81, "1"))

    [pooled, counted], warnings = return_rates(spells(bought(*rows), at(100)), WHOLE, 60)

    assert counted.value == 50
    assert pooled.value == pytest.approx(51)
    assert counted.interval is not None
    assert counted.interval[1] is not None
    assert pooled.value > counted.interval[1]
    assert warnings == []


def test_the_contact_window() -> None:
    rows = [(customer, day, "1") for customer in range(100) for day in (0, 30)]

    found, doubts = contact_window(spells(bought(*rows), at(100)), WHOLE)

    # Nobody is left after day 30. The weights there add up to 372/64; on day 27 they are
    # (372 + 63 + 60 + 55)/64, and 55/550 is above half of 64/372, as 48/598 on day 26 is not.
    assert [one.value for one in found] == [30, 27, 30]
    assert found[0].interval == (30.0, 30.0)
    assert doubts == []


def test_two_peaks_of_one_height_are_doubtful() -> None:
    rows: list[Bought] = [(customer, 0, "1") for customer in range(2000)]
    rows += [(customer, 20 if customer < 40 else 70, "1") for customer in range(80)]

    found, [doubt] = contact_window(spells(bought(*rows), at(100)), WHOLE)

    assert found[0].interval == (20.0, 70.0)
    assert doubt.name == "no_clear_peak"


def test_a_contact_window_needs_returns_close_together() -> None:
    found, doubts = contact_window(KNOWN, WHOLE)

    assert {one.not_enough for one in found} == {NotEnough(0, 30)}
    assert doubts == []
    few, _ = contact_window(KNOWN, WHOLE, minimum=3)
    assert {one.not_enough for one in few} == {NotEnough(2, 3)}


def test_the_curve_by_day() -> None:
    table = return_curve(KNOWN, WHOLE, minimum=1).table

    assert table.columns[:6] == ["day", "at_risk", "events", "returned", "low", "high"]
    assert table.filter(pl.col("events") > 0)["day"].to_list() == [10, 20, 30, 60]
    shown = dict(table.select("day", "returned").iter_rows())
    assert shown[9] == 0.0
    assert shown[10] == shown[19] == pytest.approx(1 / 7)
    assert shown[100] == pytest.approx(1 - 12 / 35)


def test_what_is_nearest_to_a_day_is_in_the_curve_on_that_day() -> None:
    table = return_curve(spells(bought((1, 0, "1"), (1, 2.5, "1")), at(9)), WHOLE, minimum=1).table

    assert table.select("day", "events", "returned").rows() == [
        (1, 0, 0.0),
        (2, 0, 0.0),
        (3, 1, 1.0),
    ]


def test_quartiles_of_each_category() -> None:
    found = by_category(KNOWN, WHOLE, minimum=4)

    assert found.table.select(
        "category_id", "base", "count", "quarter", "median", "three_quarters", "enough"
    ).rows() == [(1, 4, 3, 10.0, 20.0, 30.0, True), (2, 3, 1, 60.0, None, None, False)]


def test_months_of_joining() -> None:
    found = by_month(KNOWN, WHOLE, "gregorian", minimum=1)

    assert found.table.select("month", "base", "count", "median").rows() == [
        (date(2026, 1, 1), 5, 3, 60.0),
        (date(2026, 2, 1), 1, 1, 30.0),
        (date(2026, 4, 1), 1, 0, None),
    ]


def test_shares_within_a_horizon_of_months_observed_so_long() -> None:
    found = within_days(KNOWN, WHOLE, "gregorian", minimum=1)

    assert found.table.select("month", "horizon_days", "base", "count").rows() == [
        (date(2026, 1, 1), 30, 5, 2),
        (date(2026, 1, 1), 60, 5, 3),
        (date(2026, 1, 1), 90, 5, 3),
        (date(2026, 2, 1), 30, 1, 1),
        (date(2026, 2, 1), 60, 1, 1),
    ]


def test_jalali_months_of_joining() -> None:
    found = by_month(KNOWN, Period(WHOLE.start, WHOLE.end, "Asia/Tehran"), "jalali", minimum=1)

    # 1 January 2026 is in Dey 1404, which began on 22 December.
    assert found.table["month"].to_list() == [
        date(2025, 12, 22),
        date(2026, 1, 21),
        date(2026, 3, 21),
    ]
