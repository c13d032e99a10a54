"""On which day after the first purchase a customer is likeliest to come back, and when to write.

The chance of a day is the share that came back on it of those who had not come back before and
were still observed (the hazard). It is smoothed over the days around it with the weights
1 - (k / (bandwidth + 1))² (V. A. Epanechnikov, 1969; for hazards H. Ramlau-Hansen, "Smoothing
counting process intensities by means of kernel functions", Annals of Statistics 11 (1983),
453-466), renormalised where days are missing at the ends.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from retention.arrays import Floats
from retention.figures.columns import DURATION, RETURNED

BANDWIDTH_DAYS = 7
"""A whole week on each side, so that days of the week do not make a peak."""

DRAWS = 400
SEED = 1958


@dataclass(frozen=True, slots=True)
class Peak:
    """The day with the highest chance of return, its 95 % interval, and the contact window.

    Days are counted from the first purchase. The window is the run of days around the peak on
    which the smoothed chance is at least the window's share of the peak's.
    """

    day: int
    low: int
    high: int
    opens: int
    closes: int


def daily_hazard(known: pl.DataFrame, minimum: int = 30) -> pl.DataFrame:
    """Return the chance of return on each day (`SPELLS` in), from day 1 on.

    A spell belongs to the day it is nearest to. What follows on the same day counts as part of
    the first purchase's visit and makes no day. Days end where fewer than `minimum` are still
    observed. Columns: day, at_risk, events, hazard, smoothed, and `nearby`, the returns on the
    days that were smoothed over.
    """
    counted = (
        known.group_by((pl.col(DURATION) + 0.5).floor().cast(pl.Int32).alias("day"))
        .agg(
            pl.col(RETURNED).sum().cast(pl.Int64).alias("events"),
            pl.len().cast(pl.Int64).alias("leaving"),
        )
        .sort("day")
    )
    last = counted["day"].max()
    days = pl.select(
        day=pl.int_range(1, (last if isinstance(last, int) else 0) + 1, dtype=pl.Int32)
    )
    table = (
        days.join(counted.filter(pl.col("day") > 0), on="day", how="left", maintain_order="left")
        .with_columns(pl.col("events", "leaving").fill_null(0))
        .with_columns(pl.col("leaving").cum_sum(reverse=True).alias("at_risk"))
        .filter(pl.col("at_risk") >= max(1, minimum))
        .with_columns((pl.col("events") / pl.col("at_risk")).alias("hazard"))
    )
    reach = 2 * BANDWIDTH_DAYS + 1
    return table.with_columns(
        pl.Series("smoothed", _smoothed(table["hazard"].to_numpy()), dtype=pl.Float64),
        pl.col("events").rolling_sum(reach, min_samples=1, center=True).alias("nearby"),
    ).select("day", "at_risk", "events", "hazard", "smoothed", "nearby")


def peak(daily: pl.DataFrame, minimum: int = 30, window_share: float = 0.5) -> Peak | None:
    """Return the peak of `daily_hazard`, or None when no day has enough returns near it.

    Only days with at least `minimum` returns nearby can be the peak: where few are left, one
    return more makes a mountain. Of equal days the first counts. The interval is a parametric
    bootstrap: each day's returns are drawn anew from the binomial distribution of its at_risk
    and hazard, always with the same seed (B. Efron, R. J. Tibshirani, "An Introduction to the
    Bootstrap", 1993).
    Raises ValueError unless 0 < window_share <= 1.
    """
    if not 0 < window_share <= 1:
        raise ValueError(f"window_share is {window_share}; give a share above 0, at most 1")
    trusted = daily["nearby"].to_numpy() >= max(1, minimum)
    if not trusted.any():
        return None
    smoothed = daily["smoothed"].to_numpy()
    at = int(np.where(trusted, smoothed, -1.0).argmax())
    below = np.flatnonzero(smoothed < window_share * smoothed[at])
    before, after = below[below < at], below[below > at]
    low, high = _peak_interval(daily, trusted)
    return Peak(
        day=at + 1,
        low=low,
        high=high,
        opens=int(before[-1]) + 2 if before.size else 1,
        closes=int(after[0]) if after.size else smoothed.size,
    )


def _smoothed(hazard: Floats) -> Floats:
    if not hazard.shape[-1]:
        return hazard
    distance = np.arange(-BANDWIDTH_DAYS, BANDWIDTH_DAYS + 1) / (BANDWIDTH_DAYS + 1)
    weights = 1 - distance**2
    summed = convolve1d(hazard, weights, mode="constant")
    present = convolve1d(np.ones(hazard.shape[-1]), weights, mode="constant")
    return np.asarray(summed / present, dtype=np.float64)


def _peak_interval(daily: pl.DataFrame, trusted: NDArray[np.bool_]) -> tuple[int, int]:
    at_risk, hazard = daily["at_risk"].to_numpy(), daily["hazard"].to_numpy()
    draws = np.random.default_rng(SEED).binomial(at_risk, hazard, (DRAWS, at_risk.size))
    days = np.where(trusted, _smoothed(draws / at_risk), -1.0).argmax(axis=1) + 1
    low, high = np.quantile(days, [0.025, 0.975], method="closest_observation")
    return int(low), int(high)
