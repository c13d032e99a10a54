"""How long it is from one purchase to the next, learned from every gap of the store.

A gap is the days between a purchase and the next one of the same series: a customer's purchases,
or a customer's purchases of one product. Gaps spread by factors, not by days, so all is done in
logarithms. What a series has shown so far is drawn toward its prior, as if `strength` more gaps
had been as the prior says:

    location = (sum of the series' log gaps + strength × prior) / (their number + strength)

Source: C. Morris, "Parametric empirical Bayes inference: theory and applications", Journal of
the American Statistical Association 78 (1983), 47-55.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from retention.arrays import Floats, Integers
from retention.prediction.columns import DAY, GAP_DAYS
from retention.prediction.evidence import require_evidence

LOG_GAP = "log_gap"
PRIOR = "prior"
SUM = "sum_of_logarithms"
KNOWN = "known_gaps"
LATEST = "latest"

STRENGTH = 5.0
"""The errors of next orders and of replenishments on The Complete Journey are flat from 4 to 8."""
SMALLEST_SAMPLE = 30
BUCKETS = (0, 1, 3, 6)
"""Gaps are less certain the fewer came before: each bucket of earlier gaps has its own spread."""
SHARES = np.linspace(0.0025, 0.9975, 399)
LONGEST = 0.98
"""Of a silence longer than so many gaps, too few are known to say when it will end."""


@dataclass(frozen=True, slots=True)
class GapModel:
    """How gaps spread around what is expected of them.

    `spread` (buckets of earlier gaps × shares) holds the quantiles of the logarithm of
    gap / expected gap; `gaps` is how many were learned from.
    """

    spread: Floats
    gaps: int

    def days(self, expected: Floats, known: Integers, share: float) -> Floats:
        """Return the days within which `share` of such gaps end."""
        quantile = np.array([np.interp(share, SHARES, row) for row in self.spread])
        return np.asarray(np.exp(expected + quantile[bucket(known)]))

    def ended(self, expected: Floats, known: Integers, days: Floats) -> Floats:
        """Return the share of such gaps that end within `days`: 0 below 0.25 %, 1 above 99.75 %."""
        logarithm = np.log(np.maximum(days, 1e-9)) - expected
        own, share = bucket(known), np.zeros(len(logarithm))
        for number, row in enumerate(self.spread):
            here = own == number
            share[here] = np.interp(logarithm[here], row, SHARES, left=0.0, right=1.0)
        return share

    def days_after(
        self, expected: Floats, known: Integers, silence: Floats, share: float
    ) -> Floats:
        """Return the days within which `share` of those gaps end that exceed `silence`.

        Not a number where hardly any such gap is known to be so long.
        """
        passed = self.ended(expected, known, silence)
        wanted = passed + share * (1 - passed)
        own, quantile = bucket(known), np.zeros(len(wanted))
        for number, row in enumerate(self.spread):
            here = own == number
            quantile[here] = np.interp(wanted[here], SHARES, row)
        return np.where(passed < LONGEST, np.exp(expected + quantile), np.nan)


def location(logarithms: Floats, known: Integers, prior: Floats) -> Floats:
    """Return the expected log gap from the sum of the known ones, their number and the prior."""
    return (logarithms + STRENGTH * prior) / (known + STRENGTH)


def fit_gaps(gaps: pl.DataFrame) -> GapModel:
    """Learn how gaps spread.

    Args:
        gaps: `log_gap`, the logarithm of the days; `prior`, what was expected before the series
            began; `sum_of_logarithms` and `known_gaps` of the earlier gaps of its series.

    Raises:
        NotEnoughData: fewer than 30 gaps.
    """
    require_evidence("gaps between purchases", gaps.height, SMALLEST_SAMPLE)
    actual, total, known, prior = (gaps[name].to_numpy() for name in (LOG_GAP, SUM, KNOWN, PRIOR))
    rest = actual - location(total, known, prior)
    overall, own = np.quantile(rest, SHARES), bucket(known)
    rows = [rest[own == number] for number in range(len(BUCKETS))]
    spread = [np.quantile(row, SHARES) if len(row) >= SMALLEST_SAMPLE else overall for row in rows]
    return GapModel(np.array(spread), gaps.height)


def histories(days: pl.DataFrame, series: list[str]) -> pl.DataFrame:
    """Return each purchase with the gap that ended at it and what its series has shown by then.

    Args:
        days: `day` and the columns `series`, sorted by series and day, each day once.
        series: the columns that tell series apart.

    Returns:
        `days` with `gap_days` and `log_gap` (null at a series' first purchase), the
        `sum_of_logarithms` and `known_gaps` of its gaps up to this purchase, and `latest`.
    """
    # Comparing neighbours of the sorted table is many times faster than windows by series.
    begins = pl.any_horizontal(pl.col(series).ne_missing(pl.col(series).shift(1)))
    gap = pl.when(~pl.col("begins")).then(pl.col(DAY).diff().dt.total_days())
    row = pl.int_range(pl.len(), dtype=pl.Int64)

    def since_beginning(running: pl.Expr) -> pl.Expr:
        return running - pl.when(pl.col("begins")).then(running).forward_fill()

    return (
        days.with_columns(begins.alias("begins"))
        .with_columns(gap.alias(GAP_DAYS))
        .with_columns(pl.col(GAP_DAYS).cast(pl.Float64).log().alias(LOG_GAP))
        .with_columns(
            since_beginning(pl.col(LOG_GAP).fill_null(0).cum_sum()).alias(SUM),
            since_beginning(row).alias(KNOWN),
            pl.col("begins").shift(-1, fill_value=True).alias(LATEST),
        )
        .drop("begins")
    )


def completed(histories: pl.DataFrame) -> pl.DataFrame:
    """Return the gaps of `histories`, sum and number of known gaps being those before each."""
    return histories.filter(pl.col(GAP_DAYS).is_not_null()).with_columns(
        pl.col(SUM) - pl.col(LOG_GAP), pl.col(KNOWN) - 1
    )


def group_mean(table: pl.DataFrame, group: str, prior: str, strength: float) -> pl.DataFrame:
    """Return the mean log gap of each `group`, drawn toward the mean of its column `prior`.

    Columns: `group` and `mean`; rows without a group are left out.
    """
    return (
        table.filter(pl.col(group).is_not_null())
        .group_by(group)
        .agg(
            (
                (pl.col(LOG_GAP).sum() + strength * pl.col(prior).mean()) / (pl.len() + strength)
            ).alias("mean")
        )
    )


def bucket(known: Integers) -> Integers:
    """Return the bucket, from 0, of each number of earlier gaps."""
    return np.asarray(np.searchsorted(BUCKETS, known, side="right") - 1, dtype=np.int64)
