import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.columns import CUSTOMER_ID, MONEY, NET, ORDER_ID, PLACED_AT, QUANTITY
from retention.figures.catalogue import catalogue
from retention.figures.columns import COSTS, COUPONS, REVIEWS, SOURCES
from retention.figures.figure import Figure, NotEnough
from retention.figures.history import Tables
from retention.figures.period import Period, days
from retention.figures.report import Options, Report, figures
from retention.figures.text import text
from tests.retention.figures.tables import at, period
from tests.retention.tables import Bought, lines, products

PRODUCTS = products((1, 10, True), (2, 10, True), (3, 20, True))
HUNDRED_DAYS = period(100, 200)

ADDED = (
    "customers",
    "orders",
    "revenue",
    "customers_at_start",
    "customers_at_end",
    "customers_new_at_end",
    "customers_won_back",
    "stage_customers",
    "stage_returners",
)
"""Figures of a store that are the sums of those of its parts."""

OF_MONTHS = (
    "monthly_retention",
    "monthly_inflow",
    "revenue_per_buyer",
    "what_if_revenue_now",
    "what_if_revenue_then",
    "what_if_gain",
)
"""Figures that depend on where months begin."""


def store(customers: int = 60) -> pl.DataFrame:
    """A store of regular habits: each customer comes every so many days, some only once."""
    rows: list[Bought] = []
    for customer in range(1, customers + 1):
        for visit in range(1 if customer % 3 == 0 else 12):
            day = customer % 50 + visit * (10 + customer % 17)
            order = 100 * customer + visit
            rows += [
                (order, customer, float(day), product, f"{10 * product}.{customer:02}")
                for product in range(1, 2 + (customer + visit) % 3)
            ]
    return lines(*rows).filter(pl.col(PLACED_AT) < at(200))


def report(table: pl.DataFrame, minimum: int = 5, **options: Any) -> Report:
    return figures(
        Tables(table, PRODUCTS),
        HUNDRED_DAYS,
        Options(currency="EUR", minimum_customers=minimum, horizon_days=60, **options),
    )


def values(found: Report, without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        one.name: (one.value, one.n, one.interval, one.not_enough)
        for one in found.figures
        if one.name not in without
    }


def full() -> Report:
    table = store()
    first = table.select(ORDER_ID).unique().sort(ORDER_ID).head(40)
    return figures(
        Tables(
            table,
            PRODUCTS,
            coupons=first.with_columns(pl.lit("WELCOME").alias("code")).select(COUPONS.names()),
            sources=first.with_columns(
                pl.lit("mail").alias("source"),
                pl.lit(None, pl.String).alias("medium"),
                pl.lit(None, pl.String).alias("campaign"),
            ).select(SOURCES.names()),
            reviews=pl.DataFrame([(1, 1, at(150), 5)], schema=REVIEWS, orient="row"),
            given=first.tail(9).select(
                ORDER_ID,
                pl.lit("discounts").alias("kind"),
                pl.lit(Decimal("1.5"), MONEY).alias("amount"),
            ),
            costs=pl.DataFrame(
                [(at(110).date(), at(129).date(), "messages", Decimal(9))],
                schema=COSTS,
                orient="row",
            ),
        ),
        Period(at(100), at(200), "Asia/Tehran"),
        Options(currency="IRT", calendar="jalali", minimum_customers=5, horizon_days=60),
    )


def test_a_report_has_everything_in_the_catalogue() -> None:
    found, known = full(), catalogue()

    shown = [one.name for one in found.figures]
    assert len(set(shown)) == len(shown)
    assert set(shown) == set(known["figures"]) - {"change_from_baseline"}
    assert {one.name for one in found.breakdowns} == set(known["breakdowns"])
    for one in found.breakdowns:
        assert set(one.table.columns) <= set(known["columns"]), one.name
        assert set(one.keys) <= set(one.table.columns)
        assert one.table.select(one.keys).is_duplicated().sum() == 0, one.name
    named = {column for one in found.breakdowns for column in one.table.columns}
    assert named == set(known["columns"])
    quadrants = found.breakdown("product_matrix").table["quadrant"].drop_nulls()
    assert set(quadrants) <= set(known["plans"])
    words = {
        word
        for one in found.breakdowns
        for column in {"part", "unit", "kind", "quadrant", "verdict"} & set(one.table.columns)
        for word in one.table[column].drop_nulls()
    }
    assert words <= set(known["values"])


def test_a_period_without_any_purchase_is_told_where_it_may_be_empty() -> None:
    nothing = store().filter(pl.col(PLACED_AT) < at(0))

    with pytest.raises(ValueError, match="nothing was bought before the end of the period"):
        report(nothing)
    found = report(nothing, may_be_empty=True)
    assert [found.figure(name).value for name in ("customers", "orders", "revenue")] == [0, 0, 0]
    assert found.figure("stickiness_repeat").not_enough == NotEnough(0, 5)
    assert found.stage.name == "just_started"


def test_every_figure_is_a_line_of_text_and_survives_json() -> None:
    found = full()

    written = json.loads(json.dumps(found.as_json()))

    assert [Figure.from_json(record) for record in written["figures"]] == list(found.figures)
    assert written["stage"]["name"] == found.stage.name
    assert written["stage"]["thresholds"]["large_base"] == 1000
    assert {record["name"] for record in written["remarks"]} >= {"returners_are_biased"}
    for one in found.figures:
        assert one.value is not None or one.not_enough is not None or one.note is not None
        assert text(one, "en").startswith(one.label.en)
        assert text(one, "fa").startswith(one.label.fa)


def test_figures_are_found_by_name() -> None:
    found = report(store())

    assert found.figure("orders").n == found.figure("orders").value
    assert found.breakdown("cohorts").keys == ("month", "months_since")
    with pytest.raises(KeyError):
        found.figure("nonsense")
    with pytest.raises(KeyError):
        found.breakdown("look_reviews")


def test_a_store_of_one_order_has_not_enough_data() -> None:
    found = report(lines((1, 1, 150, 1, "10")), minimum=30)

    assert found.figure("revenue").value == 10
    assert found.figure("stickiness_repeat").not_enough == NotEnough(1, 30)
    assert found.figure("churn_rate").not_enough == NotEnough(0, 30)
    assert found.figure("second_purchase_median").not_enough == NotEnough(1, 30)
    assert found.stage.name == "just_started"
    with pytest.raises(ValueError, match="after the observation"):
        report(STORE, observed_until=at(100))
    with pytest.raises(ValueError, match="nothing was bought"):
        report(lines((1, 1, 200, 1, "10")))


def test_orders_that_nobody_made_are_counted_apart() -> None:
    found = report(lines((1, 1, 150, 1, "10"), (2, None, 150, 1, "7"), (3, None, 99, 1, "7")))

    assert found.figure("orders_without_customer").value == 1
    assert found.figure("revenue").value == 10


def test_a_period_that_is_not_over_is_observed_until_now() -> None:
    table = store()
    now = report(table, observed_until=at(150))

    assert values(now) == values(
        report(table.filter(pl.col(PLACED_AT) < at(150)), observed_until=at(150))
    )
    assert now.figure("second_purchase_median").period.end == at(150)
    assert now.figure("orders").period == HUNDRED_DAYS


def test_what_happens_later_changes_nothing() -> None:
    table = store()
    later = lines((1, 1, 200, 1, "10"), (2, 999, 300, 1, "10"))

    assert report(pl.concat([table, later])).as_json() == report(table).as_json()


def test_the_order_of_rows_changes_nothing() -> None:
    table = store()

    assert (
        report(table.sample(fraction=1, shuffle=True, seed=1)).as_json() == report(table).as_json()
    )


def refunded(table: pl.DataFrame, orders: list[int]) -> pl.DataFrame:
    gone = pl.col(ORDER_ID).is_in(orders)
    return table.with_columns(
        pl.when(gone).then(0).otherwise(pl.col(QUANTITY)).cast(pl.Int32).alias(QUANTITY),
        pl.when(gone).then(pl.lit(0, pl.Decimal(20, 4))).otherwise(pl.col(NET)).alias(NET),
    )


STORE = store(30)
ORDERS = sorted(set(STORE[ORDER_ID]))


@settings(max_examples=10)
@given(st.sets(st.sampled_from(ORDERS), min_size=1, max_size=len(ORDERS) // 2).map(sorted))
def test_refunding_everything_is_as_never_bought(orders: list[int]) -> None:
    never = STORE.filter(~pl.col(ORDER_ID).is_in(orders))

    assert report(refunded(STORE, orders)).as_json() == report(never).as_json()


@settings(max_examples=10)
@given(st.sets(st.integers(1, 30), min_size=3, max_size=27).map(sorted))
def test_the_parts_of_a_store_add_up(customers: list[int]) -> None:
    mine = pl.col(CUSTOMER_ID).is_in(customers)
    whole, *parts = (
        report(table, minimum=1, silence_days=20)
        for table in (STORE, STORE.filter(mine), STORE.filter(~mine))
    )

    for name in ADDED:
        assert sum(part.figure(name).value or 0 for part in parts) == whole.figure(name).value
    for name in ("stickiness_repeat", "stickiness_returning", "repeat_purchase_rate"):
        counts = [Fraction(part.figure(name).value or 0) * part.figure(name).n for part in parts]
        assert sum(counts) == Fraction(whole.figure(name).value or 0) * whole.figure(name).n
    orders = pl.concat([part.breakdown("repeat_orders").table for part in parts])
    assert (
        orders.group_by("product_id").agg(pl.col("repeat_orders").sum()).sort("product_id").rows()
        == whole.breakdown("repeat_orders")
        .table.select("product_id", "repeat_orders")
        .sort("product_id")
        .rows()
    )


@settings(max_examples=10)
@given(st.integers(-5000, 5000))
def test_shifting_time_shifts_only_the_calendar(hours: int) -> None:
    shift = timedelta(hours=hours)
    moved = figures(
        Tables(STORE.with_columns(pl.col(PLACED_AT) + shift), PRODUCTS),
        Period(HUNDRED_DAYS.start + shift, HUNDRED_DAYS.end + shift, "UTC"),
        Options(currency="EUR", minimum_customers=5, horizon_days=60),
    )

    assert values(moved, OF_MONTHS) == values(report(STORE), OF_MONTHS)
    unmoved = report(STORE)
    for name in ("return_curve", "return_by_category", "category_flow", "product_matrix"):
        assert moved.breakdown(name).table.equals(unmoved.breakdown(name).table)


@pytest.mark.parametrize("money", [lambda net: net * 2, lambda net: net / 4])
def test_other_prices_change_only_money(money: Callable[[pl.Expr], pl.Expr]) -> None:
    dearer = STORE.with_columns(money(pl.col(NET)).cast(pl.Decimal(20, 4)))
    ours, theirs = report(STORE), report(dearer)
    amounts = tuple(one.name for one in ours.figures if one.unit == "money")

    assert values(theirs, amounts) == values(ours, amounts)
    factor = Fraction(theirs.figure("revenue").value or 0) / Fraction(
        ours.figure("revenue").value or 1
    )
    assert factor in {2, Fraction(1, 4)}
    for name in ("average_order_value", "customer_value", "spend_per_old_customer"):
        assert theirs.figure(name).value == (ours.figure(name).value or 0) * factor


def test_a_month_of_a_store_in_tehran() -> None:
    found = figures(
        Tables(store(), PRODUCTS),
        days(date(2026, 4, 21), date(2026, 5, 21), "Asia/Tehran"),
        Options(currency="IRT", calendar="jalali", minimum_customers=5),
    )

    assert "۱۴۰۵/۰۲/۰۱ تا ۱۴۰۵/۰۲/۳۱" in text(found.figure("revenue"), "fa")
