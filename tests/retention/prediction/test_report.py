import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import sqrt

import polars as pl
import pytest

from retention.columns import LINES
from retention.figures.catalogue import catalogue
from retention.figures.figure import NotEnough
from retention.figures.history import Tables
from retention.figures.text import text
from retention.prediction.accuracy import area_interval, mean_probability, sum_of_counts
from retention.prediction.columns import CALIBRATION, CUSTOMER_PREDICTIONS
from retention.prediction.findings import Options
from retention.prediction.report import Predictions, predictions
from tests.retention.prediction.tables import FIRST, store
from tests.retention.tables import products

NOON = timedelta(hours=12)
CATALOGUE = products((1, 1, True), (2, 2, True), (3, 3, True))


def bought(*rows: tuple[int, int, str]) -> Tables:
    """Customer, days after the first one at noon, and net: an order of product 1 each."""
    start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + NOON
    return Tables(
        pl.DataFrame(
            [
                (number, customer, start + timedelta(days=day), 0, 1, 1, Decimal(net))
                for number, (customer, day, net) in enumerate(rows, 1)
            ],
            schema=LINES,
            orient="row",
        ),
        CATALOGUE,
    )


def large() -> Tables:
    """The made-up store, each of its days with a purchase an order."""
    return bought(
        *(
            (customer, (day - FIRST).days, f"{net:.4f}")
            for customer, day, _, net in store(length=420).iter_rows()
        )
    )


def found(tables: Tables, days: int, hour: int = 8, zone: str = "UTC") -> Predictions:
    until = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    until += timedelta(days=days, hours=hour)
    return predictions(tables, zone, until, Options("EUR"))


def test_a_store_with_enough_data_has_everything_in_the_catalogue() -> None:
    told, known = found(large(), 420), catalogue()

    assert [one.name for one in told.figures] == list(
        dict.fromkeys(one.name for one in told.figures)
    )
    assert {one.name for one in told.figures} == set(known["predictions"])
    tables = (*told.breakdowns, *told.lists)
    assert {one.name for one in tables} == set(known["prediction_tables"])
    assert all(one.value is not None for one in told.figures)
    columns = {column for one in tables for column in one.table.columns}
    assert columns == set(known["prediction_columns"])
    for one in tables:
        assert one.table.select(one.keys).is_duplicated().sum() == 0, one.name
        assert one.table.height > 0, one.name
    assert told.customers.schema == CUSTOMER_PREDICTIONS
    assert told.customers.null_count().select("churn_probability", "value").row(0) == (0, 0)
    written = json.loads(json.dumps(told.as_json()))
    assert len(written["figures"]) == len(told.figures)
    assert "churn_is_not_alive" in {one["name"] for one in written["remarks"]}


def test_what_adds_up_is_the_sum_over_the_customers() -> None:
    told = found(large(), 420)
    figures = {one.name: one for one in told.figures}

    assert figures["lifetime_value_total"].value == pytest.approx(told.customers["value"].sum())
    mean = told.customers["churn_probability"].mean()
    assert isinstance(mean, float)
    assert figures["churn_probability"].value == pytest.approx(mean * 100)
    assert figures["overdue_orders"].value == told.customers["overdue"].sum()
    sizes = {one.name: one for one in told.breakdowns}["segments"].table
    assert sizes["count"].sum() == told.customers.height


def test_a_small_store_says_what_it_lacks() -> None:
    told = found(bought((1, 0, "10"), (1, 10, "20"), (2, 3, "5")), 30)
    figures = {one.name: one for one in told.figures}

    assert figures["prediction_days"].value == 90
    assert figures["churn_probability"].not_enough == NotEnough(30, 180)
    assert figures["churn_probability"].sample.en == "days of history"
    assert figures["due_orders"].not_enough == NotEnough(1, 30)
    assert figures["model_value_error"].not_enough == NotEnough(30, 60)
    assert figures["cluster_number"].not_enough == NotEnough(2, 100)
    assert "not enough data (have 1, need 30); of 1 gaps" in text(figures["due_orders"], "en")
    rows = told.customers.rows(named=True)
    assert [(row["customer_id"], row["value"], row["low_day"]) for row in rows] == [
        (1, None, None),
        (2, None, None),
    ]
    assert told.customers.schema == CUSTOMER_PREDICTIONS


def test_the_day_that_is_not_over_is_left_out() -> None:
    tables = bought((1, 0, "10"), (2, 5, "5"))

    assert found(tables, 5, hour=20).customers["customer_id"].to_list() == [1]
    assert found(tables, 6, hour=0).customers["customer_id"].to_list() == [1, 2]
    # At 20:00 in UTC the sixth day is over in Tehran.
    assert found(tables, 5, 22, "Asia/Tehran").customers["customer_id"].to_list() == [1, 2]
    assert found(tables, 5).period.last_day == date(2026, 1, 5)
    with pytest.raises(ValueError, match="nothing was bought before today"):
        found(tables, 0, hour=20)


def test_intervals_of_sums_are_those_of_the_formulas() -> None:
    z = 1.959963984540054
    mean, (low, high) = mean_probability(pl.Series([0.5] * 100))
    assert (mean, low, high) == pytest.approx((50, 50 - z * 5, 50 + z * 5))
    assert mean_probability(pl.Series([1.0, 1.0])) == (100, (100, 100))
    total, ends = sum_of_counts(pl.Series([1.5, 2.5]))
    assert (total, *ends) == pytest.approx((4, 4 - 2 * z, 4 + 2 * z))
    assert sum_of_counts(pl.Series([0.5]))[1][0] == 0


def test_the_interval_of_an_area_is_hanley_and_mcneils() -> None:
    # Their example: 51 abnormal and 58 normal images, an area of .893, a standard error of .032.
    groups = pl.DataFrame([(1, 58, 0.1, 0.0), (2, 51, 0.9, 1.0)], schema=CALIBRATION, orient="row")
    first, second = 0.893 / 1.107, 2 * 0.893**2 / 1.893
    variance = (0.893 * 0.107 + 50 * (first - 0.893**2) + 57 * (second - 0.893**2)) / (51 * 58)
    low, high = area_interval(0.893, groups)
    assert (low, high) == pytest.approx(
        (0.893 - 1.959963984540054 * sqrt(variance), 0.893 + 1.959963984540054 * sqrt(variance))
    )
    assert sqrt(variance) == pytest.approx(0.032, abs=0.0015)


def test_every_word_in_a_table_is_in_the_catalogue() -> None:
    known = catalogue()["values"]

    for one in found(large(), 420).breakdowns:
        for column in {"kind", "segment", "to_segment"} & set(one.table.columns):
            assert set(one.table[column]) <= set(known), one.name
