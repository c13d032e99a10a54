"""How well predictions were met: by tenths of the predicted, and in one number."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from retention.columns import COUNT
from retention.prediction.columns import ACTUAL, CALIBRATION, GROUP, PREDICTED
from retention.prediction.evidence import require_evidence

LARGEST_ERROR = 0.05
LARGEST_TOTAL_ERROR = 0.1
SMALLEST_SAMPLE = 100


@dataclass(frozen=True, slots=True)
class Calibration:
    """Predictions against what came.

    `table` has the columns `CALIBRATION`. `error` is the expected calibration error: the mean
    distance between predicted and actual over the groups, weighted by their sizes, in the unit
    of the prediction; `by_chance` is what it would be on average if every prediction were right.
    `total_error` is predicted / actual - 1 over all, null when nothing came. `verdict` is "fits
    badly" when the error exceeds `by_chance` by more than the tolerance (see `calibration`), or
    the total is off by more than 10 %.
    """

    table: pl.DataFrame
    error: float
    by_chance: float
    total_error: float | None
    customers: int
    verdict: Literal["fits", "fits badly"]


def quantile_groups(values: ArrayLike, groups: int) -> NDArray[np.int64]:
    """Return the group, from 1 for the lowest to `groups`, of each value.

    Groups are as equal in size as ties allow: equal values share one group, that of the middle
    of their ranks.
    Raises ValueError unless `groups` is at least 1.
    """
    if groups < 1:
        raise ValueError(f"groups is {groups}; give at least 1")
    values = np.asarray(values)
    middle = (rankdata(values) - 0.5) / max(len(values), 1)
    return np.minimum(np.floor(middle * groups).astype(np.int64) + 1, groups)


def area_under_curve(score: ArrayLike, happened: ArrayLike) -> float:
    """Return how often a customer to whom it happened was scored above one to whom it did not.

    The area under the receiver operating characteristic, ties counting one half.
    Source: J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a receiver
    operating characteristic curve", Radiology 143 (1982), 29-36.
    Raises NotEnoughData when it happened to nobody or to everybody.
    """
    ranks = rankdata(np.asarray(score))
    positive = np.asarray(happened, dtype=bool)
    yes, no = int(positive.sum()), int((~positive).sum())
    require_evidence("customers of either outcome", min(yes, no), 1)
    return float((ranks[positive].sum() - yes * (yes + 1) / 2) / (yes * no))


def calibration(
    predicted: ArrayLike, actual: ArrayLike, groups: int = 10, tolerance: float | None = None
) -> Calibration:
    """Return how predictions, one per customer, compare with what came.

    Args:
        predicted: probabilities, numbers of purchases or amounts.
        actual: what came, 0 or 1 for a probability.
        groups: how many groups of the predicted are compared.
        tolerance: the largest error that still fits, in the unit of the prediction. Left out it
            is 0.05 when every prediction and outcome lies between 0 and 1, else a quarter of
            the mean of what came.

    Source of the error: M. P. Naeini, G. F. Cooper and M. Hauskrecht, "Obtaining well calibrated
    probabilities using Bayesian binning", AAAI 2015; with groups of equal size.

    Raises:
        NotEnoughData: fewer than 100 customers.
        ValueError: the two differ in length.
    """
    said, came = np.asarray(predicted, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if len(said) != len(came):
        raise ValueError(f"{len(said)} predictions but {len(came)} outcomes; give one of each")
    given = pl.DataFrame({PREDICTED: said, ACTUAL: came})
    require_evidence("customers", given.height, SMALLEST_SAMPLE)
    table = _grouped(given, groups)
    size = table[COUNT].to_numpy()
    error = float((table[PREDICTED] - table[ACTUAL]).abs().to_numpy() @ size / given.height)
    # The mean distance of a normal variable from its mean is sqrt(2 / pi) standard deviations.
    by_chance = float(table["spread"].to_numpy() @ np.sqrt(size * 2 / np.pi) / given.height)
    totals = given.sum().row(0)
    total_error = totals[0] / totals[1] - 1 if totals[1] else None
    limit = _tolerance(given) if tolerance is None else tolerance
    badly = (
        error > limit + by_chance or total_error is None or abs(total_error) > LARGEST_TOTAL_ERROR
    )
    return Calibration(
        table=table.select(CALIBRATION.names()),
        error=error,
        by_chance=by_chance,
        total_error=total_error,
        customers=given.height,
        verdict="fits badly" if badly else "fits",
    )


def _grouped(given: pl.DataFrame, groups: int) -> pl.DataFrame:
    return (
        given.with_columns(pl.Series(GROUP, quantile_groups(given[PREDICTED], groups)))
        .group_by(GROUP)
        .agg(
            pl.len().cast(pl.Int64).alias(COUNT),
            pl.col(PREDICTED, ACTUAL).mean(),
            pl.col(ACTUAL).std(ddof=0).alias("spread"),
        )
        .sort(GROUP)
    )


def _tolerance(given: pl.DataFrame) -> float:
    if max(given.max().row(0)) <= 1:
        return LARGEST_ERROR
    return float(np.mean(given[ACTUAL].to_numpy())) / 4
