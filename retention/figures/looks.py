"""Seven looks at the purchases of a period.

What kinds, how many, how much, when, which promotions, which reviews, from which source. First,
second and later purchases are told apart by the column `part`.
"""

from collections.abc import Sequence

import polars as pl

from retention.columns import CATEGORY_ID, CUSTOMER_ID, MONEY, NET, PLACED_AT, PURCHASE_ID, SEQUENCE
from retention.figures.catalogue import breakdown
from retention.figures.columns import CAMPAIGN, CODE, MEDIUM, RATING, REVIEWED_AT, SOURCE
from retention.figures.figure import Breakdown
from retention.figures.history import History, inside
from retention.figures.period import Calendar, Period, local, month_name, with_month
from retention.figures.shares import with_share

MOST_UNITS = 10
"""Purchases of so many units or more are counted together."""

PART = (
    pl.when(pl.col(SEQUENCE) == 1)
    .then(pl.lit("first"))
    .when(pl.col(SEQUENCE) == 2)
    .then(pl.lit("second"))
    .otherwise(pl.lit("later"))
    .alias("part")
)


def kinds(items: pl.DataFrame, period: Period, minimum: int = 30) -> Breakdown:
    """Return what was bought (`ITEMS` in): part, category_id, count, base, units, net, shares.

    Of the `base` purchases of a part, `count` hold something of the category.
    """
    parted = inside(items, period).with_columns(PART)
    bases = parted.group_by("part").agg(pl.col(PURCHASE_ID).n_unique().cast(pl.Int64).alias("base"))
    table = (
        parted.group_by("part", CATEGORY_ID)
        .agg(
            pl.col(PURCHASE_ID).n_unique().cast(pl.Int64).alias("count"),
            pl.col("quantity").sum().alias("units"),
            pl.col(NET).sum().cast(MONEY),
        )
        .join(bases, on="part")
        .sort("part", "count", CATEGORY_ID, descending=[False, True, False])
    )
    return _look("look_kinds", period, with_share(table, "count", "base", minimum), bases)


def how_many(items: pl.DataFrame, period: Period, minimum: int = 30) -> Breakdown:
    """Return how many units purchases hold (`ITEMS` in): part, units, count, base, shares.

    `units` of 10 stands for 10 and more.
    """
    sizes = (
        inside(items, period)
        .with_columns(PART)
        .group_by("part", PURCHASE_ID)
        .agg(pl.col("quantity").sum().clip(upper_bound=MOST_UNITS).alias("units"))
    )
    table = _counted(sizes, ["part"], "units").sort("part", "units")
    bases = table.unique("part")
    return _look("look_units", period, with_share(table, "count", "base", minimum), bases)


def how_much(purchases: pl.DataFrame, period: Period) -> Breakdown:
    """Return what purchases (`PURCHASES` in) came to: part, base, mean and quartiles.

    A quartile is the amount of a real purchase, the one at that place among the sorted ones
    (rounded down); the mean is rounded at four decimals.
    """
    parted = inside(purchases, period).with_columns(PART)
    ranked = pl.col(NET).sort()
    table = (
        parted.group_by("part")
        .agg(
            pl.len().cast(pl.Int64).alias("base"),
            (pl.col(NET).sum() / pl.len()).cast(MONEY).alias("mean_net"),
            *(
                ranked.gather(((pl.len() - 1) * part).floor().cast(pl.Int64)).first().alias(name)
                for name, part in (
                    ("quarter_net", 0.25),
                    ("median_net", 0.5),
                    ("three_quarters_net", 0.75),
                )
            ),
        )
        .sort("part")
    )
    return _look("look_spend", period, table, table)


def when(
    purchases: pl.DataFrame, period: Period, calendar: Calendar, minimum: int = 30
) -> Breakdown:
    """Return when purchases (`PURCHASES` in) are made on the store's clock.

    `unit` is "hour" (0 to 23), "weekday" (1 Monday to 7 Sunday) or "month" (1 to 12 of the
    calendar); columns: part, unit, value, count, base, share, low, high, enough.
    """
    placed = with_month(inside(purchases, period), PLACED_AT, period.zone, calendar)
    numbers = {day: int(month_name(day, calendar)[-2:]) for day in placed["month"].unique()}
    moment = local(pl.col(PLACED_AT), period.zone)
    parted = placed.select(
        PART,
        moment.dt.hour().cast(pl.Int32).alias("hour"),
        moment.dt.weekday().cast(pl.Int32).alias("weekday"),
        pl.col("month").replace_strict(numbers, return_dtype=pl.Int32)
        if numbers
        else pl.lit(None, dtype=pl.Int32).alias("month"),
    )
    parts = [
        _counted(parted.rename({unit: "value"}), ["part"], "value").with_columns(
            pl.lit(unit).alias("unit")
        )
        for unit in ("hour", "weekday", "month")
    ]
    table = pl.concat(parts).select("part", "unit", "value", "count", "base")
    ordered = with_share(table.sort("part", "unit", "value"), "count", "base", minimum)
    return _look("look_when", period, ordered, table.unique("part"))


def promotions(
    history: History, coupons: pl.DataFrame, period: Period, minimum: int = 30
) -> Breakdown:
    """Return which coupon codes brought first and second purchases (`COUPONS` in).

    Of the `base` customers whose first purchase in the period used the code, `count` have come
    back by the end of the observation; `second_purchases` and `later_purchases` of the period
    used it too. The row with a null code is the purchases without any.
    """
    return _brought("look_coupons", history, coupons, [CODE], period, minimum)


def sources(history: History, known: pl.DataFrame, period: Period, minimum: int = 30) -> Breakdown:
    """Return the same by source, medium and campaign of the purchase (`SOURCES` in)."""
    return _brought("look_sources", history, known, [SOURCE, MEDIUM, CAMPAIGN], period, minimum)


def reviews(history: History, given: pl.DataFrame, period: Period, minimum: int = 30) -> Breakdown:
    """Return by rating the period's reviews and whether their writers bought again.

    `given` has the columns `REVIEWS`. Columns: rating, `reviews`, `base` (those by a known
    customer), `count` (of which the writer bought after it), share, low, high, enough.
    """
    last = history.purchases.group_by(CUSTOMER_ID).agg(pl.col(PLACED_AT).max().alias("last"))
    table = (
        inside(given, period, REVIEWED_AT)
        .join(last, on=CUSTOMER_ID, how="left")
        .group_by(RATING)
        .agg(
            pl.len().cast(pl.Int64).alias("reviews"),
            pl.col("last").is_not_null().sum().cast(pl.Int64).alias("base"),
            (pl.col("last") > pl.col(REVIEWED_AT)).sum().cast(pl.Int64).alias("count"),
        )
        .sort(RATING)
    )
    n = int(table["reviews"].sum())
    return breakdown("look_reviews", period, n, with_share(table, "count", "base", minimum))


def _brought(
    name: str,
    history: History,
    attributes: pl.DataFrame,
    keys: Sequence[str],
    period: Period,
    minimum: int,
) -> Breakdown:
    of_purchases = (
        attributes.join(history.order_purchases, on="order_id").select(PURCHASE_ID, *keys).unique()
    )
    came_back = history.purchases.filter(pl.col(SEQUENCE) == 2).select(
        CUSTOMER_ID, pl.lit(value=True).alias("returned")
    )
    bought = inside(history.purchases, period)
    first = pl.col(SEQUENCE) == 1
    table = (
        bought.join(of_purchases, on=PURCHASE_ID, how="left")
        .join(came_back, on=CUSTOMER_ID, how="left")
        .group_by(keys)
        .agg(
            first.sum().cast(pl.Int64).alias("base"),
            (first & pl.col("returned").fill_null(value=False)).sum().cast(pl.Int64).alias("count"),
            (pl.col(SEQUENCE) == 2).sum().cast(pl.Int64).alias("second_purchases"),
            (pl.col(SEQUENCE) > 2).sum().cast(pl.Int64).alias("later_purchases"),
        )
        .sort("base", "second_purchases", *keys, descending=[True, True] + [False] * len(keys))
    )
    return breakdown(name, period, bought.height, with_share(table, "count", "base", minimum))


def _counted(table: pl.DataFrame, groups: Sequence[str], column: str) -> pl.DataFrame:
    return (
        table.group_by(*groups, column)
        .agg(pl.len().cast(pl.Int64).alias("count"))
        .with_columns(pl.col("count").sum().over(groups).alias("base"))
    )


def _look(name: str, period: Period, table: pl.DataFrame, bases: pl.DataFrame) -> Breakdown:
    return breakdown(name, period, int(bases["base"].sum()), table)
