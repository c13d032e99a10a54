from typing import Any

import polars as pl
import pytest

from retention.figures.changes import Change, changes
from retention.figures.history import Tables
from retention.figures.report import Options, figures
from tests.retention.figures.tables import period
from tests.retention.tables import lines, products

PRODUCTS = products((1, 10, True), (2, 20, True))
MONTH = period(0, 30)

BEFORE = lines((1, 1, 0, 1, "10"), (2, 1, 5, 2, "5.50"), (3, 2, 6, 1, "20"))
AFTER = lines((1, 1, 0, 1, "10"), (2, 1, 5, 2, "-1"), (3, 2, 6, 1, "20"))
"""The second order was refunded after the month was over."""


def computed(table: pl.DataFrame, end: float = 30) -> dict[str, Any]:
    return figures(
        Tables(table, PRODUCTS),
        period(0, end),
        Options(currency="EUR", minimum_customers=1, silence_days=10),
    ).as_json()


def test_a_late_refund_is_noted_with_what_it_changed() -> None:
    found = changes(computed(BEFORE), computed(AFTER))

    assert Change("revenue", (), "value", "71/2", "30", "-11/2") in found
    assert Change("orders", (), "value", 3, 2, -1) in found
    assert Change("repeat_purchase_rate", (), "value", "50", "0", "-50") in found
    assert Change("average_order_value", (), "n", 3, 2, -1) in found
    assert (
        Change(
            "cohorts",
            (("month", "2026-01-01"), ("months_since", 0)),
            "net",
            "35.5000",
            "30.0000",
            "-11/2",
        )
        in found
    )
    # A row that is gone, and a value that has become unknown.
    assert Change("look_spend", (("part", "second"),), "base", 1, None, None) in found
    assert Change("second_order_value", (), "value", "11/2", None, None) in found
    assert not [one for one in found if one.name == "customers"]


def test_nothing_changed() -> None:
    assert changes(computed(BEFORE), computed(BEFORE.reverse())) == []


def test_rounding_and_new_figures_are_no_changes() -> None:
    earlier, later = computed(BEFORE), computed(BEFORE)
    [silence] = [one for one in later["figures"] if one["name"] == "average_over_returners"]
    silence["value"] *= 1 + 1e-12
    earlier["figures"] = [one for one in earlier["figures"] if one["name"] != "orders"]
    earlier["breakdowns"] = earlier["breakdowns"][1:]

    assert changes(earlier, later) == []


def test_a_yes_that_becomes_a_no_has_no_difference() -> None:
    earlier, later = computed(BEFORE), computed(BEFORE)
    [cohorts] = [one for one in later["breakdowns"] if one["name"] == "cohorts"]
    cohorts["rows"][0]["complete"] = True

    [found] = changes(earlier, later)
    assert (found.column, found.before, found.after, found.difference) == (
        "complete",
        False,
        True,
        None,
    )


def test_two_periods_are_not_compared() -> None:
    with pytest.raises(ValueError, match="compare one period"):
        changes(computed(BEFORE), computed(BEFORE, end=31))


def test_a_change_is_written_down() -> None:
    record = Change("revenue", (("part", "first"),), "value", "71/2", "30", "-11/2").as_json()

    assert record == {
        "name": "revenue",
        "row": {"part": "first"},
        "column": "value",
        "before": "71/2",
        "after": "30",
        "difference": "-11/2",
    }
