from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention.prediction.columns import NEXT_ORDERS
from retention.prediction.evidence import NotEnoughData
from retention.prediction.next_order import due, next_orders, predicted_gaps
from retention.prediction.summary import until
from tests.retention.prediction.tables import day, days, rhythm, store

STORE = store(400)

# Fifty customers who buy every 7 days, seven times, the last time on day 42.
WEEKLY = [row for customer in range(1, 51) for row in rhythm(customer, [7] * 6)]


def of(table: pl.DataFrame, customer: int) -> dict[str, object]:
    return table.row(by_predicate=pl.col("customer_id") == customer, named=True)


def test_who_buys_every_week_is_expected_in_a_week() -> None:
    result = next_orders(days(*WEEKLY), day(44))

    assert result.table.schema == NEXT_ORDERS
    assert result.model.gaps == 300
    row = of(result.table, 1)
    assert row["day"] == day(42)
    assert row["count"] == 6
    assert row["interval_days"] == pytest.approx(7)
    # Every gap was of 7 days, so the range is that day alone.
    assert (row["low_day"], row["expected_day"], row["high_day"]) == (day(49), day(49), day(49))
    assert row["probability"] == 1.0
    assert row["overdue"] is False


def test_own_gaps_are_drawn_toward_the_stores() -> None:
    # Customer 99 has one gap of 56 days. The store's mean of the 301 logarithms is nearly ln 7,
    # (300 ln 7 + ln 56) / 301; the category has it too. So five parts of 7 days and one of 56.
    table = next_orders(days(*WEEKLY, *rhythm(99, [56], -14)), day(44)).table
    store_mean = (300 * np.log(7) + np.log(56)) / 301
    expected = np.exp((np.log(56) + 5 * store_mean) / 6)
    # In the middle of the spread of gaps lies the exact week: its rest is ln 7 less the mean.
    assert of(table, 99)["interval_days"] == pytest.approx(expected, rel=0.01)


def test_a_category_draws_those_who_last_bought_from_it() -> None:
    slow = [(customer, number, "10", 2) for customer in range(101, 131) for number in (0, 30, 60)]
    once = [(201, 60, "10", 1), (202, 60, "10", 2)]
    table = next_orders(days(*WEEKLY, *slow, *once), day(60)).table
    store_mean = (300 * np.log(7) + 60 * np.log(30)) / 360
    fast, slow_mean = (
        (count * np.log(gap) + 30 * store_mean) / (count + 30)
        for count, gap in ((300, 7), (60, 30))
    )
    ratio = of(table, 202)["interval_days"] / of(table, 201)["interval_days"]  # type: ignore[operator]
    assert ratio == pytest.approx(np.exp(slow_mean - fast))


def test_the_silence_so_far_moves_the_dates() -> None:
    early, late = (next_orders(STORE, day(300 + wait)).table for wait in (0, 15))
    both = early.join(late, on=["customer_id", "day"], suffix="_later").filter(
        pl.col("expected_day_later").is_not_null()
    )
    assert both.height > 50
    assert both.filter(pl.col("expected_day_later") < pl.col("expected_day")).is_empty()
    assert both.filter(pl.col("expected_day_later") <= day(315)).is_empty()


def test_a_hopeless_silence_has_no_date() -> None:
    row = of(next_orders(days(*WEEKLY), day(400)).table, 1)
    assert row["overdue"] is True
    assert [row[name] for name in ("expected_day", "low_day", "high_day", "probability")] == [
        None
    ] * 4


def test_the_range_holds_the_share_it_states() -> None:
    table = next_orders(STORE, day(250)).table
    following = (
        STORE.filter(pl.col("day") > day(250)).group_by("customer_id").agg(pl.col("day").min())
    )
    came = table.join(following, on="customer_id", suffix="_next").drop_nulls("low_day")
    inside = came.select(pl.col("day_next").is_between("low_day", "high_day").mean()).item()
    assert came.height > 80
    assert 0.72 <= inside <= 0.88


def test_the_due_list_has_those_of_the_coming_days_in_sequence() -> None:
    table = next_orders(STORE, day(300), due_days=10).table
    listed = due(table, day(300), 10)
    expected = table.filter(
        pl.col("expected_day") > day(300), pl.col("expected_day") <= day(310), ~pl.col("overdue")
    )
    assert 0 < listed.height == expected.height
    assert listed["expected_day"].is_sorted()
    assert listed.schema == NEXT_ORDERS


def test_predictions_are_made_with_what_was_known_then() -> None:
    whole = predicted_gaps(STORE, day(200))
    cut = predicted_gaps(until(STORE, day(230)), day(200))

    assert whole.columns == ["customer_id", "day", "gap_days", "predicted"]
    # What happened after day 230 changes no prediction of a gap that had ended by then.
    assert_frame_equal(whole.filter(pl.col("day") <= day(230)), cut)


def test_nothing_after_the_last_day_is_looked_at() -> None:
    assert_frame_equal(
        next_orders(STORE, day(200)).table, next_orders(until(STORE, day(200)), day(200)).table
    )


@given(st.integers(1, 3000))
def test_shifting_time_shifts_the_dates(shift: int) -> None:
    moved = STORE.with_columns(pl.col("day").dt.offset_by(f"{shift}d"))
    dates = pl.col("day", "expected_day", "low_day", "high_day").dt.offset_by(f"{shift}d")
    assert_frame_equal(
        next_orders(moved, day(200) + timedelta(days=shift)).table,
        next_orders(STORE, day(200)).table.with_columns(dates),
    )


def test_too_few_gaps_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="have 1 gaps between purchases, need 30"):
        next_orders(days((1, 0), (1, 5), (2, 0)), day(9))
    with pytest.raises(NotEnoughData, match="have 0 gaps between purchases, need 30"):
        next_orders(days(), day(9))
