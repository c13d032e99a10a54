from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retention.prediction.columns import (
    NEXT_REPLENISHMENTS,
    PRODUCT_DAYS,
    REPLENISHMENT_INTERVALS,
)
from retention.prediction.evidence import NotEnoughData
from retention.prediction.next_order import due
from retention.prediction.replenishment import (
    predicted_gaps_of_products,
    product_days,
    replenishment,
)
from retention.prediction.summary import until
from tests.retention.prediction.tables import day
from tests.retention.prediction.tables import product_days as table
from tests.retention.tables import lines, products

# Product 1 of category 10 is bought every 4 days by 40 customers, product 2 of category 20 every
# 16 days; product 3, of category 10 too, was bought again once, after 16 days.
FAST = [(customer, 1, number, 10) for customer in range(1, 41) for number in range(0, 41, 4)]
SLOW = [(customer, 2, number, 20) for customer in range(1, 41) for number in (8, 24, 40)]
RARE = [(1, 3, 20, 10), (1, 3, 36, 10), (2, 3, 30, 10)]
STORE = table(*FAST, *SLOW, *RARE)
LN4, LN16 = np.log([4, 16])


def test_lines_become_days_of_customer_and_product() -> None:
    bought = lines(
        (1, 1, 0, 5, "3"),
        (2, 1, 0.5, 5, "3"),
        (3, 1, 2, 5, "3"),
        (4, 1, 3, 6, "-1"),
        (5, None, 3, 5, "3"),
        (6, 2, 3, None, "3"),
        (7, 2, 4, 7, "3"),
    )
    found = product_days(bought, products((5, 50, True), (6, 60, True)), "UTC")

    assert found.schema == PRODUCT_DAYS
    # Twice on one day is once; what was returned or has no customer or product is not there.
    assert found.rows() == [(1, 5, day(0), 50), (1, 5, day(2), 50), (2, 7, day(4), None)]


def test_each_product_has_its_interval() -> None:
    found = replenishment(STORE, day(40)).products

    assert found.schema == REPLENISHMENT_INTERVALS
    assert found.select("product_id", "count", "customers").rows() == [
        (1, 400, 40),
        (2, 80, 40),
        (3, 1, 1),
    ]
    by_product = dict(found.select("product_id", "interval_days").iter_rows())
    store = (400 * LN4 + 81 * LN16) / 481
    # Category 10 has 400 gaps of 4 days and one of 16, category 20 has 80 of 16.
    ten = (400 * LN4 + LN16 + 30 * store) / 431
    twenty = (80 * LN16 + 30 * store) / 110
    one, two, three = (
        (400 * LN4 + 10 * ten) / 410,
        (80 * LN16 + 10 * twenty) / 90,
        (LN16 + 10 * ten) / 11,
    )
    assert by_product[2] / by_product[1] == pytest.approx(np.exp(two - one))
    assert by_product[3] / by_product[1] == pytest.approx(np.exp(three - one))
    assert found.filter(pl.col("low_days") > pl.col("interval_days")).is_empty()
    assert found.filter(pl.col("high_days") < pl.col("interval_days")).is_empty()


def test_each_customer_and_product_has_its_dates() -> None:
    found = replenishment(STORE, day(41)).customers

    assert found.schema == NEXT_REPLENISHMENTS
    assert found.select("customer_id", "product_id").is_duplicated().sum() == 0
    row = found.row(
        by_predicate=(pl.col("customer_id") == 5) & (pl.col("product_id") == 1), named=True
    )
    assert (row["day"], row["count"]) == (day(40), 10)
    assert row["interval_days"] == pytest.approx(4, rel=0.05)
    assert (row["low_day"], row["high_day"]) == (day(44), day(44))
    listed = due(found, day(41), 7).filter(pl.col("product_id") < 3)
    assert listed["product_id"].unique().to_list() == [1]
    assert listed.height == 40


def test_a_product_seldom_bought_again_is_listed_for_who_did() -> None:
    few = replenishment(STORE, day(41), minimum_gaps=2).customers
    assert few.filter(pl.col("product_id") == 3)["customer_id"].to_list() == [1]
    one = replenishment(STORE, day(41), minimum_gaps=1).customers
    assert one.filter(pl.col("product_id") == 3)["customer_id"].to_list() == [1, 2]


def test_a_quick_customer_is_expected_sooner() -> None:
    # Customer 90 buys product 2 every 8 days, where others take 16, and product 1 for the first
    # time: the tempo over all products is that of the customer's own gaps, drawn toward the usual.
    quick = [(90, 2, number, 20) for number in (8, 16, 24, 32, 40)]
    first = [(90, 1, 40, 10), (91, 1, 40, 10)]
    found = replenishment(table(*FAST, *SLOW, *quick, *first), day(40)).customers
    new = found.filter(pl.col("product_id") == 1, pl.col("count") == 0)
    intervals = dict(new.select("customer_id", "interval_days").iter_rows())

    usual = replenishment(table(*FAST, *SLOW, *quick, *first), day(40)).products
    # Four gaps that are shorter than usual by the same factor, and thirty that are as usual.
    assert intervals[90] < intervals[91]
    assert intervals[91] == pytest.approx(
        usual.filter(pl.col("product_id") == 1)["interval_days"].item()
    )


def test_predictions_do_not_know_what_they_predict() -> None:
    learned = until(STORE, day(30))
    found = predicted_gaps_of_products(STORE, learned)
    cut = predicted_gaps_of_products(until(STORE, day(36)), learned)

    assert found.columns == [
        "customer_id",
        "product_id",
        "day",
        "gap_days",
        "known_gaps",
        "predicted",
    ]
    assert_frame_equal(found.filter(pl.col("day") <= day(36)), cut)


def test_shifting_time_shifts_the_dates() -> None:
    moved = STORE.with_columns(pl.col("day").dt.offset_by("400d"))
    dates = pl.col("day", "expected_day", "low_day", "high_day").dt.offset_by("400d")
    found, later = (
        replenishment(STORE, day(41)),
        replenishment(moved, day(41) + timedelta(days=400)),
    )

    assert_frame_equal(later.products, found.products)
    assert_frame_equal(later.customers, found.customers.with_columns(dates))


def test_too_few_gaps_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="have 1 gaps between purchases, need 30"):
        replenishment(table(*RARE), day(40))
    with pytest.raises(NotEnoughData, match="have 0 gaps"):
        replenishment(table(), day(40))
