"""A table with some rows for each product, of which single products' rows are replaced."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention.arrays import Integers
from retention.columns import OTHER_ID, PRODUCT_ID

MOST_REPLACED = 0.1
"""The table is written anew when so great a share of its rows were replaced since."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows of a table to put in the place of those with the same key, and keys of rows to drop."""

    put: pl.DataFrame
    drop: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether the table stays as it is."""
        return self.put.is_empty() and self.drop.is_empty()


class KeptTable:
    """A table's rows, told apart by the columns of its `key`.

    Most rows lie sorted by product and are found by searching; those of products whose rows were
    replaced lie apart, in a table that stays small.
    """

    def __init__(self, rows: pl.DataFrame, key: Sequence[str]) -> None:
        self.key = key
        self._rows, self._recent, self._holds = _sorted(rows)

    def whole(self) -> pl.DataFrame:
        """All rows."""
        if not self._recent.is_empty() or not self._holds.all():
            rows = pl.concat([self._rows.filter(self._holds), self._recent])
            self._rows, self._recent, self._holds = _sorted(rows)
        return self._rows

    def of(self, products: pl.Series) -> pl.DataFrame:
        """The rows of these products, each named once."""
        rows = self._places(products.to_numpy())
        recent = self._recent.filter(pl.col(PRODUCT_ID).is_in(products.implode()))
        return pl.concat([self._rows[rows[self._holds[rows]]], recent])

    def replace(self, products: pl.Series, rows: pl.DataFrame) -> Difference:
        """Let these products have these rows; returns what differs."""
        replaced = self.of(products)
        self._holds[self._places(products.to_numpy())] = False
        theirs = pl.col(PRODUCT_ID).is_in(products.implode())
        self._recent = pl.concat([self._recent.filter(~theirs), rows])
        if self._recent.height > MOST_REPLACED * self._rows.height:
            self.whole()
        return Difference(
            put=rows.join(replaced, on=rows.columns, how="anti"),
            drop=replaced.join(rows, on=self.key, how="anti").select(self.key),
        )

    def products_with(self, others: Integers) -> pl.Series:
        """Products with a row in which one of these is the other product."""
        named = pl.col(OTHER_ID).is_in(pl.Series(others, dtype=pl.Int64).implode())
        main = self._rows.lazy().filter(named, pl.Series(self._holds)).select(PRODUCT_ID)
        recent = self._recent.lazy().filter(named).select(PRODUCT_ID)
        found: pl.Series = pl.concat([main, recent]).unique().collect()[PRODUCT_ID]
        return found

    def nbytes(self) -> int:
        """How much memory this takes, nearly."""
        tables = int(self._rows.estimated_size()) + int(self._recent.estimated_size())
        return tables + self._holds.nbytes

    def _places(self, products: NDArray[np.int64]) -> Integers:
        """Where the rows of these products are among most rows."""
        column = self._rows[PRODUCT_ID].to_numpy()
        begins = np.searchsorted(column, products, "left")
        sizes = np.searchsorted(column, products, "right") - begins
        ends = np.cumsum(sizes)
        first = np.repeat(begins - ends + sizes, sizes)
        places: Integers = first + np.arange(len(first))
        return places


def _sorted(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, NDArray[np.bool_]]:
    """Return rows by product, a table for recent ones, and which of the former hold: all."""
    sequence = rows.sort(PRODUCT_ID, maintain_order=True).rechunk()
    return sequence, rows.clear(), np.ones(rows.height, dtype=np.bool_)
