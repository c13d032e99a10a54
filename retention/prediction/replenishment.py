"""When a product will be bought again: per product, and per customer and product."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from retention.columns import (
    CATEGORY_ID,
    COUNT,
    CUSTOMER_ID,
    LINES,
    PLACED_AT,
    PRODUCT_ID,
    PRODUCTS,
    QUANTITY,
    require,
)
from retention.figures.period import local
from retention.prediction.columns import (
    CUSTOMERS,
    DAY,
    GAP_DAYS,
    HIGH_DAYS,
    INTERVAL_DAYS,
    LOW_DAYS,
    NEXT_REPLENISHMENTS,
    PREDICTED,
    PRODUCT_DAYS,
    REPLENISHMENT_INTERVALS,
)
from retention.prediction.gaps import (
    KNOWN,
    LATEST,
    LOG_GAP,
    PRIOR,
    SUM,
    GapModel,
    completed,
    fit_gaps,
    group_mean,
    histories,
    location,
)
from retention.prediction.next_order import RANGE, with_dates
from retention.prediction.summary import until

SERIES = [CUSTOMER_ID, PRODUCT_ID]
PRODUCT_STRENGTH = 10.0
"""So many gaps of the category's mean are mixed into each product's."""
CATEGORY_STRENGTH = 30.0
"""So many gaps of the store's mean are mixed into each category's."""
TEMPO_STRENGTH = 30.0
"""So many usual gaps are mixed into each customer's tempo over all products."""
USUAL = "usual"


@dataclass(frozen=True, slots=True)
class Replenishment:
    """`products` has the columns `REPLENISHMENT_INTERVALS`, one row per product bought again;
    `customers` has `NEXT_REPLENISHMENTS`, one row per customer and product.
    """

    products: pl.DataFrame
    customers: pl.DataFrame


def product_days(lines: pl.DataFrame, products: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return the days on which customers bought each product (columns `PRODUCT_DAYS`).

    Args:
        lines: columns `LINES`; those without a customer, a product or a kept quantity are
            left out.
        products: columns `PRODUCTS`.
        zone: the store's time zone, a name or an offset as of `Period`.

    Raises:
        ValueError: a table lacks a column or the zone is unknown.
    """
    require(lines, LINES, "lines")
    require(products, PRODUCTS, "products")
    return (
        lines.filter(
            pl.col(QUANTITY) > 0,
            pl.col(CUSTOMER_ID).is_not_null(),
            pl.col(PRODUCT_ID).is_not_null(),
        )
        .select(*SERIES, local(pl.col(PLACED_AT), zone).dt.date().alias(DAY))
        .unique()
        .join(products.select(PRODUCT_ID, CATEGORY_ID), on=PRODUCT_ID, how="left")
        .sort(*SERIES, DAY)
        .select(PRODUCT_DAYS.names())
    )


def replenishment(
    days: pl.DataFrame, last_day: date, due_days: int = 7, minimum_gaps: int = 10
) -> Replenishment:
    """Return after how long products are bought again, and when each customer will do so.

    Args:
        days: columns `PRODUCT_DAYS`; days after `last_day` are not looked at.
        last_day: the last day observed.
        due_days: the coming days that `probability` speaks of.
        minimum_gaps: a customer and product are listed when the customer has bought it again
            before, or when so many gaps of anybody are known of the product.

    A customer's own gaps are drawn toward the product's (by the customer's tempo over all
    products), those toward the category's, and those toward the store's. Dates are of those who
    buy again, as in `retention.prediction.next_order`.

    Raises:
        NotEnoughData: fewer than 30 gaps.
        ValueError: the table lacks a column.
    """
    require(days, PRODUCT_DAYS, "days")
    known = histories(until(days, last_day), SERIES)
    gaps = _gaps(known)
    model = fit_gaps(gaps)
    latest = (
        known.filter(LATEST)
        .join(
            gaps.group_by(PRODUCT_ID).len("seen"),
            on=PRODUCT_ID,
            how="left",
            maintain_order="left",
        )
        .filter((pl.col(KNOWN) > 0) | (pl.col("seen") >= minimum_gaps))
    )
    table = with_dates(_with_prior(latest, gaps), model, last_day, due_days)
    return Replenishment(_intervals(gaps, model), table.select(NEXT_REPLENISHMENTS.names()))


def predicted_gaps_of_products(days: pl.DataFrame, learned: pl.DataFrame) -> pl.DataFrame:
    """Return each gap beside its prediction at its beginning, to measure the error.

    Args:
        days: columns `PRODUCT_DAYS`.
        learned: the rows of it that store, categories, products and spread are learned from;
            each customer's own gaps are known up to the beginning of the predicted one.

    Returns:
        `customer_id`, `product_id`, `day` (that ends the gap), `gap_days`, `known_gaps` of the
        customer and product before it and `predicted` (days).
    """
    teaching = _gaps(histories(learned, SERIES))
    model = fit_gaps(teaching)
    known = _with_prior(completed(histories(days, SERIES)), teaching)
    logarithms, count, prior = (known[name].to_numpy() for name in (SUM, KNOWN, PRIOR))
    expected = model.days(location(logarithms, count, prior), count, 0.5)
    return known.select(*SERIES, DAY, GAP_DAYS, KNOWN, pl.Series(PREDICTED, expected))


def _intervals(gaps: pl.DataFrame, model: GapModel) -> pl.DataFrame:
    """Return what a customer of whom nothing is known may be expected to do with each product."""
    products = (
        gaps.group_by(PRODUCT_ID)
        .agg(
            pl.len().cast(pl.Int64).alias(COUNT),
            pl.col(CUSTOMER_ID).n_unique().cast(pl.Int64).alias(CUSTOMERS),
            pl.col(USUAL).first(),
        )
        .sort(PRODUCT_ID)
    )
    middle = products[USUAL].to_numpy()
    first = np.zeros(len(middle), dtype=np.int64)
    shares = {INTERVAL_DAYS: 0.5, LOW_DAYS: (1 - RANGE) / 2, HIGH_DAYS: (1 + RANGE) / 2}
    return products.with_columns(
        pl.Series(name, model.days(middle, first, share)) for name, share in shares.items()
    ).select(REPLENISHMENT_INTERVALS.names())


def _gaps(known: pl.DataFrame) -> pl.DataFrame:
    gaps = completed(known)
    return _with_prior(gaps, gaps)


def _with_prior(table: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """Add what is expected of a row's customer and product before they have own gaps.

    `usual` is the mean log gap of the row's product, else its category's, else the store's;
    `prior` adds how much longer or shorter the customer's gaps of all products are than usual.
    """
    store = pl.lit(gaps[LOG_GAP].mean(), dtype=pl.Float64)
    known = gaps.with_columns(store.alias("store"))
    categories = group_mean(known, CATEGORY_ID, "store", CATEGORY_STRENGTH)
    known = _joined(known, categories, CATEGORY_ID, "by_category", pl.col("store"))
    products = group_mean(known, PRODUCT_ID, "by_category", PRODUCT_STRENGTH)
    known = _joined(known, products, PRODUCT_ID, USUAL, pl.col("by_category"))
    rest = known.select(
        CUSTOMER_ID, (pl.col(LOG_GAP) - pl.col(USUAL)).alias(LOG_GAP), pl.lit(0.0).alias("none")
    )
    tempo = group_mean(rest, CUSTOMER_ID, "none", TEMPO_STRENGTH)
    table = _joined(table, categories, CATEGORY_ID, "by_category", store)
    table = _joined(table, products, PRODUCT_ID, USUAL, pl.col("by_category"))
    table = _joined(table, tempo, CUSTOMER_ID, "tempo", pl.lit(0.0))
    return table.with_columns((pl.col(USUAL) + pl.col("tempo")).alias(PRIOR))


def _joined(
    table: pl.DataFrame, means: pl.DataFrame, group: str, name: str, otherwise: pl.Expr
) -> pl.DataFrame:
    return (
        table.join(means, on=group, how="left", maintain_order="left")
        .with_columns(pl.col("mean").fill_null(otherwise).alias(name))
        .drop("mean")
    )
