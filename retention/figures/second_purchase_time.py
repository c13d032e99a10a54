"""The time to the second purchase: when half have come back, and when to write to the others."""

import polars as pl

from retention.columns import CATEGORY_ID, COUNT, ENOUGH, PLACED_AT
from retention.figures.catalogue import breakdown, figure, remark, share, without_value
from retention.figures.columns import DURATION, MONTH, RETURNED
from retention.figures.figure import Breakdown, Figure, Remark
from retention.figures.hazard import daily_hazard, peak
from retention.figures.period import Calendar, Period, with_month
from retention.figures.shares import with_share
from retention.figures.survival import kaplan_meier, quantile, survival_at

HORIZONS = (30, 60, 90, 180, 365)

QUARTERS = (
    (0.25, "second_purchase_quarter"),
    (0.5, "second_purchase_median"),
    (0.75, "second_purchase_three_quarters"),
)

WINDOW = ("highest_chance_day", "contact_window_opens", "contact_window_closes")

DISAGREEMENT = 2.0
"""Percentage points by which two rates must differ at least before a merchant is warned."""


def quartiles(known: pl.DataFrame, period: Period, minimum: int = 30) -> list[Figure]:
    """Return the days by which 25, 50 and 75 % of all first-time buyers have come back.

    `known` has the columns `SPELLS`. From the Kaplan-Meier curve; where it does not get that
    far, the figure has no value and says so.
    """
    curve = kaplan_meier(known)
    found = []
    for part, name in QUARTERS:
        days, low, high = curve.select(quantile(part)).row(0)
        reached = days is not None
        told = figure(
            name,
            period,
            known.height,
            days,
            interval=(low, high) if reached else None,
            need=max(1, minimum),
        )
        found.append(told if reached else without_value(told, "not_reached"))
    return found


def average_over_returners(known: pl.DataFrame, period: Period) -> Figure:
    """Return the mean days of those who came back: biased, for comparison only."""
    back = known.filter(RETURNED)[DURATION]
    mean = back.mean()
    return figure(
        "average_over_returners",
        period,
        back.len(),
        mean if isinstance(mean, float) else None,
        need=1,
    )


def contact_window(
    known: pl.DataFrame, period: Period, minimum: int = 30, window_share: float = 0.5
) -> tuple[list[Figure], list[Remark]]:
    """Return the day with the highest chance of return and the window to write in.

    `known` has the columns `SPELLS`; see `retention.figures.hazard`. At least `minimum` returns
    within a week of some day are needed. A warning comes with a peak that could as well lie
    outside its own window.
    """
    daily, need = daily_hazard(known, minimum), max(1, minimum)
    best = peak(daily, minimum, window_share)
    if best is None:
        most = daily["nearby"].max()
        have = most if isinstance(most, int) else 0
        return [figure(name, period, have, None, need=need) for name in WINDOW], []
    returns = int(daily["events"].sum())
    day, opens, closes = WINDOW
    found = [
        figure(day, period, returns, best.day, interval=(float(best.low), float(best.high))),
        figure(opens, period, returns, best.opens),
        figure(closes, period, returns, best.closes),
    ]
    clear = best.opens <= best.low and best.high <= best.closes
    return found, [] if clear else [remark("no_clear_peak")]


def return_rates(
    known: pl.DataFrame, period: Period, horizon: int, minimum: int = 30
) -> tuple[list[Figure], list[Remark]]:
    """Return the share that comes back within `horizon` days, in two ways, and a warning.

    `known` has the columns `SPELLS`. `return_rate_pooled` is 1 - survival of the Kaplan-Meier
    curve of everybody; `return_rate_mature` is counted among those whose first purchase is at
    least so long ago, with a Wilson interval. The curve takes late joiners for people like early
    ones; when its rate is outside the other's interval and at least `DISAGREEMENT` points away,
    that is not so, and a warning says it. Both need `minimum` customers observed so long.
    """
    mature = known.filter(
        (pl.lit(period.end, pl.Datetime("us", "UTC")) - pl.col(PLACED_AT))
        >= pl.duration(days=horizon)
    )
    within = mature.filter(pl.col(RETURNED), pl.col(DURATION) <= horizon).height
    survival, low, high = survival_at(kaplan_meier(known), horizon)
    need = max(1, minimum)
    pooled = figure(
        "return_rate_pooled",
        period,
        known.height if mature.height >= need else mature.height,
        100 * (1 - survival),
        interval=(0.0 if high is None else 100 * (1 - high), 100 * (1 - low)),
        need=need,
    )
    counted = share("return_rate_mature", period, within, mature.height, minimum)
    return [pooled, counted], _disagreement(pooled, counted, horizon)


def _disagreement(pooled: Figure, counted: Figure, horizon: int) -> list[Remark]:
    if pooled.value is None or counted.value is None or counted.interval is None:
        return []
    low, high = counted.interval
    apart = abs(float(pooled.value) - float(counted.value))
    if apart < DISAGREEMENT or low <= pooled.value <= (high or 100.0):
        return []
    return [
        remark(
            "curves_disagree",
            days=str(horizon),
            pooled=f"{float(pooled.value):.1f}",
            counted=f"{float(counted.value):.1f}",
        )
    ]


def return_curve(known: pl.DataFrame, period: Period, minimum: int = 30) -> Breakdown:
    """Return by day: still observed, the share come back with interval, and the day's chance.

    `known` has the columns `SPELLS`. Columns: day, at_risk, events, `returned` (of all, by the
    end of the day, from the Kaplan-Meier curve) with `low` and `high`, hazard, smoothed.
    """
    daily = daily_hazard(known, minimum)
    curve = kaplan_meier(known).select(
        "time",
        (1 - pl.col("survival")).alias(RETURNED),
        (1 - pl.col("high")).fill_null(0.0).alias("low"),
        (1 - pl.col("low")).alias("high"),
    )
    table = (
        daily.with_columns((pl.col("day") + 0.5).cast(pl.Float64).alias("until"))
        .join_asof(curve, left_on="until", right_on="time", allow_exact_matches=False)
        .with_columns(pl.col(RETURNED, "low", "high").fill_null(0.0))
        .select("day", "at_risk", "events", RETURNED, "low", "high", "hazard", "smoothed")
    )
    return breakdown("return_curve", period, known.height, table)


def by_category(known: pl.DataFrame, period: Period, minimum: int = 30) -> Breakdown:
    """Return the quartiles for each category of the first purchase (`SPELLS` in).

    Columns: category_id, base (first-time buyers), count (come back), then `quarter`, `median`
    and `three_quarters` in days, each with `_low` and `_high`, and `enough`. The largest first.
    """
    table = _quartiles_by(known, CATEGORY_ID, minimum).sort(
        "base", CATEGORY_ID, descending=[True, False], nulls_last=True
    )
    return breakdown("return_by_category", period, known.height, table)


def by_month(
    known: pl.DataFrame, period: Period, calendar: Calendar, minimum: int = 30
) -> Breakdown:
    """Return the quartiles for each month of joining, so that early and late ones are apart.

    `known` has the columns `SPELLS`; the columns are those of `by_category` with `month`.
    """
    months = with_month(known, PLACED_AT, period.zone, calendar)
    table = _quartiles_by(months, MONTH, minimum).sort(MONTH)
    return breakdown("return_by_month", period, known.height, table)


def within_days(
    known: pl.DataFrame, period: Period, calendar: Calendar, minimum: int = 30
) -> Breakdown:
    """Return for each month of joining the share that came back within 30, 60, … days.

    Only months of which every customer has been observed so long have a row: no estimate of
    what is yet to come is in them. `known` has the columns `SPELLS`. Columns: month,
    horizon_days, base, count, share, low, high, enough.
    """
    months = with_month(known, PLACED_AT, period.zone, calendar)
    observed = pl.lit(period.end, pl.Datetime("us", "UTC")) - pl.col(PLACED_AT).max()
    parts = [
        months.group_by(MONTH)
        .agg(
            pl.lit(days, dtype=pl.Int32).alias("horizon_days"),
            pl.len().cast(pl.Int64).alias("base"),
            (pl.col(RETURNED) & (pl.col(DURATION) <= days)).sum().cast(pl.Int64).alias(COUNT),
            (observed >= pl.duration(days=days)).alias("mature"),
        )
        .filter("mature")
        .drop("mature")
        for days in HORIZONS
    ]
    table = with_share(pl.concat(parts).sort(MONTH, "horizon_days"), COUNT, "base", minimum)
    return breakdown("return_within_days", period, known.height, table)


def _quartiles_by(known: pl.DataFrame, column: str, minimum: int) -> pl.DataFrame:
    sizes = known.group_by(column).agg(
        pl.len().cast(pl.Int64).alias("base"), pl.col(RETURNED).sum().cast(pl.Int64).alias(COUNT)
    )
    curve = kaplan_meier(known, [column])
    for part, name in QUARTERS:
        short = name.removeprefix("second_purchase_")
        found = curve.group_by(column).agg(quantile(part))
        sizes = sizes.join(
            found.rename({"time": short, "time_low": f"{short}_low", "time_high": f"{short}_high"}),
            on=column,
            nulls_equal=True,
        )
    return sizes.with_columns((pl.col("base") >= max(1, minimum)).alias(ENOUGH))
