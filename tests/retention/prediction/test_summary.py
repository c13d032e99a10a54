from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention.columns import PURCHASES
from retention.prediction.columns import CUSTOMER_SUMMARY, PURCHASE_DAYS
from retention.prediction.summary import customer_summary, purchase_days, until, within
from tests.retention.prediction.cdnow import LAST_DAY
from tests.retention.prediction.cdnow import purchase_days as cdnow
from tests.retention.prediction.tables import day, days


def bought(*rows: tuple[int, datetime, int | None, str]) -> pl.DataFrame:
    """Customer, time, category and net of purchases, those of a customer in sequence."""
    seen: dict[int, int] = {}
    table = []
    for number, (customer, time, category, net) in enumerate(rows):
        seen[customer] = seen.get(customer, 0) + 1
        table.append((number, customer, time, seen[customer], category, Decimal(net)))
    return pl.DataFrame(table, schema=PURCHASES, orient="row")


def test_purchases_of_a_day_are_one_and_the_dearest_gives_the_category() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    table = purchase_days(
        bought((1, noon, 5, "10"), (1, noon + timedelta(hours=1), 6, "25"), (2, noon, None, "3")),
        "UTC",
    )

    assert table.schema == PURCHASE_DAYS
    assert table.rows() == [
        (1, date(2026, 1, 1), 6, Decimal(35)),
        (2, date(2026, 1, 1), None, Decimal(3)),
    ]


def test_days_are_the_stores_own() -> None:
    # 21:00 in London is half past midnight of the next day in Tehran.
    late = bought((1, datetime(2026, 1, 1, 21, tzinfo=UTC), 5, "10"))
    assert purchase_days(late, "UTC")["day"].to_list() == [date(2026, 1, 1)]
    assert purchase_days(late, "Asia/Tehran")["day"].to_list() == [date(2026, 1, 2)]
    assert purchase_days(late, "+03:30")["day"].to_list() == [date(2026, 1, 2)]


def test_the_summary_of_three_customers() -> None:
    # Customer 1 buys on days 0, 10 and 30 for 5, 20 and 40; after the first it is 30 on average.
    # Customer 2 buys once on day 25; customer 3 not before day 41.
    table = days((1, 0, "5"), (1, 10, "20"), (1, 30, "40"), (2, 25, "7"), (3, 41, "9"))
    summary = customer_summary(table, day(40))

    assert summary.schema == CUSTOMER_SUMMARY
    assert summary.rows() == [(1, 2, 30, 40, 10, 30.0), (2, 0, 0, 15, 15, None)]


def test_the_last_day_counts_and_later_ones_do_not() -> None:
    table = days((1, 0), (1, 5), (1, 6), (1, 9))
    assert until(table, day(5))["day"].to_list() == [day(0), day(5)]
    assert within(table, day(5), 4)["day"].to_list() == [day(6), day(9)]
    assert within(table, day(5), 3)["day"].to_list() == [day(6)]


def test_cdnow_has_its_published_summary() -> None:
    summary = customer_summary(cdnow(), LAST_DAY)

    assert summary.height == 2357
    assert summary.filter(pl.col("frequency") > 0).height == 946
    # The first rows of the published table, in weeks: x 2, t_x 30.43, T 38.86, mean 22.35.
    first = summary.row(0, named=True)
    assert (first["frequency"], round(first["recency_days"] / 7, 2)) == (2, 30.43)
    assert (round(first["age_days"] / 7, 2), round(first["monetary_value"], 3)) == (38.86, 22.345)


def test_a_table_in_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="days: column 'net' is Float64"):
        customer_summary(days((1, 0)).cast({"net": pl.Float64}), day(1))
    with pytest.raises(ValueError, match="purchases: column 'sequence' is missing"):
        purchase_days(bought().drop("sequence"), "UTC")


ROWS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 30)), unique=True, max_size=20)


@given(ROWS, st.integers(1, 400))
def test_shifting_time_changes_nothing(rows: list[tuple[int, int]], shift: int) -> None:
    later = [(customer, number + shift) for customer, number in rows]
    assert_frame_equal(
        customer_summary(days(*later), day(20 + shift)), customer_summary(days(*rows), day(20))
    )


@given(ROWS)
def test_a_store_is_the_sum_of_its_parts(rows: list[tuple[int, int]]) -> None:
    parts = [days(*(row for row in rows if row[0] % 2 == part)) for part in (0, 1)]
    together = pl.concat([customer_summary(part, day(20)) for part in parts]).sort("customer_id")
    assert_frame_equal(customer_summary(days(*rows), day(20)), together)
