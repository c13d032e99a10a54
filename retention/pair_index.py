"""Pairs of products bought together, kept current order by order.

The index holds the orders, and each product's list as `retention.affinity.bought_together` would
give it. One order's change alters the base of its products, and with it the score of every pair
that they are part of; what that may reorder is found and ranked anew, and nothing else. All sums
are of whole units, so that the lists equal those of a full count, whatever has happened before.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention import pair_kernels
from retention.affinity import LONGEST_ORDER, SMALLEST_COUNT, pair_weights, pairs_table, ranking
from retention.baskets import Baskets, Cells, baskets
from retention.columns import ORDER_ID, QUANTITY
from retention.pair_counting import BestPairs, best_together, orders_of_products, weights_of_sizes
from retention.pool import Pool, longer

SPARE_PAIRS = 12
"""How many more pairs than asked for a list has room for, so that it may lose some before it must
be made anew."""


class PairIndex:
    """The orders of a store and each product's best pairs in them."""

    def __init__(self, lines: pl.DataFrame, top: int = 20) -> None:
        """Take in `lines` (columns `LINES`), as `bought_together` does."""
        orders = baskets(lines)
        identifiers = lines.filter(pl.col(QUANTITY) > 0)[ORDER_ID].unique().sort()
        self.top, self._room = top, top + SPARE_PAIRS
        self._orders = Pool(orders.starts, orders.products)
        self._order_places = {number: place for place, number in enumerate(identifiers)}
        self._free_places: list[int] = []
        self._product_places = {number: p for p, number in enumerate(orders.product_ids.tolist())}
        self._weights = weights_of_sizes(pair_weights())
        short = np.repeat(orders.sizes <= LONGEST_ORDER, orders.sizes)
        self._rows = Pool(*orders_of_products(orders.only(short)))
        self._base = orders.base
        self._product_ids = orders.product_ids
        self._make_lists(orders)

    def replace(self, order_id: int, product_ids: Collection[int] | None) -> Sequence[int]:
        """Give an order these products, or take it away (None).

        Returns the products whose lists were ranked anew: all others' are as they were.
        """
        place = self._order_places.get(order_id)
        before = self._orders.get(place).copy() if place is not None else np.empty(0, np.int32)
        after = self._places(product_ids or ())
        if product_ids is None:
            self._forget(order_id)
        else:
            place = self._keep(order_id, after)
        if place is None or np.array_equal(before, after):
            return []
        self._move(place, before, after)
        touched = np.union1d(before, after)
        self._base[before] -= 1
        self._base[after] += 1
        return self._revise(touched)

    def pairs(self, product_ids: Collection[int] | None = None) -> pl.DataFrame:
        """Return these products' best pairs, or all (columns `PAIRS`), as `bought_together`."""
        chosen = self._product_places.keys() if product_ids is None else product_ids
        places = np.array([self._product_places[number] for number in sorted(chosen)], np.int64)
        ranks = np.arange(self.top)
        listed = ranks < self._filled[places][:, None]
        cells = (places[:, None] * self._room + ranks)[listed]
        product = np.repeat(places, listed.sum(axis=1))
        best = BestPairs(product, *(column[cells] for column in self._kept))
        return pairs_table("together", best, self._base, len(self._order_places), self._product_ids)

    def _places(self, product_ids: Collection[int]) -> Cells:
        for number in product_ids:
            if number not in self._product_places:
                self._add_product(number)
        return np.unique([self._product_places[number] for number in product_ids]).astype(np.int32)

    def _add_product(self, number: int) -> None:
        place = len(self._product_places)
        self._product_places[number] = place
        self._rows.put(place, np.empty(0, dtype=np.int32))
        if place == len(self._base):
            self._base, self._product_ids = (
                longer(column, place + 1) for column in (self._base, self._product_ids)
            )
            known = ranking(self._base, self._room)
            self._base_power, self._other_power = known.base_power, known.other_power
            self._make_room()
        self._product_ids[place] = number

    def _make_lists(self, orders: Baskets) -> None:
        known = ranking(orders.base, self._room)
        best = best_together(orders, self._weights, known)
        self._base_power, self._other_power = known.base_power, known.other_power
        self._filled = np.empty(0, dtype=np.int32)
        self._kept = (best.other[:0], best.count[:0], best.score[:0])
        self._bounds = (best.score[:0], best.count[:0], best.product[:0])
        self._make_room()
        ranks = np.arange(len(best.product)) - np.searchsorted(best.product, best.product)
        cells = best.product * self._room + ranks
        others, counts, scores = self._kept
        others[cells], counts[cells], scores[cells] = best.other, best.count, best.score
        self._filled += np.bincount(best.product, minlength=len(self._filled)).astype(np.int32)
        last = cells[ranks == self._room - 1]
        full = last // self._room
        self._bounds[0][full], self._bounds[1][full] = scores[last], counts[last]
        self._bounds[2][full] = self._product_ids[others[last]]

    def _make_room(self) -> None:
        """Make the lists, and what revising needs, as long as there is place for products."""
        size = len(self._base)
        self._filled = _lengthened(self._filled, size)
        others, counts, scores = self._kept
        cells = size * self._room
        self._kept = (
            _lengthened(others, cells),
            _lengthened(counts, cells),
            _lengthened(scores, cells),
        )
        scores, counts, names = self._bounds
        self._bounds = (
            _lengthened(scores, size, -1),
            _lengthened(counts, size),
            _lengthened(names, size),
        )
        scratch = (np.zeros((size, 2), dtype=np.int64), np.empty(size, dtype=np.int32))
        self._work = (scratch, np.zeros(size, dtype=np.int8), np.empty(size, dtype=np.int32))

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
        for product in np.setdiff1d(listed, wanted):
            self._rows.remove(product, place)
        for product in np.setdiff1d(wanted, listed):
            self._rows.add(product, place)

    def _revise(self, touched: Cells) -> Sequence[int]:
        power = self._other_power[touched]
        known = ranking(self._base[touched], self._room)
        self._base_power[touched], self._other_power[touched] = known.base_power, known.other_power
        many = pair_kernels.revise(
            touched,
            np.minimum(power, known.other_power),
            (
                (self._orders.begins, self._orders.sizes, self._orders.cells),
                (self._rows.begins, self._rows.sizes, self._rows.cells),
                self._weights,
            ),
            (self._base_power, self._other_power, self._product_ids),
            (SMALLEST_COUNT, self._room, self.top),
            (self._filled, self._kept, self._bounds),
            self._work,
        )
        revised: list[int] = self._product_ids[self._work[2][:many]].tolist()
        return revised


def _lengthened(column: NDArray[Any], length: int, value: int = 0) -> NDArray[Any]:
    more = np.full(length - len(column), value, dtype=column.dtype)
    return np.concatenate([column, more])
