"""The worked examples of the articles that the product follows."""

from fractions import Fraction

import numpy as np
import polars as pl

from bench.published.row import Row, near
from retention.columns import PURCHASES
from retention.figures.discount import rate_to_break_even, return_on_discount
from retention.figures.period import Period
from retention.figures.sales import sales
from retention.figures.simulator import Reading, simulate
from retention.figures.stickiness import sample_of_customers, stickiness
from retention.intervals import wilson
from tests.retention.figures.tables import at

CUSTOMERS, RETURNED = 10_000, 3_000


def rates() -> list[Row]:
    """10,000 customers in 90 days, 3,000 of whom returned: 30 %, and samples of them."""
    store, days = _store(), Period(at(0), at(90), "UTC")
    repeat, returning = stickiness(store, days)
    sample = stickiness(sample_of_customers(store, days, 100, seed=1), days)[0]
    (low_100, low_1000), (high_100, high_1000) = wilson([30, 300], [100, 1000])
    found = {one.name: one.value for one in sales(store, days, "USD")}
    low, high = repeat.interval or (np.nan, np.nan)
    return [
        near("stickiness, two orders inside (%)", 30, float(repeat.value or 0), 0, 1),
        near("stickiness, one inside and any earlier (%)", 30, float(returning.value or 0), 0, 1),
        near("its interval, lower end (%)", 29.1, low, 0.05, 1),
        near("its interval, upper end (%)", 30.9, high or np.nan, 0.05, 1),
        near("30 % of 100, lower end (%)", 21.9, 100 * low_100, 0.05, 1),
        near("30 % of 100, upper end (%)", 39.6, 100 * high_100, 0.05, 1),
        near("30 % of 1,000, lower end (%)", 27.2, 100 * low_1000, 0.05, 1),
        near("30 % of 1,000, upper end (%)", 32.9, 100 * high_1000, 0.05, 1),
        near("customers in a random sample", 100, sample.n, 0, 0),
        near("repeat purchase rate (%)", 30, float(found["repeat_purchase_rate"] or 0), 0, 1),
        near("purchase frequency", 1.3, float(found["purchase_frequency"] or 0), 0, 2),
        near("average order value", 10, float(found["average_order_value"] or 0), 0, 2),
        near("customer value", 13, float(found["customer_value"] or 0), 0, 2),
    ]


def simulator() -> list[Row]:
    """100 customers and one purchase of 10 a month: the revenue of month 12 at 5 % and at 10 %."""
    cases: list[tuple[str, Reading, str, float, float]] = [
        ("compounding growth", "compounding", "revenue", 1795.9, 3138.4),
        ("plateau of new customers", "plateau", "revenue", 1052.6, 1111.1),
        ("first 100 only, in all", "first_customers_only", "cumulative_revenue", 1052.6, 1111.1),
    ]
    return [
        near(f"{name}, {rate} %", reference, _month_12(reading, rate, column), 0.05, 1)
        for name, reading, column, *both in cases
        for rate, reference in zip((5, 10), both, strict=True)
    ]


def discount() -> list[Row]:
    """By hand: of 20 % returning at a margin of a half, 25 and 100/3 % must return instead."""
    rate, half = Fraction(1, 5), Fraction(1, 2)
    needed = [
        float((rate_to_break_even(rate, Fraction(off, 100), Fraction(50), half) or 0) * 100)
        for off in (10, 20)
    ]
    back = return_on_discount(rate, Fraction(1, 4), Fraction(1, 10), Fraction(50), half)
    return [
        near("return rate at which 10 % off pays (%)", 25, needed[0], 1e-9, 2),
        near("return rate at which 20 % off pays (%)", 100 / 3, needed[1], 1e-9, 2),
        near("return on 10 % off at that rate", 0, float(back), 1e-9, 2),
    ]


def _month_12(reading: Reading, rate: int, column: str) -> float:
    return float(simulate(reading, Fraction(rate, 100))[column][12])


def _store() -> pl.DataFrame:
    """All customers buy for 10 on the first day; some again thirty days later."""
    first = pl.select(customer_id=pl.int_range(1, CUSTOMERS + 1))
    parts = [
        rows.with_columns(
            pl.lit(number).alias("sequence"), pl.lit(at(30 * (number - 1))).alias("placed_at")
        )
        for number, rows in ((1, first), (2, first.head(RETURNED)))
    ]
    table = pl.concat(parts).with_columns(
        purchase_id=pl.int_range(pl.len()), category_id=pl.lit(1), net=pl.lit(10)
    )
    return table.select(pl.col(name).cast(kind) for name, kind in PURCHASES.items())
