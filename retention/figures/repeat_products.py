"""How often each product is bought again by a customer who had it before."""

import polars as pl

from retention.columns import CUSTOMER_ID, PRODUCT_ID, SEQUENCE
from retention.figures.catalogue import breakdown
from retention.figures.figure import Breakdown
from retention.figures.history import inside
from retention.figures.period import Period
from retention.figures.shares import with_share

MOST_ROWS = 1000
"""A list longer than this is read by nobody."""


def repeat_orders(items: pl.DataFrame, period: Period, minimum: int = 30) -> Breakdown:
    """Return for each product how many orders of the period were repeat orders of it.

    `items` has the columns `ITEMS`. A repeat order holds a product that its customer had bought
    in an earlier order, inside the period or before. Columns: product_id, orders, customers,
    `repeat_orders`, `repeat_customers` (who made one), `share` of the customers who did, with
    its Wilson interval, and `enough` (at least `minimum` customers). The 1,000 products
    with most repeat orders, these first.
    """
    known = items.drop_nulls(PRODUCT_ID)
    first = known.group_by(CUSTOMER_ID, PRODUCT_ID).agg(pl.col(SEQUENCE).min().alias("first"))
    again = pl.col(SEQUENCE) > pl.col("first")
    # A customer has one row per order of a product; those of one customer are counted first, so
    # that nothing has to be made unique.
    of_customers = (
        inside(known, period)
        .join(first, on=[CUSTOMER_ID, PRODUCT_ID])
        .group_by(PRODUCT_ID, CUSTOMER_ID)
        .agg(pl.len().cast(pl.Int64).alias("orders"), again.sum().cast(pl.Int64).alias("again"))
    )
    counted = (
        of_customers.group_by(PRODUCT_ID)
        .agg(
            pl.col("orders").sum(),
            pl.len().cast(pl.Int64).alias("customers"),
            pl.col("again").sum().alias("repeat_orders"),
            (pl.col("again") > 0).sum().cast(pl.Int64).alias("repeat_customers"),
        )
        .sort("repeat_orders", "orders", PRODUCT_ID, descending=[True, True, False])
    )
    return breakdown(
        "repeat_orders",
        period,
        int(counted["orders"].sum()),
        with_share(counted.head(MOST_ROWS), "repeat_customers", "customers", minimum),
    )
