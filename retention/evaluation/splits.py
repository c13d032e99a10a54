"""Purchases cut in time: what is learned from, what is tuned on and what is judged by."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

import numpy as np
import polars as pl

from retention.columns import CUSTOMER_ID, LINES, ORDER_ID, PLACED_AT, require
from retention.prediction.evidence import require_evidence

VALIDATION_SHARE = 0.1
TEST_SHARE = 0.2
SMALLEST_SPLIT = 50
"""Of fewer orders no part would say anything."""


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Orders (columns `LINES`) before, between and from two moments, each order whole.

    Models are tuned by learning from `train` and predicting `validation`. They are judged once,
    by learning from `known`, which is both together, and predicting `test`.
    """

    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame
    validation_from: datetime
    test_from: datetime

    @property
    def known(self) -> pl.DataFrame:
        """All that came before the test."""
        return pl.concat([self.train, self.validation])

    @property
    def period(self) -> tuple[datetime, datetime]:
        """The moments of the first and of the last line of all."""
        moments = pl.concat([self.train, self.validation, self.test])[PLACED_AT]
        return cast("datetime", moments.min()), cast("datetime", moments.max())


def split_in_time(
    lines: pl.DataFrame,
    validation_share: float = VALIDATION_SHARE,
    test_share: float = TEST_SHARE,
) -> TimeSplit:
    """Return `lines` (`LINES`) cut so that the last `test_share` of the orders are the test.

    The `validation_share` before them is for tuning. An order's moment is that of its first
    line; orders of one moment stay together, so that no part knows what came at the same time.
    Raises ValueError when a column is missing or a share is not between 0 and 1, NotEnoughData
    below 50 orders, or when all came at one moment, so that nothing is known before the test.
    """
    require(lines, LINES, "lines")
    for name, share in (("validation_share", validation_share), ("test_share", test_share)):
        if not 0 < share < 1 or validation_share + test_share >= 1:
            raise ValueError(f"{name} is {share}; give shares that leave something to learn from")
    placed = lines.group_by(ORDER_ID).agg(pl.col(PLACED_AT).min())
    require_evidence("orders", placed.height, SMALLEST_SPLIT)
    moments = placed[PLACED_AT].sort()
    test_from = moments[int(placed.height * (1 - test_share))]
    require_evidence("orders before those that are judged", int((moments < test_from).sum()), 1)
    validation_from = moments[int(placed.height * (1 - test_share - validation_share))]
    dated = lines.with_columns(pl.col(PLACED_AT).min().over(ORDER_ID).alias("moment"))
    after, last = pl.col("moment") >= validation_from, pl.col("moment") >= test_from
    return TimeSplit(
        train=dated.filter(~after).drop("moment"),
        validation=dated.filter(after & ~last).drop("moment"),
        test=dated.filter(last).drop("moment"),
        validation_from=validation_from,
        test_from=test_from,
    )


def sample_by_customers(lines: pl.DataFrame, orders: int, seed: int = 1) -> pl.DataFrame:
    """Return the lines of customers drawn at random until about `orders` orders are there.

    A small store is one of fewer customers, not of fewer orders from each. The draw is the same
    for the same seed. Lines without a customer are left out.
    """
    sizes = (
        lines.drop_nulls(CUSTOMER_ID)
        .group_by(CUSTOMER_ID)
        .agg(pl.col(ORDER_ID).n_unique().alias("orders"))
        .sort(CUSTOMER_ID)
    )
    drawn = sizes[np.random.default_rng(seed).permutation(sizes.height)]
    chosen = drawn.filter(pl.col("orders").cum_sum().shift(1, fill_value=0) < orders)
    return lines.join(chosen.select(CUSTOMER_ID), on=CUSTOMER_ID, how="semi")
