"""Shares in tables, with their intervals."""

import polars as pl

from retention.columns import ENOUGH, HIGH, LOW, SHARE
from retention.intervals import wilson


def with_share(table: pl.DataFrame, count: str, base: str, minimum: int) -> pl.DataFrame:
    """Add `share` = count / base with its Wilson interval `low` to `high`, and `enough`.

    The share is null where the base is 0; `enough` says that the base reaches `minimum`.
    """
    low, high = wilson(table[count].to_numpy(), table[base].to_numpy())
    return table.with_columns(
        pl.when(pl.col(base) > 0).then(pl.col(count) / pl.col(base)).alias(SHARE),
        pl.Series(LOW, low, dtype=pl.Float64),
        pl.Series(HIGH, high, dtype=pl.Float64),
        (pl.col(base) >= max(1, minimum)).alias(ENOUGH),
    )
