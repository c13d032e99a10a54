"""A store's pairs and lists of recommendations, kept current change by change.

Everything is made from all orders once. From then on an order that arrives, changes, is refunded
or goes is taken in alone, as is a product that can be bought no more, or again, and what the
merchant chooses; only the lists that it has a part in are made anew. What depends on the store as
a whole (`retention.surroundings`) stays as it was when everything was made. Apart from that, pairs
and lists are those that all orders would give, whatever has happened.
"""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from retention.columns import (
    CATEGORY_ID,
    KIND,
    LINES,
    ORDER_ID,
    OTHER_ID,
    PRODUCT_ID,
    PRODUCTS,
    RANK,
    require,
)
from retention.concerned_lists import HAD, MOVED, Assortment, concerned, differing_products
from retention.kept_table import Difference, KeptTable
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
class Changed:
    """What of the pairs (`PAIRS`) and the lists (`RECOMMENDATIONS`) is otherwise than before."""

    pairs: Difference
    recommendations: Difference


class KeptLists:
    """The orders of a store, their pairs and the lists that come of them, as of now."""

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
        self.options = options
        self.around = surroundings(lines, products)
        self._lines, self._changed = lines, lines.clear()
        self._changed_orders: set[int] = set()
        rules = self._rules(choices)
        self._has = Assortment(products, rules, rules.offer(products, self.around))
        self._together = PairIndex(lines)
        self._following = NextIndex(lines, options.next_purchase_days)
        self._pairs = KeptTable(self._pairs_of(None), PAIR_KEY)
        self._lists = KeptTable(self._listed(None), LIST_KEY)
        self.taken_in = 0
        """How many orders were taken in since everything was made."""

    @property
    def lines(self) -> pl.DataFrame:
        """The lines (`LINES`) of all orders."""
        if self._changed_orders:
            others = _without(self._lines, self._changed_orders)
            self._lines = others.merge_sorted(self._changed.sort(ORDER_ID), ORDER_ID)
            self._changed, self._changed_orders = self._changed.clear(), set()
        return self._lines

    @property
    def pairs(self) -> pl.DataFrame:
        """All pairs (`PAIRS`)."""
        return self._pairs.whole()

    @property
    def recommendations(self) -> pl.DataFrame:
        """All lists (`RECOMMENDATIONS`)."""
        return self._lists.whole()

    @property
    def products(self) -> pl.DataFrame:
        """The products (`PRODUCTS`)."""
        return self._has.products

    @property
    def rules(self) -> Rules:
        """What the merchant wants of lists."""
        return self._has.rules

    def take_in(
        self,
        order_ids: Collection[int],
        lines: pl.DataFrame,
        products: pl.DataFrame,
        choices: pl.DataFrame | None = None,
    ) -> Changed:
        """Let these orders have the lines (`LINES`) that they have now; one without is gone.

        `products` (`PRODUCTS`) and `choices` (`CHOICES`) are those of now; a product that was
        there before still is. New ones get lists too.
        Raises ValueError when a table lacks a column.
        """
        require(lines, LINES, "lines")
        require(products, PRODUCTS, "products")
        revised = self._stock(products, self._rules(choices))
        self.taken_in += len(order_ids)
        self._note(order_ids, lines)
        ordered = self._together.take_in(order_ids, lines)
        ordered |= self._following.take_in(order_ids, lines)
        of = pl.Series(sorted(ordered), dtype=pl.Int64)
        pairs = self._pairs.replace(of, self._pairs_of(of))
        wanted = pl.Series(sorted(revised | ordered), dtype=pl.Int64)
        return Changed(pairs, self._lists.replace(wanted, self._listed(wanted)))

    def nbytes(self) -> int:
        """How much memory all of this takes, nearly."""
        tables = (self._lines, self._changed, self.products)
        held = sum(int(table.estimated_size()) for table in tables)
        held += self._pairs.nbytes() + self._lists.nbytes()
        indexes = self._together.nbytes() + self._following.nbytes()
        return held + self.around.nbytes() + indexes

    def _rules(self, choices: pl.DataFrame | None) -> Rules:
        size = self.options.recommendations_per_product
        percent = self.options.largest_category_percent
        return Rules(size, checked(choices, size, percent), percent)

    def _stock(self, products: pl.DataFrame, rules: Rules) -> set[int]:
        """Have these products and choices now; returns the products whose lists to make anew."""
        before = self._has
        if products.equals(before.products) and rules.choices.equals(before.rules.choices):
            return set()
        bought = self.around.bought.orders.product_ids
        differing = differing_products(before.products, products, bought)
        moved = differing.filter(MOVED)
        if not moved.is_empty():
            categories = {*moved[CATEGORY_ID], *moved[HAD]} - {None}
            self.around = self.around.recategorized(products, categories)
        self._has = Assortment(products, rules, rules.offer(products, self.around))
        new = products.join(before.products, on=PRODUCT_ID, how="anti")[PRODUCT_ID]
        found = concerned(before, self._has, differing, self._pairs, self._lists)
        return {*new.to_list(), *found.to_list()}

    def _note(self, order_ids: Collection[int], lines: pl.DataFrame) -> None:
        """Keep the lines until all are asked for."""
        self._changed = pl.concat([_without(self._changed, order_ids), lines])
        self._changed_orders.update(order_ids)

    def _pairs_of(self, products: pl.Series | None) -> pl.DataFrame:
        return pl.concat(
            [
                self._together.pairs(products, self.around.orders),
                self._following.pairs(products, self.around.customers),
            ]
        )

    def _listed(self, wanted: pl.Series | None) -> pl.DataFrame:
        pairs = self._pairs.whole() if wanted is None else self._pairs.of(wanted)
        bases = self._together.orders_with()
        has = self._has
        return listed(pairs, bases, has.products, self.around, has.rules, wanted, has.offered)


def _without(lines: pl.DataFrame, order_ids: Collection[int]) -> pl.DataFrame:
    """Return the lines of all other orders."""
    gone = pl.Series(list(order_ids), dtype=pl.Int64)
    return lines.filter(~pl.col(ORDER_ID).is_in(gone.implode()))
