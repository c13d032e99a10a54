"""A store's pairs and lists of recommendations, kept current order by order.

Everything is made from all orders once. From then on an order that arrives, changes, is refunded
or goes is taken in alone, and only the lists that it has a part in are made anew. What depends on
the store as a whole (`retention.surroundings`) stays as it was when everything was made. Apart
from that, pairs and lists are those that all orders would give, whatever has happened.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from retention.columns import (
    KIND,
    LINES,
    ORDER_ID,
    OTHER_ID,
    PRODUCT_ID,
    PRODUCTS,
    RANK,
    require,
)
from retention.listing import checked
from retention.next_index import NextIndex
from retention.pair_index import PairIndex
from retention.recommend import Rules, listed
from retention.surroundings import surroundings

PAIR_KEY = (KIND, PRODUCT_ID, OTHER_ID)
LIST_KEY = (PRODUCT_ID, RANK)


@dataclass(frozen=True, slots=True)
class Options:
    """What a merchant may set about lists: days, products in a list, percent of a list."""

    next_purchase_days: int
    recommendations_per_product: int
    largest_category_percent: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows of a table to put in the place of those with the same key, and keys of rows to drop."""

    put: pl.DataFrame
    drop: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether the table stays as it is."""
        return self.put.is_empty() and self.drop.is_empty()


@dataclass(frozen=True, slots=True)
class Changed:
    """What of the pairs (`PAIRS`) and the lists (`RECOMMENDATIONS`) is otherwise than before."""

    pairs: Difference
    recommendations: Difference


class KeptLists:
    """The orders of a store, their pairs and the lists that come of them.

    `lines` (`LINES`), `pairs` (`PAIRS`) and `recommendations` (`RECOMMENDATIONS`) are as of now.
    """

    def __init__(
        self,
        lines: pl.DataFrame,
        products: pl.DataFrame,
        options: Options,
        choices: pl.DataFrame | None = None,
    ) -> None:
        """Make everything from `lines` (`LINES`), `products` (`PRODUCTS`) and `CHOICES`.

        Raises ValueError when a table lacks a column or an option is out of its range.
        """
        require(lines, LINES, "lines")
        require(products, PRODUCTS, "products")
        size, percent = options.recommendations_per_product, options.largest_category_percent
        self.lines, self.products, self.options = lines, products, options
        self.rules = Rules(size, checked(choices, size, percent), percent)
        self.around = surroundings(lines, products)
        self._together = PairIndex(lines)
        self._following = NextIndex(lines, options.next_purchase_days)
        self.pairs = self._pairs_of(None)
        self.recommendations = self._listed(None)
        self.taken_in = 0
        """How many orders were taken in since everything was made."""

    def take_in(
        self, order_ids: Collection[int], lines: pl.DataFrame, products: pl.DataFrame
    ) -> Changed:
        """Let these orders have the lines (`LINES`) that they have now; one without is gone.

        `products` (`PRODUCTS`) are those of before and new ones, which get lists too.
        Raises ValueError when a table lacks a column.
        """
        require(lines, LINES, "lines")
        require(products, PRODUCTS, "products")
        new = products.join(self.products, on=PRODUCT_ID, how="anti")[PRODUCT_ID].to_list()
        self.products = products
        self.taken_in += len(order_ids)
        changed = pl.Series(list(order_ids), dtype=pl.Int64)
        others = self.lines.filter(~pl.col(ORDER_ID).is_in(changed.implode()))
        self.lines = others.merge_sorted(lines.sort(ORDER_ID), ORDER_ID)
        together = self._together.take_in(order_ids, lines)
        following = self._following.take_in(order_ids, lines)
        revised = pl.Series(sorted(together.union(following, new)), dtype=pl.Int64)
        found = self._pairs_of(revised)
        self.pairs, pairs = _with(self.pairs, found, revised, PAIR_KEY)
        lists = self._listed(revised)
        self.recommendations, recommended = _with(self.recommendations, lists, revised, LIST_KEY)
        return Changed(pairs, recommended)

    def nbytes(self) -> int:
        """How much memory all of this takes, nearly."""
        tables = (self.lines, self.products, self.pairs, self.recommendations)
        held = sum(int(table.estimated_size()) for table in tables)
        indexes = self._together.nbytes() + self._following.nbytes()
        return held + self.around.nbytes() + indexes

    def _pairs_of(self, products: pl.Series | None) -> pl.DataFrame:
        return pl.concat(
            [
                self._together.pairs(products, self.around.orders),
                self._following.pairs(products, self.around.customers),
            ]
        )

    def _listed(self, wanted: pl.Series | None) -> pl.DataFrame:
        pairs = self.pairs
        if wanted is not None:
            pairs = pairs.filter(pl.col(PRODUCT_ID).is_in(wanted.implode()))
        return listed(
            pairs, self._together.orders_with(), self.products, self.around, self.rules, wanted
        )


def _with(
    before: pl.DataFrame, found: pl.DataFrame, of: pl.Series, key: Sequence[str]
) -> tuple[pl.DataFrame, Difference]:
    """Return a table with the rows of these products replaced, and what differs in it now."""
    theirs = pl.col(PRODUCT_ID).is_in(of.implode())
    replaced = before.filter(theirs)
    difference = Difference(
        put=found.join(replaced, on=found.columns, how="anti"),
        drop=replaced.join(found, on=key, how="anti").select(key),
    )
    return pl.concat([before.filter(~theirs), found], rechunk=True), difference
