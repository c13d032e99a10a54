"""Pairs of products bought together, kept current order by order.

The index holds the orders, and each product's list as `retention.affinity.bought_together` would
give it. One order's change alters the base of its products, and with it the score of every pair
that they are part of; what that may reorder is found and ranked anew, and nothing else. All sums
are of whole units, so that the lists equal those of a full count, whatever has happened before.
"""

from collections.abc import Collection, Sequence

import numpy as np
import polars as pl

from retention.affinity import LONGEST_ORDER, pair_weights, ranking
from retention.arrays import Cells
from retention.baskets import baskets
from retention.columns import ORDER_ID, PRODUCT_ID, QUANTITY
from retention.kept_sums import KeptSums
from retention.kernels import pools, together
from retention.pair_counting import best_together, orders_of_products, weights_of_sizes
from retention.pool import Pool
from retention.ranked_lists import BYTES_PER_NAME, RankedLists


class PairIndex:
    """The orders of a store and each product's best pairs in them."""

    def __init__(self, lines: pl.DataFrame, top: int = 20) -> None:
        """Take in `lines` (columns `LINES`), as `bought_together` does."""
        orders = baskets(lines)
        orders = orders.most_bought_first(orders.base)
        identifiers = lines.filter(pl.col(QUANTITY) > 0)[ORDER_ID].unique().sort()
        self._orders = Pool(orders.starts, orders.products)
        self._order_places = {number: place for place, number in enumerate(identifiers)}
        self._free_places: list[int] = []
        self._weights = weights_of_sizes(pair_weights())
        short = np.repeat(orders.sizes <= LONGEST_ORDER, orders.sizes)
        self._rows = Pool(*orders_of_products(orders.only(short)))
        self._lists = RankedLists(orders.product_ids, orders.base, top)
        known = ranking(orders.base, self._lists.room)
        self._lists.fill(best_together(orders, self._weights, known))
        self._sums = KeptSums(self._orders, self._rows, self._weights, len(orders.product_ids))

    def replace(self, order_id: int, product_ids: Collection[int] | None) -> Sequence[int]:
        """Give an order these products, or take it away (None).

        Returns the products whose lists were ranked anew: all others' are as they were.
        """
        place = self._order_places.get(order_id)
        before = self._orders.get(place).copy() if place is not None else np.empty(0, np.int32)
        after = self._products(product_ids or ())
        if product_ids is None:
            self._forget(order_id)
        else:
            place = self._keep(order_id, after)
        if place is None or np.array_equal(before, after):
            return []
        self._move(place, before, after)
        # Sets of Python are quicker here than numpy's, for orders are short.
        touched = np.array(sorted({*before.tolist(), *after.tolist()}), dtype=np.int32)
        self._lists.count_again(before, after)
        return self._revise(touched)

    def take_in(self, order_ids: Collection[int], lines: pl.DataFrame) -> set[int]:
        """Let these orders have the lines (`LINES`) that they have now; one without is gone.

        Returns the products whose lists were ranked anew.
        """
        kept = lines.filter(pl.col(QUANTITY) > 0).group_by(ORDER_ID).agg(PRODUCT_ID)
        held = dict(kept.iter_rows())
        revised: set[int] = set()
        for number in order_ids:
            products = held.get(number)
            known = None if products is None else [one for one in products if one is not None]
            revised.update(self.replace(number, known))
        return revised

    def pairs(
        self, product_ids: Collection[int] | None = None, total: int | None = None
    ) -> pl.DataFrame:
        """Return these products' best pairs, or all (columns `PAIRS`), as `bought_together`."""
        orders = len(self._order_places) if total is None else total
        return self._lists.pairs("together", product_ids, orders)

    def orders_with(self) -> pl.DataFrame:
        """Return product_id and in how many orders it is (`base`), where that is any."""
        return self._lists.bases()

    def nbytes(self) -> int:
        """How much memory this takes, nearly."""
        orders = self._orders.nbytes + BYTES_PER_NAME * len(self._order_places)
        return self._lists.nbytes() + self._rows.nbytes + orders + self._sums.nbytes()

    def _products(self, product_ids: Collection[int]) -> Cells:
        places = self._lists.places(product_ids)
        self._rows.lengthen(self._lists.count())
        self._sums.lengthen(self._lists.count())
        return places

    def _keep(self, order_id: int, cells: Cells) -> int:
        place = self._order_places.get(order_id)
        if place is None:
            place = self._free_places.pop() if self._free_places else len(self._order_places)
            self._order_places[order_id] = place
        self._orders.put(place, cells)
        return place

    def _forget(self, order_id: int) -> None:
        place = self._order_places.pop(order_id, None)
        if place is not None:
            self._orders.put(place, np.empty(0, np.int32))
            self._free_places.append(place)

    def _move(self, place: int, before: Cells, after: Cells) -> None:
        """Enter the order in the rows of the products that it has now."""
        listed, wanted = (
            cells if len(cells) <= LONGEST_ORDER else cells[:0] for cells in (before, after)
        )
        self._rows.remove(pools.without(listed, wanted), place)
        self._rows.add(pools.without(wanted, listed), place)
        self._sums.change(listed, self._weight(listed), -1)
        self._sums.change(wanted, self._weight(wanted), 1)

    def _weight(self, cells: Cells) -> int:
        return int(self._weights[len(cells)])

    def _revise(self, touched: Cells) -> Sequence[int]:
        least_power = self._lists.rank_again(touched)
        many = together.revise(
            touched,
            least_power,
            (
                self._orders.held,
                self._rows.held,
                self._weights,
                self._sums.sums,
            ),
            self._lists.measure,
            self._lists.limits,
            self._lists.lists,
            self._lists.work,
        )
        return self._lists.revised(many)
