"""Customers by the month of their first purchase: how many still buy, and what they have spent."""

import polars as pl

from retention.columns import CUSTOMER_ID, MONEY, NET, PLACED_AT, SEQUENCE
from retention.figures.catalogue import breakdown
from retention.figures.columns import MONTH
from retention.figures.figure import Breakdown
from retention.figures.period import Calendar, Period, day_of, month_starts, with_month
from retention.figures.shares import with_share


def cohorts(
    purchases: pl.DataFrame,
    period: Period,
    calendar: Calendar = "gregorian",
    minimum: int = 30,
    months: int = 24,
) -> Breakdown:
    """Return the retention and the cumulative value of the newest `months` monthly cohorts.

    `purchases` has the columns `PURCHASES`; the period is that of the whole history and its end
    that of the observation. One row per cohort and month since, month 0 being that of joining:
    `month` (of joining), `months_since`, `base` (customers of the cohort), `count` (who bought
    in that month), share, low, high, enough, `net` (spent in that month), `cumulative_net` and
    `cumulative_net_per_customer` (rounded at four decimals), and `complete`, whether the month
    is over. Raises ValueError when `months` is below 1.
    """
    if months < 1:
        raise ValueError(f"months is {months}; show at least one cohort")
    numbered = with_month(purchases, PLACED_AT, period.zone, calendar, period.first_day)
    first = numbered.filter(pl.col(SEQUENCE) == 1).select(
        CUSTOMER_ID, pl.col("month_number").alias("joined")
    )
    bought = (
        numbered.join(first, on=CUSTOMER_ID)
        .with_columns((pl.col("month_number") - pl.col("joined")).alias("months_since"))
        .group_by("joined", "months_since")
        .agg(
            pl.col(CUSTOMER_ID).n_unique().cast(pl.Int64).alias("count"),
            pl.col(NET).sum().cast(MONEY),
        )
    )
    sizes = first.group_by("joined").agg(pl.len().cast(pl.Int64).alias("base"))
    grid = _grid(period, calendar).filter(pl.col("joined") > pl.col("joined").max() - months)
    table = _cumulated(grid.join(sizes, on="joined"), bought)
    return breakdown("cohorts", period, first.height, with_share(table, "count", "base", minimum))


def _cumulated(grid: pl.DataFrame, bought: pl.DataFrame) -> pl.DataFrame:
    return (
        grid.join(bought, on=["joined", "months_since"], how="left")
        .with_columns(pl.col("count").fill_null(0), pl.col(NET).fill_null(pl.lit(0, MONEY)))
        .sort("joined", "months_since")
        .with_columns(pl.col(NET).cum_sum().over("joined").cast(MONEY).alias("cumulative_net"))
        .with_columns(
            (pl.col("cumulative_net") / pl.col("base"))
            .cast(MONEY)
            .alias("cumulative_net_per_customer")
        )
        .drop("joined")
    )


def _grid(period: Period, calendar: Calendar) -> pl.DataFrame:
    """Return every month of joining with every month since, down to the end of the period."""
    starts = month_starts(period.first_day, period.last_day, calendar)
    end = day_of(period.end, period.zone)
    months = pl.DataFrame(
        {MONTH: starts[:-1], "complete": [day <= end for day in starts[1:]]}
    ).with_row_index("number")
    number = pl.col("number").cast(pl.Int32)
    return (
        months.select(number.alias("joined"), MONTH)
        .join(months.select(number, "complete"), how="cross")
        .filter(pl.col("number") >= pl.col("joined"))
        .select(
            "joined",
            MONTH,
            (pl.col("number") - pl.col("joined")).alias("months_since"),
            "complete",
        )
    )
