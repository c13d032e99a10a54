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


def both_known(purchases: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of `first_and_second` of who came back, with both categories known."""
    return first_and_second(purchases).drop_nulls([FIRST_CATEGORY_ID, SECOND_CATEGORY_ID])


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
    known = both_known(purchases)
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
    drawn = (pl.col(COUNT) + strength * pl.col(BASE_RATE)) / (pl.col(BASE) + strength)
    return evidence.with_columns(drawn.alias(PROBABILITY)).select(CATEGORY_FLOW.names())


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


def customer_categories(
    purchases: pl.DataFrame, flow: pl.DataFrame, predicted: pl.DataFrame
) -> pl.DataFrame:
    """Return each customer's category of the second purchase (columns `CUSTOMER_CATEGORIES`).

    `purchases` has the columns `PURCHASES` and `flow` is their `category_flow`. A customer who
    came back has the one category that was bought ("observed"), with how common that is; a
    customer who bought once has those in `predicted`, the `likeliest` of the model, with what
    the flow says of them. Where nobody who began in the same category came back, `base` is 0.
    Rows are sorted by customer and rank.
    Raises ValueError when a table lacks a column.
    """
    require(purchases, PURCHASES, "purchases")
    require(flow, CATEGORY_FLOW, "flow")
    customers = first_and_second(purchases)
    observed = customers.drop_nulls(SECOND_CATEGORY_ID).with_columns(
        pl.lit(1, dtype=pl.Int32).alias(RANK),
        pl.col(SECOND_CATEGORY_ID).alias(CATEGORY_ID),
        pl.lit("observed").alias(BASIS),
        pl.lit(1.0).alias(PROBABILITY),
    )
    once = (
        customers.filter(~pl.col("returned"))
        .join(predicted, on=CUSTOMER_ID)
        .with_columns(pl.lit("predicted").alias(BASIS))
    )
    named = [CUSTOMER_ID, FIRST_CATEGORY_ID, RANK, CATEGORY_ID, BASIS, PROBABILITY]
    both = pl.concat([observed.select(named), once.select(named)])
    return _with_counts(both, flow).sort(CUSTOMER_ID, RANK)


def _with_counts(named: pl.DataFrame, flow: pl.DataFrame) -> pl.DataFrame:
    """Return the named categories with what the flow counted from the first category to them."""
    to = flow.select(FIRST_CATEGORY_ID, pl.col(SECOND_CATEGORY_ID).alias(CATEGORY_ID), COUNT)
    bases = flow.unique(FIRST_CATEGORY_ID).select(FIRST_CATEGORY_ID, BASE, ENOUGH)
    rates = flow.unique(SECOND_CATEGORY_ID).select(
        pl.col(SECOND_CATEGORY_ID).alias(CATEGORY_ID), BASE_RATE
    )
    counted = (
        named.join(to, on=[FIRST_CATEGORY_ID, CATEGORY_ID], how="left")
        .join(bases, on=FIRST_CATEGORY_ID, how="left")
        .join(rates, on=CATEGORY_ID, how="left")
        .with_columns(
            pl.col(COUNT, BASE, BASE_RATE).fill_null(0), pl.col(ENOUGH).fill_null(value=False)
        )
    )
    low, high = wilson(counted[COUNT].to_numpy(), counted[BASE].to_numpy())
    return counted.with_columns(
        pl.when(pl.col(BASE) > 0).then(pl.col(COUNT) / pl.col(BASE)).alias(SHARE),
        pl.Series(LOW, low),
        pl.Series(HIGH, high),
    ).select(CUSTOMER_CATEGORIES.names())
