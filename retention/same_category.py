"""Do customers who come back buy again from the same category, or is it chance?

Chance is what would be seen if the customers who came back exchanged their second categories
among each other at random: common categories then meet often without any loyalty to them.
"""

import numpy as np
import polars as pl
from scipy.special import ndtr
from scipy.stats import false_discovery_control, hypergeom

from retention.columns import (
    BASE,
    CATEGORY_ID,
    COUNT,
    EXPECTED,
    FIRST_CATEGORY_ID,
    HIGH,
    LOW,
    P_VALUE,
    PURCHASES,
    SAME_CATEGORY,
    SECOND_CATEGORY_ID,
    SHARE,
    VERDICT,
    Z,
    require,
)
from retention.intervals import wilson
from retention.second_purchase import both_known

SIGNIFICANCE = 0.05
"""For the whole store the chance of a false verdict; for the categories, which are many, the
share of false ones among the verdicts (Benjamini and Hochberg, 1995)."""

NO_VARIANCE = 1e-9
"""A variance below this is a rounding error of one that is zero."""


def same_category_test(purchases: pl.DataFrame, minimum_customers: int = 30) -> pl.DataFrame:
    """Return for the store and each first category whether "the same again" beats chance.

    `purchases` has the columns `PURCHASES`, the result `SAME_CATEGORY`: first the whole store
    with a null category, then the categories in rising order. `expected` is the share of equal
    categories were the second one independent of the first: over the store the sum of
    p_first * p_second, for one category its share of all second purchases. Both tests are
    conditional on these shares and two-sided. The store's p-value is normal, with the exact
    permutation mean and variance (W. Hoeffding, "A combinatorial central limit theorem", 1951);
    a category's is exact, from the hypergeometric distribution (the smaller tail, doubled).
    `verdict` is "same category more often", "same category less often", "no evidence", or "not
    enough data" with fewer than `minimum_customers` in the base.
    Raises ValueError when a column is missing or `minimum_customers` is below 1.
    """
    require(purchases, PURCHASES, "purchases")
    if minimum_customers < 1:
        raise ValueError(f"minimum_customers is {minimum_customers}; give at least 1")
    known = both_known(purchases)
    margins = _margins(known)
    store = _tested_store(margins)
    categories = _tested_categories(margins)
    judged = pl.concat(
        [
            _judged(store, minimum_customers),
            _judged(categories, minimum_customers),
        ]
    )
    low, high = wilson(judged[COUNT].to_numpy(), judged[BASE].to_numpy())
    return judged.with_columns(
        pl.when(pl.col(BASE) > 0).then(pl.col(COUNT) / pl.col(BASE)).alias(SHARE),
        pl.Series(LOW, low),
        pl.Series(HIGH, high),
    ).select(SAME_CATEGORY.names())


def _margins(known: pl.DataFrame) -> pl.DataFrame:
    """Return for each category how many began in it, came back for it, and did both."""
    did_both = pl.col(FIRST_CATEGORY_ID) == pl.col(SECOND_CATEGORY_ID)
    first = known.group_by(pl.col(FIRST_CATEGORY_ID).alias(CATEGORY_ID)).agg(
        pl.len().cast(pl.Int64).alias("first"), did_both.sum().cast(pl.Int64).alias("same")
    )
    second = known.group_by(pl.col(SECOND_CATEGORY_ID).alias(CATEGORY_ID)).agg(
        pl.len().cast(pl.Int64).alias("second")
    )
    return (
        first.join(second, on=CATEGORY_ID, how="full", coalesce=True)
        .with_columns(pl.col("first", "second", "same").fill_null(0))
        .sort(CATEGORY_ID)
    )


def _tested_store(margins: pl.DataFrame) -> pl.DataFrame:
    """Return the row of the whole store."""
    first, second = (margins[name].to_numpy().astype(np.float64) for name in ("first", "second"))
    n, same = max(float(first.sum()), 1.0), int(margins["same"].sum())
    met = float((first * second).sum())
    mean = met / n
    met_squared = float((first * second * (first + second)).sum())
    variance = (met - met_squared / n + mean**2) / max(n - 1, 1)
    row = pl.DataFrame(
        {
            CATEGORY_ID: pl.Series([None], dtype=pl.Int64),
            COUNT: [same],
            BASE: [int(first.sum())],
            EXPECTED: [mean / n],
            Z: [(same - mean) / np.sqrt(variance) if variance > NO_VARIANCE else None],
        },
        schema_overrides={Z: pl.Float64},
    )
    return row.with_columns(pl.Series(P_VALUE, 2 * ndtr(-row[Z].fill_null(0).abs().to_numpy())))


def _tested_categories(margins: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each category that somebody began in."""
    begun = margins.filter(pl.col("first") > 0)
    first, second, same = (begun[name].to_numpy() for name in ("first", "second", "same"))
    n = max(int(margins["first"].sum()), 1)
    chance = hypergeom(n, second, first)
    tail = np.minimum(chance.cdf(same), chance.sf(same - 1))
    variance = first * second * (n - second) * (n - first) / (n**2 * max(n - 1, 1))
    deviations = (same - first * second / n) / np.sqrt(np.maximum(variance, NO_VARIANCE))
    varied = pl.Series(variance > NO_VARIANCE, dtype=pl.Boolean)
    return begun.select(
        CATEGORY_ID,
        pl.col("same").alias(COUNT),
        pl.col("first").alias(BASE),
        (pl.col("second") / n).alias(EXPECTED),
        pl.when(varied).then(pl.Series(deviations, dtype=pl.Float64)).alias(Z),
        pl.Series(P_VALUE, np.minimum(2 * tail, 1), dtype=pl.Float64),
    )


def _judged(tested: pl.DataFrame, minimum_customers: int) -> pl.DataFrame:
    """Return the rows with a verdict, given together at the significance of false verdicts."""
    enough = tested[BASE].to_numpy() >= minimum_customers
    adjusted = np.ones(tested.height)
    if enough.any():
        adjusted[enough] = false_discovery_control(tested[P_VALUE].to_numpy()[enough])
    found = pl.Series(adjusted < SIGNIFICANCE, dtype=pl.Boolean)
    more = pl.col(COUNT) / pl.col(BASE) > pl.col(EXPECTED)
    return tested.with_columns(
        pl.when(pl.col(BASE) < minimum_customers)
        .then(pl.lit("not enough data"))
        .when(~found)
        .then(pl.lit("no evidence"))
        .when(more)
        .then(pl.lit("same category more often"))
        .otherwise(pl.lit("same category less often"))
        .alias(VERDICT)
    )
