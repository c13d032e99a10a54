"""Purchases of the 2,357 customers of CDNOW who first bought in the first quarter of 1997.

The file is `CDNOW_sample.txt` of the package `lifetimes` 0.11.3 (MIT licence), customers numbered
from 1, without the quantity. Source of the data: P. S. Fader and B. G. S. Hardie, "Forecasting
repeat sales at CDNOW: a case study", Interfaces 31 (2001), S94-S107.
"""

from datetime import date
from pathlib import Path

import polars as pl

from retention.columns import MONEY
from retention.prediction.columns import PURCHASE_DAYS

LAST_DAY = date(1997, 9, 30)
"""The end of the 39 weeks that the published models were fitted to."""


def purchase_days() -> pl.DataFrame:
    """Columns `PURCHASE_DAYS`, to 30 June 1998; everything is of one category."""
    read = pl.read_csv(
        Path(__file__).with_name("cdnow_sample.csv"),
        schema={"customer": pl.Int64, "day": pl.Date, "amount": pl.Decimal(20, 4)},
    )
    return (
        read.group_by(pl.col("customer").alias("customer_id"), "day")
        .agg(pl.lit(1, dtype=pl.Int64).alias("category_id"), pl.col("amount").sum().alias("net"))
        .cast({"net": MONEY})
        .sort("customer_id", "day")
        .select(PURCHASE_DAYS.names())
    )
