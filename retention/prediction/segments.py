"""Groups of customers by recency, frequency and value, and how customers move between them.

Source of the quintiles: A. M. Hughes, "Strategic Database Marketing" (1994). The names are
those in common use; the rules behind them are ours, in `segment_names`.
"""

from datetime import date

import polars as pl

from retention.columns import COUNT, CUSTOMER_ID, MONEY, NET, SHARE, require
from retention.prediction.calibration import quantile_groups
from retention.prediction.columns import (
    DAY,
    FREQUENCY_SCORE,
    MOVES,
    PURCHASE_DAYS,
    RECENCY_SCORE,
    SEGMENT,
    SEGMENT_SIZES,
    SEGMENTS,
    SILENCE_DAYS,
    SPENT,
    TO_SEGMENT,
    VALUE_SCORE,
)
from retention.prediction.summary import until

QUINTILES = 5

NEW = "new"
PROMISING = "promising"
LOYAL = "loyal"
CHAMPIONS = "champions"
SLIPPING = "slipping"
LOST = "lost"
NOT_YET = "not yet a customer"


def segments(days: pl.DataFrame, last_day: date) -> pl.DataFrame:
    """Return the segment of each customer known on `last_day`.

    Args:
        days: columns `PURCHASE_DAYS`; days after `last_day` are not looked at.
        last_day: the last day observed.

    Returns:
        Columns `SEGMENTS`, sorted by customer. Scores are quintiles, 5 the best: the latest
        purchase, the number of days with a purchase, and the sum spent; equal values share the
        quintile of the middle of their ranks, so that groups are unequal where many are equal.

    Raises:
        ValueError: the table lacks a column.
    """
    require(days, PURCHASE_DAYS, "days")
    table = (
        until(days, last_day)
        .group_by(CUSTOMER_ID, maintain_order=True)
        .agg(
            (pl.lit(last_day) - pl.col(DAY).last()).dt.total_days().alias(SILENCE_DAYS),
            pl.len().cast(pl.Int64).alias(COUNT),
            pl.col(NET).sum().alias(SPENT),
        )
    )
    scores = {
        RECENCY_SCORE: -table[SILENCE_DAYS].to_numpy(),
        FREQUENCY_SCORE: table[COUNT].to_numpy(),
        VALUE_SCORE: table[SPENT].cast(pl.Float64).to_numpy(),
    }
    return (
        table.with_columns(
            pl.Series(name, quantile_groups(values, QUINTILES)) for name, values in scores.items()
        )
        .with_columns(segment_names().alias(SEGMENT))
        .select(SEGMENTS.names())
        .cast({SPENT: MONEY})
    )


def segment_names() -> pl.Expr:
    """Return the name of a row of scores; the first rule that holds counts.

    Of customers whose latest purchase is in the upper three quintiles: new ones bought on one day
    only; champions are in the upper two quintiles of all three scores and loyal ones of
    frequency, with purchases on three days at least; the others are promising. Of the rest,
    silent for longer: slipping ones are in the upper three quintiles of frequency or value and
    bought more than once; the others are lost.
    """
    recency, frequency, value = (
        pl.col(name) for name in (RECENCY_SCORE, FREQUENCY_SCORE, VALUE_SCORE)
    )
    came_back = pl.col(COUNT) > 1
    often = (pl.col(COUNT) > 2) & (frequency >= 4)
    return (
        pl.when((recency >= 3) & ~came_back)
        .then(pl.lit(NEW))
        .when(often & (recency >= 4) & (value >= 4))
        .then(pl.lit(CHAMPIONS))
        .when(often & (recency >= 3))
        .then(pl.lit(LOYAL))
        .when(recency >= 3)
        .then(pl.lit(PROMISING))
        .when(came_back & ((frequency >= 3) | (value >= 3)))
        .then(pl.lit(SLIPPING))
        .otherwise(pl.lit(LOST))
    )


def segment_sizes(table: pl.DataFrame) -> pl.DataFrame:
    """Return how many customers each segment of `table` (`SEGMENTS`) has and what they spent.

    Columns `SEGMENT_SIZES`, the largest sum first.
    """
    whole = pl.col(SPENT).sum().cast(pl.Float64)
    return (
        table.group_by(SEGMENT)
        .agg(pl.len().cast(pl.Int64).alias(COUNT), pl.col(SPENT).sum())
        .with_columns(
            (pl.col(COUNT) / pl.col(COUNT).sum()).alias(SHARE),
            pl.when(whole > 0).then(pl.col(SPENT).cast(pl.Float64) / whole).alias("spent_share"),
        )
        .sort(SPENT, SEGMENT, descending=[True, False])
        .select(SEGMENT_SIZES.names())
        .cast({SPENT: MONEY})
    )


def moves(days: pl.DataFrame, earlier: date, later: date) -> pl.DataFrame:
    """Return how many customers went from which segment to which between two days.

    Args:
        days: columns `PURCHASE_DAYS`.
        earlier: the first of the two days, for example the last one of a month.
        later: the second one.

    Returns:
        Columns `MOVES`; who first bought in between comes from "not yet a customer".

    Raises:
        ValueError: `earlier` is not before `later`.
    """
    if earlier >= later:
        raise ValueError(f"earlier {earlier} is not before later {later}; exchange them")
    before = segments(days, earlier).select(CUSTOMER_ID, SEGMENT)
    after = segments(days, later).select(CUSTOMER_ID, pl.col(SEGMENT).alias(TO_SEGMENT))
    return (
        after.join(before, on=CUSTOMER_ID, how="left")
        .with_columns(pl.col(SEGMENT).fill_null(NOT_YET))
        .group_by(SEGMENT, TO_SEGMENT)
        .agg(pl.len().cast(pl.Int64).alias(COUNT))
        .with_columns((pl.col(COUNT) / pl.col(COUNT).sum().over(SEGMENT)).alias(SHARE))
        .sort(SEGMENT, TO_SEGMENT)
        .select(MOVES.names())
    )
