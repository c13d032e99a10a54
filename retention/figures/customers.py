"""Who bought in a period."""

import polars as pl

from retention.columns import CUSTOMER_ID, MONEY, NET, SEQUENCE
from retention.figures.history import inside
from retention.figures.period import Period

ORDERS = "orders"
REPEATED = "repeated"
RETURNING = "returning"
NEW = "new"


def customers_in(purchases: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Return one row per customer with a purchase (`PURCHASES`) in the period.

    Columns: customer_id; orders and net in the period; `repeated`, two or more orders inside;
    `returning`, an order inside with any earlier one, inside or before; `new`, whether the very
    first purchase is inside.
    """
    return (
        inside(purchases, period)
        .group_by(CUSTOMER_ID)
        .agg(
            pl.len().cast(pl.Int64).alias(ORDERS),
            pl.col(NET).sum().cast(MONEY),
            pl.col(SEQUENCE).min().alias("from"),
            pl.col(SEQUENCE).max().alias("to"),
        )
        .select(
            CUSTOMER_ID,
            ORDERS,
            NET,
            (pl.col(ORDERS) >= 2).alias(REPEATED),
            (pl.col("to") >= 2).alias(RETURNING),
            (pl.col("from") == 1).alias(NEW),
        )
    )
