"""What each customer will spend in the coming days, at the level of the last completed period.

The models of repeat buying sort customers well but miss the level of a store that grows, shrinks
or sells by season. So they are first asked for the last completed period, whose outcome is known,
and the ratio of actual to predicted corrects what they say of the coming one.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention.arrays import Floats
from retention.columns import CUSTOMER_ID, HIGH, LOW, NET, PROBABILITY
from retention.intervals import NORMAL_95
from retention.prediction.bg_nbd import BgNbd
from retention.prediction.calibration import Calibration, calibration, quantile_groups
from retention.prediction.columns import (
    DAY,
    EXPECTED_PURCHASES,
    EXPECTED_VALUE,
    LIFETIME_VALUES,
    MONETARY_VALUE,
    VALUE,
)
from retention.prediction.evidence import NotEnoughData, require_evidence
from retention.prediction.gamma_gamma import GammaGamma, fit_gamma_gamma
from retention.prediction.known import Knowledge
from retention.prediction.summary import within

GROUPS = 10
PERIODS = 3
"""How many completed periods tell of the drift, at most."""


@dataclass(frozen=True, slots=True)
class LifetimeValues:
    """`table` has the columns `LIFETIME_VALUES`, one row per customer.

    `total` is what all of them will spend in `horizon_days`, with its 95 % interval from `low`
    to `high`. `correction` is the actual of the last completed period over what the models say
    of it, and `calibration` compares the two by tenths of the predicted, corrected. `drift` is
    how much, in logarithms, the correction changed from period to period; null when only one
    period is complete: the interval then holds the chance of single customers, but no season.
    """

    table: pl.DataFrame
    horizon_days: int
    total: float
    low: float
    high: float
    correction: float
    drift: float | None
    calibration: Calibration
    purchases: BgNbd
    values: GammaGamma


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the models say of each customer; `worth` is the product of the two expectations."""

    table: pl.DataFrame
    worth: Floats
    purchases: BgNbd
    values: GammaGamma


@dataclass(frozen=True, slots=True)
class _Completed:
    """What the models said of a period that is over, and what came, customer by customer."""

    predicted: Floats
    actual: Floats

    @property
    def correction(self) -> float:
        return float(self.actual.sum() / self.predicted.sum())


def lifetime_values(
    days: pl.DataFrame | Knowledge, last_day: date, horizon_days: int = 90
) -> LifetimeValues:
    """Return what each customer known on `last_day` will spend in the coming `horizon_days`.

    Args:
        days: columns `PURCHASE_DAYS`, or what is known of them already; days after `last_day`
            are not looked at.
        last_day: the last day observed.
        horizon_days: how far to look ahead; as long a period before `last_day` sets the level.

    A customer's value is BG/NBD's expected number of purchases times Gamma-Gamma's expected value
    of one. Its interval comes from what customers of the same tenth of the predicted spent in the
    last completed period, relative to the prediction.

    Raises:
        NotEnoughData: less history than two horizons, or too few customers for the models.
        ValueError: `horizon_days` is below 1 or the table lacks a column.
    """
    if horizon_days < 1:
        raise ValueError(f"horizon_days is {horizon_days}; give at least 1 day")
    known = days if isinstance(days, Knowledge) else Knowledge(days)
    past = _completed(known, last_day, horizon_days)
    latest, correction = past[0], past[0].correction
    coming = forecast(known, last_day, horizon_days)
    value, level = coming.worth * correction, latest.predicted * correction
    low, high = _customer_interval(value, level, latest.actual)
    total, drift = float(value.sum()), _drift([period.correction for period in past])
    half = NORMAL_95 * float(
        np.hypot(_sampling_error(value, level, latest.actual), total * (drift or 0))
    )
    return LifetimeValues(
        table=coming.table.with_columns(
            pl.Series(VALUE, value), pl.Series(LOW, low), pl.Series(HIGH, high)
        ).select(LIFETIME_VALUES.names()),
        horizon_days=horizon_days,
        total=total,
        low=max(total - half, 0.0),
        high=total + half,
        correction=correction,
        drift=drift,
        calibration=calibration(level, latest.actual),
        purchases=coming.purchases,
        values=coming.values,
    )


def spent(
    days: pl.DataFrame, customers: pl.Series, last_day: date, horizon_days: int
) -> NDArray[np.float64]:
    """Return what each of `customers` spent in the `horizon_days` after `last_day`."""
    amounts = within(days, last_day, horizon_days).group_by(CUSTOMER_ID).agg(pl.col(NET).sum())
    return (
        customers.to_frame()
        .join(amounts, on=CUSTOMER_ID, how="left", maintain_order="left")[NET]
        .cast(pl.Float64)
        .fill_null(0)
        .to_numpy()
    )


def _completed(known: Knowledge, last_day: date, horizon_days: int) -> list[_Completed]:
    """Return the completed periods before `last_day`, the latest first, at least one."""
    first = known.days[DAY].min()
    history = (last_day - first).days + 1 if isinstance(first, date) else 0
    require_evidence("days of history", history, 2 * horizon_days)
    count = min(history // horizon_days - 1, PERIODS)
    ends = [last_day - timedelta(days=horizon_days * back) for back in range(1, count + 1)]
    periods = [_period(known, ends[0], horizon_days)]
    # Of the earlier ones those count that had customers enough for the models.
    with suppress(NotEnoughData):
        periods.extend(_period(known, end, horizon_days) for end in ends[1:])
    return periods


def _period(known: Knowledge, last_day: date, horizon_days: int) -> _Completed:
    said = forecast(known, last_day, horizon_days)
    came = spent(known.days, said.table[CUSTOMER_ID], last_day, horizon_days)
    require_evidence("purchases in a completed period", int((came > 0).sum()), 1)
    return _Completed(said.worth, came)


def forecast(knowledge: Knowledge, last_day: date, horizon_days: int) -> Forecast:
    """Return what both models, fitted to what was known on `last_day`, say uncorrected.

    Columns and errors are those of `lifetime_values`; `table` lacks value, low and high.
    """
    then = knowledge.at(last_day)
    known, x, t_x, t = then.summary, then.frequency, then.recency, then.age
    mean = known[MONETARY_VALUE].fill_null(0).to_numpy()
    purchases, values = then.purchases, fit_gamma_gamma(x, mean)
    expected = purchases.expected_purchases(horizon_days, x, t_x, t)
    value = values.expected_value(x, mean)
    table = known.select(
        CUSTOMER_ID,
        pl.Series(PROBABILITY, purchases.probability_active(x, t_x, t)),
        pl.Series(EXPECTED_PURCHASES, expected),
        pl.Series(EXPECTED_VALUE, value),
    )
    return Forecast(table, expected * value, purchases, values)


def _customer_interval(value: Floats, predicted: Floats, actual: Floats) -> tuple[Floats, Floats]:
    """Return the ends between which 95 % of customers of the same tenth ended, scaled to each.

    Source: the split conformal method, J. Lei and others, "Distribution-free predictive inference
    for regression", Journal of the American Statistical Association 113 (2018), 1094-1111.
    """
    group = quantile_groups(predicted, GROUPS)
    order = np.argsort(predicted, kind="stable")
    nearest = np.searchsorted(predicted[order], value).clip(max=len(order) - 1)
    own = group[order][nearest]
    ratio = actual / np.maximum(predicted, 1e-12)
    low, high = np.zeros(len(value)), np.zeros(len(value))
    for number in np.unique(own):
        ends = np.quantile(ratio[group == number], [0.025, 0.975])
        here = own == number
        low[here], high[here] = value[here] * ends[0], value[here] * ends[1]
    return low, high


def _sampling_error(value: Floats, predicted: Floats, actual: Floats) -> float:
    """Return the standard error of the total from the chance of single customers.

    It holds the error of the correction, a ratio estimator (W. G. Cochran, "Sampling
    Techniques", 1977, section 6.4), and the chance of the coming period, taken to be as large.
    """
    rest = float(np.sum((actual - predicted) ** 2)) * len(actual) / max(len(actual) - 1, 1)
    growth = float(value.sum() / predicted.sum())
    return float(np.sqrt(rest * (growth**2 + growth)))


def _drift(corrections: list[float]) -> float | None:
    """Return the root mean square change of the logarithm from one period to the next."""
    if len(corrections) < 2:
        return None
    return float(np.sqrt(np.mean(np.diff(np.log(corrections)) ** 2)))
