"""The Complete Journey (84.51°, 2017) as tables, at the level of categories or departments."""

from typing import Literal

import polars as pl

from bench.published.grocer import DATA, tables
from retention.columns import PRODUCTS

Level = Literal["product_category", "department"]


def lines() -> pl.DataFrame:
    """Columns `LINES`: 1,469,307 lines of 155,848 orders; the stores' own time, called UTC."""
    return tables()[0]


def products(level: Level = "product_category") -> pl.DataFrame:
    """Columns `PRODUCTS`; a product whose `level` the data leave empty has no category."""
    catalogue = pl.read_parquet(DATA / "products.parquet", columns=["product_id", level])
    return catalogue.select(
        pl.col("product_id"),
        pl.col(level).rank("dense").alias("category_id"),
        pl.lit(value=True).alias("recommendable"),
    ).cast(PRODUCTS)
