"""What figures come from, told in a few letters: equal ones need no computing anew."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version

import polars as pl

from retention.columns import CATEGORY_ID, ORDER_ID, PLACED_AT, PRODUCT_ID, TIME
from retention.figures.catalogue import catalogue
from retention.figures.columns import FIRST_DAY, REVIEWED_AT
from retention.figures.history import Tables
from retention.figures.period import Period

HASH = "hash"


@dataclass(frozen=True)
class Fingerprints:
    """Digests of a store's tables up to moments; the rows are hashed only once."""

    tables: Tables

    def of_lines(self, until: datetime, told: str) -> str:
        """A digest of the lines before that moment, their products' categories, and of `told`.

        It holds the figures' definitions and the versions of what computes them too.
        """
        placed = self.tables.lines[PLACED_AT] < until
        seen = self.tables.lines.filter(placed)
        categories = self.tables.products.select(PRODUCT_ID, CATEGORY_ID).join(
            seen.select(PRODUCT_ID).unique(), on=PRODUCT_ID, how="semi"
        )
        parts = (
            told,
            json.dumps(catalogue(), sort_keys=True),
            version("bazgasht"),
            pl.__version__,
            str((seen.height, self._lines.filter(placed).bitwise_xor())),
            str(categories.hash_rows(seed=1).bitwise_xor()),
        )
        return sha256("\n".join(parts).encode()).hexdigest()

    def of_all(self, period: Period, told: str) -> str:
        """The same up to the period's end, with coupons, sources, gifts, reviews and costs."""
        beside = self._beside.filter(pl.col(PLACED_AT) < period.end)[HASH]
        costs = self.tables.costs
        spent = () if costs is None else costs.filter(pl.col(FIRST_DAY) <= period.last_day).rows()
        more = repr((self.tables.unknown(), beside.len(), beside.bitwise_xor(), spent))
        return self.of_lines(period.end, f"{told}\n{more}")

    @cached_property
    def _lines(self) -> pl.Series:
        return self.tables.lines.hash_rows(seed=1)

    @cached_property
    def _beside(self) -> pl.DataFrame:
        """Time and hash of each row that orders and reviews have beside lines."""
        orders = self.tables.lines.group_by(ORDER_ID).agg(pl.col(PLACED_AT).first())
        tables = (self.tables.coupons, self.tables.sources, self.tables.given)
        parts = [
            _hashed(table, seed).join(orders, on=ORDER_ID).select(PLACED_AT, HASH)
            for seed, table in enumerate(tables)
            if table is not None
        ]
        if self.tables.reviews is not None:
            reviews = _hashed(self.tables.reviews, len(tables))
            parts.append(reviews.select(pl.col(REVIEWED_AT).alias(PLACED_AT), HASH))
        schema = {PLACED_AT: TIME, HASH: pl.UInt64()}
        return pl.concat([pl.DataFrame(schema=schema), *parts])


def _hashed(table: pl.DataFrame, seed: int) -> pl.DataFrame:
    return table.with_columns(table.hash_rows(seed=seed).alias(HASH))
