"""The 95 % intervals of what predictions add up to."""

from math import sqrt

import polars as pl

from retention.columns import COUNT
from retention.figures.figure import Interval
from retention.intervals import NORMAL_95
from retention.prediction.columns import ACTUAL


def mean_probability(probabilities: pl.Series) -> tuple[float, Interval]:
    """Return the mean as a percentage, with the interval of the share that will come about.

    Customers act independently: the number of them has the Poisson binomial distribution, whose
    variance is the sum of p (1 - p); it is taken to be normal.
    """
    n, total = len(probabilities), float(probabilities.sum())
    half = NORMAL_95 * sqrt(float((probabilities * (1 - probabilities)).sum()))
    low, high = max(total - half, 0.0), min(total + half, float(n))
    return total / n * 100, (low / n * 100, high / n * 100)


def sum_of_counts(expected: pl.Series) -> tuple[float, Interval]:
    """Return the sum, with the interval of a sum of independent Poisson counts, taken as normal."""
    total = float(expected.sum())
    half = NORMAL_95 * sqrt(total)
    return total, (max(total - half, 0.0), total + half)


def area_interval(area: float, groups: pl.DataFrame) -> Interval:
    """Return the interval of an area under the ROC curve.

    Args:
        area: 0 to 1.
        groups: columns `CALIBRATION`, from which the customers of either outcome are counted.

    Source: J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a receiver
    operating characteristic curve", Radiology 143 (1982), 29-36.
    """
    n = int(groups[COUNT].sum())
    yes = round(float((groups[ACTUAL] * groups[COUNT]).sum()))
    no = n - yes
    both_above, both_below = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (
        area * (1 - area) + (yes - 1) * (both_above - area**2) + (no - 1) * (both_below - area**2)
    ) / (yes * no)
    half = NORMAL_95 * sqrt(max(variance, 0.0))
    return max(area - half, 0.0), min(area + half, 1.0)
