"""The product matrix: per category, how soon it is bought again and what is spent on it."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import polars as pl
from scipy.stats import binom

from retention.columns import (
    CATEGORY_ID,
    CUSTOMER_ID,
    ENOUGH,
    MONEY,
    NET,
    PLACED_AT,
    PURCHASE_ID,
    SEQUENCE,
)
from retention.figures.catalogue import breakdown
from retention.figures.figure import Breakdown
from retention.figures.period import Period


def product_matrix(
    items: pl.DataFrame,
    period: Period,
    minimum: int = 30,
    interval_days: float | None = None,
    order_value: Decimal | None = None,
) -> Breakdown:
    """Return each category's place among four quadrants (`ITEMS` in).

    Columns: category_id; orders; `average_order_value`, what an order that holds the category
    spends on it (rounded at four decimals); `repurchases`; `median_interval`, the median days
    between two orders of the category by one customer, with the exact 95 % interval of its order
    statistics `low` to `high` (W. J. Conover, "Practical Nonparametric Statistics", 1999);
    `enough` (at least `minimum` repurchases); `quadrant`: "frequent, high value", "frequent, low
    value", "rare, high value", "rare, low value", or null where that is not known. The lines
    between the quadrants are `interval_days` and `order_value`; by default the medians of the
    categories that have enough (of two middle order values the lower). The interval is that of
    repurchases seen so far; who never bought again has none. The largest category first.
    """
    bought = _with_gap(
        items.drop_nulls(CATEGORY_ID)
        .group_by(PURCHASE_ID, CATEGORY_ID)
        .agg(pl.col(CUSTOMER_ID, SEQUENCE, PLACED_AT).first(), pl.col(NET).sum())
    )
    table = _with_median(
        bought.group_by(CATEGORY_ID).agg(
            pl.len().cast(pl.Int64).alias("orders"),
            (pl.col(NET).sum() / pl.len()).cast(MONEY).alias("average_order_value"),
            pl.col("gap").drop_nulls().sort().alias("gaps"),
        )
    )
    placed = _with_quadrant(
        table.with_columns((pl.col("repurchases") >= max(1, minimum)).alias(ENOUGH)),
        interval_days,
        order_value,
    )
    return breakdown(
        "product_matrix",
        period,
        int(table["orders"].sum()),
        placed.sort("orders", CATEGORY_ID, descending=[True, False]),
    )


def _with_gap(bought: pl.DataFrame) -> pl.DataFrame:
    """Add `gap`, the days since the same customer's last order of the same category."""
    same = (pl.col(CATEGORY_ID) == pl.col(CATEGORY_ID).shift()) & (
        pl.col(CUSTOMER_ID) == pl.col(CUSTOMER_ID).shift()
    )
    days = pl.col(PLACED_AT).diff() / timedelta(days=1)
    return bought.sort(CATEGORY_ID, CUSTOMER_ID, SEQUENCE).with_columns(
        pl.when(same).then(days).alias("gap")
    )


def _with_median(table: pl.DataFrame) -> pl.DataFrame:
    n = table["gaps"].list.len().cast(pl.Int64)
    # Between the ranks k and n + 1 - k lies the median in at least 95 % of all samples.
    rank = pl.Series("rank", np.maximum(binom.ppf(0.025, n.to_numpy(), 0.5), 0), dtype=pl.Int64)
    known = pl.col("rank") >= 1
    gaps = pl.col("gaps")
    return (
        table.with_columns(n.alias("repurchases"), rank)
        .with_columns(
            gaps.list.median().alias("median_interval"),
            gaps.list.get(pl.when(known).then(pl.col("rank") - 1), null_on_oob=True).alias("low"),
            gaps.list.get(
                pl.when(known).then(pl.col("repurchases") - pl.col("rank")), null_on_oob=True
            ).alias("high"),
        )
        .drop("gaps", "rank")
    )


def _with_quadrant(
    table: pl.DataFrame, interval_days: float | None, order_value: Decimal | None
) -> pl.DataFrame:
    trusted = table.filter(ENOUGH)
    values = trusted["average_order_value"].sort()
    days_line = trusted["median_interval"].median() if interval_days is None else interval_days
    if order_value is None and values.len():
        order_value = values[(values.len() - 1) // 2]
    frequent = pl.col("median_interval") <= pl.lit(days_line, dtype=pl.Float64)
    high = pl.col("average_order_value") >= pl.lit(order_value, dtype=MONEY)
    return table.with_columns(
        pl.when(pl.col(ENOUGH))
        .then(
            pl.format(
                "{}, {}",
                pl.when(frequent).then(pl.lit("frequent")).otherwise(pl.lit("rare")),
                pl.when(high).then(pl.lit("high value")).otherwise(pl.lit("low value")),
            )
        )
        .alias("quadrant")
    )
