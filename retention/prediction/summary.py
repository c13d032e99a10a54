"""Purchases become days with a purchase, and those frequency, recency, age and value.

Source: P. S. Fader, B. G. S. Hardie and K. L. Lee, "RFM and CLV: using iso-value curves for
customer base analysis", Journal of Marketing Research 42 (2005), 415-430.
"""

from datetime import date, timedelta

import polars as pl

from retention.columns import (
    CATEGORY_ID,
    CUSTOMER_ID,
    MONEY,
    NET,
    PLACED_AT,
    PURCHASES,
    SEQUENCE,
    require,
)
from retention.figures.period import local
from retention.prediction.columns import (
    AGE_DAYS,
    CUSTOMER_SUMMARY,
    DAY,
    FREQUENCY,
    MONETARY_VALUE,
    PURCHASE_DAYS,
    RECENCY_DAYS,
    SILENCE_DAYS,
)


def purchase_days(purchases: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return the days with a purchase (columns `PURCHASE_DAYS`) of `purchases` (`PURCHASES`).

    The models count days, not orders: two orders of one day are one decision to buy, and a gap
    of 0 would have no logarithm. `zone` is the store's, a name or an offset as of `Period`.
    Raises ValueError when the table lacks a column or the zone is unknown.
    """
    require(purchases, PURCHASES, "purchases")
    return (
        purchases.with_columns(local(pl.col(PLACED_AT), zone).dt.date().alias(DAY))
        .sort(CUSTOMER_ID, DAY, NET, SEQUENCE, descending=[False, False, True, False])
        .group_by(CUSTOMER_ID, DAY, maintain_order=True)
        .agg(pl.col(CATEGORY_ID).first(), pl.col(NET).sum().cast(MONEY))
        .select(PURCHASE_DAYS.names())
    )


def until(days: pl.DataFrame, last_day: date) -> pl.DataFrame:
    """Return the rows of `days` (`PURCHASE_DAYS`) up to and with `last_day`."""
    return days.filter(pl.col(DAY) <= last_day)


def within(days: pl.DataFrame, last_day: date, horizon_days: int) -> pl.DataFrame:
    """Return the rows of `days` (`PURCHASE_DAYS`) in the `horizon_days` that follow `last_day`."""
    end = last_day + timedelta(days=horizon_days)
    return days.filter(pl.col(DAY) > last_day, pl.col(DAY) <= end)


def customer_summary(days: pl.DataFrame, last_day: date) -> pl.DataFrame:
    """Return what is known of each customer at the end of `last_day`.

    Args:
        days: columns `PURCHASE_DAYS`; days after `last_day` are not looked at.
        last_day: the last day observed, to its end, in the store's time zone.

    Returns:
        Columns `CUSTOMER_SUMMARY`, a row for each customer who had bought by then.

    Raises:
        ValueError: the table lacks a column.
    """
    require(days, PURCHASE_DAYS, "days")
    repeats = pl.col(NET).sum() - pl.col(NET).first()
    return (
        until(days, last_day)
        .group_by(CUSTOMER_ID, maintain_order=True)
        .agg(
            (pl.len().cast(pl.Int64) - 1).alias(FREQUENCY),
            (pl.col(DAY).last() - pl.col(DAY).first()).dt.total_days().alias(RECENCY_DAYS),
            (pl.lit(last_day) - pl.col(DAY).first()).dt.total_days().alias(AGE_DAYS),
            (pl.lit(last_day) - pl.col(DAY).last()).dt.total_days().alias(SILENCE_DAYS),
            repeats.cast(pl.Float64).alias(MONETARY_VALUE),
        )
        .with_columns(
            pl.when(pl.col(FREQUENCY) > 0).then(pl.col(MONETARY_VALUE) / pl.col(FREQUENCY))
        )
        .select(CUSTOMER_SUMMARY.names())
    )
