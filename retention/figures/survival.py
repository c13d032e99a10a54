"""How long first-time buyers take to come back, counting those who have not come back yet.

Kaplan-Meier: E. L. Kaplan, P. Meier, "Nonparametric estimation from incomplete observations",
Journal of the American Statistical Association 53 (1958), 457-481. The variance is Greenwood's,
and the interval is that of log(-log survival), which stays between 0 and 1 (J. D. Kalbfleisch,
R. L. Prentice, "The Statistical Analysis of Failure Time Data", 1980).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from retention.columns import CUSTOMER_ID, PLACED_AT, SEQUENCE
from retention.figures.columns import CURVE, DURATION, RETURNED, SPELLS
from retention.intervals import NORMAL_95

ROUNDING = 1e-12
"""Survival is a product of many fractions; one that reaches a share exactly may miss it by this."""


def spells(purchases: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """Return how long each first-time buyer took or has taken so far (columns `SPELLS`).

    `purchases` has the columns `PURCHASES`, all from before `until`.
    """
    second = purchases.filter(pl.col(SEQUENCE) == 2).select(
        CUSTOMER_ID, pl.col(PLACED_AT).alias("second")
    )
    passed = pl.col("second").fill_null(pl.lit(until, pl.Datetime("us", "UTC"))) - pl.col(PLACED_AT)
    return (
        purchases.filter(pl.col(SEQUENCE) == 1)
        .join(second, on=CUSTOMER_ID, how="left")
        .with_columns(
            (passed / timedelta(days=1)).alias(DURATION),
            pl.col("second").is_not_null().alias(RETURNED),
        )
        .select(SPELLS.names())
        .sort(CUSTOMER_ID)
    )


def kaplan_meier(known: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """Return the curve (columns `CURVE`) of spells, one for each group of the columns `by`.

    Only the columns `duration` (days), `returned` and those in `by` are read; `by` comes first
    in the result, which is sorted by it and by time.
    """
    counted = (
        known.group_by(*by, pl.col(DURATION).alias("time"))
        .agg(
            pl.col(RETURNED).sum().cast(pl.Int64).alias("events"),
            pl.len().cast(pl.Int64).alias("leaving"),
        )
        .sort(*by, "time")
    )
    events, at_risk = pl.col("events"), pl.col("at_risk")
    curve = counted.with_columns(
        _of_group(pl.col("leaving").cum_sum(reverse=True), by).alias("at_risk")
    ).with_columns(
        _of_group((1 - events / at_risk).cum_prod(), by).alias("survival"),
        _of_group((events / (at_risk * (at_risk - events))).cum_sum(), by).alias("spread"),
    )
    survival, nobody = pl.col("survival"), _of_group(events.cum_sum(), by) == 0
    width = NORMAL_95 * pl.col("spread").sqrt() / -survival.log()
    return curve.with_columns(
        pl.when(nobody)
        .then(1.0)
        .when(survival <= 0)
        .then(0.0)
        .otherwise(survival ** width.exp())
        .alias("low"),
        pl.when(nobody).then(1.0).when(survival > 0).then(survival ** (-width).exp()).alias("high"),
    ).select(*by, *CURVE.names())


def quantile(share: float) -> list[pl.Expr]:
    """Return expressions over a curve: the time by which `share` have come back, and its interval.

    The columns are `time`, `time_low` and `time_high`: where the curve and the ends of its
    interval reach 1 - share (R. Brookmeyer, J. Crowley, "A confidence interval for the median
    survival time", Biometrics 38 (1982), 29-41). Null where that is not reached.
    """
    return [
        pl.col("time").filter(pl.col(column) <= 1 - share + ROUNDING).min().alias(name)
        for column, name in (("survival", "time"), ("low", "time_low"), ("high", "time_high"))
    ]


def survival_at(curve: pl.DataFrame, days: float) -> tuple[float, float, float | None]:
    """Return the survival after so many days and its interval; before the first time it is 1."""
    past = curve.filter(pl.col("time") <= days).tail(1)
    if past.is_empty():
        return 1.0, 1.0, 1.0
    survival, low, high = past.select("survival", "low", "high").row(0)
    return survival, low, high


def _of_group(expression: pl.Expr, by: Sequence[str]) -> pl.Expr:
    return expression.over(by) if by else expression
