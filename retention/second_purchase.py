"""From the category of the first purchase to the category of the second, with evidence.

Only customers who came back say anything, and only when both categories are known: a purchase
without a category is neither evidence nor ever predicted.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from retention.columns import (
    BASE,
    BASE_RATE,
    BASIS,
    CATEGORY_FLOW,
    CATEGORY_ID,
    COUNT,
    CUSTOMER_CATEGORIES,
    CUSTOMER_ID,
    ENOUGH,
    FIRST_CATEGORY_ID,
    HIGH,
    LIFT,
    LOW,
    PROBABILITY,
    PURCHASES,
    RANK,
    SECOND_CATEGORY_ID,
    SEQUENCE,
    SHARE,
    STRENGTH,
    require,
)
from retention.intervals import wilson

STRENGTH_BOUNDS = (1.0, 1e6)
"""Between these the strength of the prior is sought, in customers; at 1,000,000 a category's own
numbers no longer matter."""

PROBABILITY_OF_CELL = (pl.col(COUNT) + pl.col(STRENGTH) * pl.col(BASE_RATE)) / (
    pl.col(BASE) + pl.col(STRENGTH)
)


def first_and_second(purchases: pl.DataFrame) -> pl.DataFrame:
    """Return one row per customer in `purchases` (columns `PURCHASES`), sorted by customer.

    Columns: customer_id, first_category_id, second_category_id (null when unknown or when there
    was no second purchase) and `returned`, whether there was one.
    """
    return (
        purchases.filter(pl.col(SEQUENCE) <= 2)
        .group_by(CUSTOMER_ID)
        .agg(
            pl.col(CATEGORY_ID).filter(pl.col(SEQUENCE) == 1).first().alias(FIRST_CATEGORY_ID),
            pl.col(CATEGORY_ID).filter(pl.col(SEQUENCE) == 2).first().alias(SECOND_CATEGORY_ID),
            (pl.col(SEQUENCE) == 2).any().alias("returned"),
        )
        .sort(CUSTOMER_ID)
    )


def category_flow(purchases: pl.DataFrame, minimum_customers: int = 30) -> pl.DataFrame:
    """Return the distribution of the second category for each first one (`CATEGORY_FLOW`).

    `purchases` has the columns `PURCHASES`. The probability is
    (count + strength * base_rate) / (base + strength): the strength is the one that makes the
    observed table likeliest when each category's distribution is drawn from a Dirichlet
    distribution around the base rates (empirical Bayes; T. Minka, "Estimating a Dirichlet
    distribution", 2000). While fewer than `minimum_customers` came back, or all began in one
    category, nothing can be said about it and `minimum_customers` itself is the strength.
    Rows are sorted by first category, falling count, second category.
    Raises ValueError when a column is missing or `minimum_customers` is below 1.
    """
    require(purchases, PURCHASES, "purchases")
    if minimum_customers < 1:
        raise ValueError(f"minimum_customers is {minimum_customers}; give at least 1")
    known = first_and_second(purchases).drop_nulls([FIRST_CATEGORY_ID, SECOND_CATEGORY_ID])
    cells = (
        known.group_by(FIRST_CATEGORY_ID, SECOND_CATEGORY_ID)
        .agg(pl.len().cast(pl.Int64).alias(COUNT))
        .with_columns(
            pl.col(COUNT).sum().over(FIRST_CATEGORY_ID).alias(BASE),
            (pl.col(COUNT).sum().over(SECOND_CATEGORY_ID) / known.height).alias(BASE_RATE),
        )
        .sort(FIRST_CATEGORY_ID, COUNT, SECOND_CATEGORY_ID, descending=[False, True, False])
    )
    return _with_evidence(cells, _strength(cells, minimum_customers), minimum_customers)


def _with_evidence(cells: pl.DataFrame, strength: float, minimum_customers: int) -> pl.DataFrame:
    low, high = wilson(cells[COUNT].to_numpy(), cells[BASE].to_numpy())
    share = pl.col(COUNT) / pl.col(BASE)
    evidence = cells.with_columns(
        share.alias(SHARE),
        (share / pl.col(BASE_RATE)).alias(LIFT),
        pl.Series(LOW, low),
        pl.Series(HIGH, high),
        (pl.col(BASE) >= minimum_customers).alias(ENOUGH),
        pl.lit(strength, dtype=pl.Float64).alias(STRENGTH),
    )
    return evidence.with_columns(PROBABILITY_OF_CELL.alias(PROBABILITY)).select(
        CATEGORY_FLOW.names()
    )


def _strength(cells: pl.DataFrame, minimum_customers: int) -> float:
    bases = cells.unique(FIRST_CATEGORY_ID)[BASE].to_numpy().astype(np.float64)
    if len(bases) < 2 or bases.sum() < minimum_customers:
        return float(minimum_customers)
    counts = cells[COUNT].to_numpy().astype(np.float64)
    rates = cells[BASE_RATE].to_numpy()
    low, high = np.log(STRENGTH_BOUNDS)
    best = minimize_scalar(
        lambda logarithm: -_likelihood(float(np.exp(logarithm)), counts, rates, bases),
        bounds=(low, high),
        method="bounded",
    )
    return float(np.exp(best.x))


def _likelihood(
    strength: float,
    counts: NDArray[np.float64],
    rates: NDArray[np.float64],
    bases: NDArray[np.float64],
) -> float:
    """Return the logarithm of the Dirichlet-multinomial likelihood, up to a constant.

    Cells that did not occur add nothing, so that only those that did are asked for.
    """
    cells = gammaln(counts + strength * rates) - gammaln(strength * rates)
    rows = gammaln(strength) - gammaln(bases + strength)
    return float(cells.sum() + rows.sum())


def customer_categories(purchases: pl.DataFrame, flow: pl.DataFrame, top: int = 3) -> pl.DataFrame:
    """Return each customer's category of the second purchase (columns `CUSTOMER_CATEGORIES`).

    `purchases` has the columns `PURCHASES` and `flow` is their `category_flow`. A customer who
    came back has the one category that was bought ("observed"), with how common that is; a
    customer who bought once has the `top` likeliest ones ("predicted"). Where nobody who began
    in the same category came back, the base rates alone predict and `base` is 0. Where nobody
    came back at all, nothing is predicted. Rows are sorted by customer and rank.
    Raises ValueError when a table lacks a column or `top` is below 1.
    """
    require(purchases, PURCHASES, "purchases")
    require(flow, CATEGORY_FLOW, "flow")
    if top < 1:
        raise ValueError(f"top is {top}; predict at least one category")
    customers = first_and_second(purchases)
    once = customers.filter(~pl.col("returned")).select(CUSTOMER_ID, FIRST_CATEGORY_ID)
    predicted = _predictions(once[FIRST_CATEGORY_ID].unique().to_frame(), flow, top)
    return pl.concat(
        [
            _observed(customers.drop_nulls(SECOND_CATEGORY_ID), flow),
            once.join(predicted, on=FIRST_CATEGORY_ID, nulls_equal=True).select(
                CUSTOMER_CATEGORIES.names()
            ),
        ]
    ).sort(CUSTOMER_ID, RANK)


def _observed(returned: pl.DataFrame, flow: pl.DataFrame) -> pl.DataFrame:
    return (
        returned.join(flow, on=[FIRST_CATEGORY_ID, SECOND_CATEGORY_ID], how="left")
        .with_columns(
            pl.lit(1, dtype=pl.Int32).alias(RANK),
            pl.col(SECOND_CATEGORY_ID).alias(CATEGORY_ID),
            pl.lit("observed").alias(BASIS),
            pl.lit(1.0).alias(PROBABILITY),
            pl.col(COUNT, BASE).fill_null(0),
            pl.col(ENOUGH).fill_null(value=False),
        )
        .select(CUSTOMER_CATEGORIES.names())
    )


def _predictions(first: pl.DataFrame, flow: pl.DataFrame, top: int) -> pl.DataFrame:
    """Return the ranked categories for each of the first categories, null among them."""
    pair = [FIRST_CATEGORY_ID, SECOND_CATEGORY_ID]
    rates = flow.unique(SECOND_CATEGORY_ID).select(SECOND_CATEGORY_ID, BASE_RATE, STRENGTH)
    # A category that did not follow yet is likely by its base rate only, so that beside those
    # that did follow none but the most common ones can come first.
    common = rates.sort(BASE_RATE, SECOND_CATEGORY_ID, descending=[True, False]).head(top)
    candidates = pl.concat(
        [
            flow.select(pair).filter(pl.col(FIRST_CATEGORY_ID).is_in(first.to_series().implode())),
            first.join(common, how="cross").select(pair),
        ]
    ).unique()
    evidence = (
        candidates.join(flow.select(*pair, COUNT), on=pair, how="left")
        .join(
            flow.select(FIRST_CATEGORY_ID, BASE, ENOUGH).unique(), on=FIRST_CATEGORY_ID, how="left"
        )
        .join(rates, on=SECOND_CATEGORY_ID)
        .with_columns(pl.col(COUNT, BASE).fill_null(0), pl.col(ENOUGH).fill_null(value=False))
    )
    return _ranked_predictions(evidence, top)


def _ranked_predictions(evidence: pl.DataFrame, top: int) -> pl.DataFrame:
    low, high = wilson(evidence[COUNT].to_numpy(), evidence[BASE].to_numpy())
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(FIRST_CATEGORY_ID)
    return (
        evidence.with_columns(
            pl.col(SECOND_CATEGORY_ID).alias(CATEGORY_ID),
            pl.lit("predicted").alias(BASIS),
            PROBABILITY_OF_CELL.alias(PROBABILITY),
            pl.when(pl.col(BASE) > 0).then(pl.col(COUNT) / pl.col(BASE)).alias(SHARE),
            pl.Series(LOW, low),
            pl.Series(HIGH, high),
        )
        .sort(FIRST_CATEGORY_ID, PROBABILITY, CATEGORY_ID, descending=[False, True, False])
        .with_columns(rank.alias(RANK))
        .filter(pl.col(RANK) <= top)
    )
