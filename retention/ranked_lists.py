"""Each product's best pairs, in lists that compiled code keeps in order."""

from collections.abc import Collection, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention.affinity import SMALLEST_COUNT, pairs_table, ranking
from retention.arrays import Cells, Integers
from retention.columns import BASE, PRODUCT_ID
from retention.kernels.lists import Lists, bind
from retention.kernels.ranking import Measure
from retention.kernels.waiting import Work
from retention.pair_counting import BestPairs
from retention.pool import longer

BYTES_PER_NAME = 150
"""What a number in a dictionary and its place take together, nearly."""

SPARE_PAIRS = 12
"""How many more pairs than asked for a list has room for, so that it may lose some before it must
be made anew."""


class RankedLists:
    """Products, how many orders or buyers each has, and its list of pairs.

    A product is told by its place; `base` is by places. Lists have room for `room` pairs, of
    which `top` are shown.
    """

    def __init__(self, product_ids: Integers, base: Integers, top: int) -> None:
        self.top, self.room = top, top + SPARE_PAIRS
        self._places = {number: place for place, number in enumerate(product_ids.tolist())}
        self.base, self._product_ids = base.astype(np.int64), product_ids
        none = np.empty(0, dtype=np.int64)
        self._filled = np.empty(0, dtype=np.int32)
        self._kept = (np.empty(0, dtype=np.int32), none, np.empty(0))
        self._bounds = (np.empty(0), none, none, np.empty(0))
        self._rank_all()

    def fill(self, best: BestPairs) -> None:
        """Let the lists be these pairs, the `room` best of each product."""
        ranks = np.arange(len(best.product)) - np.searchsorted(best.product, best.product)
        cells = best.product * self.room + ranks
        others, counts, scores = self._kept
        others[cells], counts[cells], scores[cells] = best.other, best.count, best.score
        self._filled += np.bincount(best.product, minlength=len(self._filled)).astype(np.int32)
        bind(cells[ranks == self.room - 1], self.room, self.measure, self.lists)

    def places(self, product_ids: Collection[int]) -> Cells:
        """Return the places of these products, rising; products never seen get new ones."""
        for number in product_ids:
            if number not in self._places:
                self._add(number)
        return np.array(sorted({self._places[number] for number in product_ids}), dtype=np.int32)

    def count(self) -> int:
        """How many products there are."""
        return len(self._places)

    def count_again(self, gone: Cells, come: Cells) -> None:
        """Note that each of these products is in one order, or has one buyer, less or more."""
        self.base[gone] -= 1
        self.base[come] += 1

    def rank_again(self, touched: Cells) -> NDArray[np.float64]:
        """Let scores follow the present bases of these products.

        Returns the smaller of each one's power as the other product, before and now.
        """
        before = self._other_power[touched]
        known = ranking(self.base[touched], self.room)
        self._base_power[touched], self._other_power[touched] = known.base_power, known.other_power
        return np.minimum(before, known.other_power)

    @property
    def measure(self) -> Measure:
        """What scores are made of."""
        return self._base_power, self._other_power, self._product_ids

    @property
    def limits(self) -> tuple[int, int, int]:
        """The smallest count, how many pairs a list has room for and how many are shown."""
        return SMALLEST_COUNT, self.room, self.top

    @property
    def lists(self) -> Lists:
        """The lists."""
        return self._filled, self._kept, self._bounds

    @property
    def work(self) -> Work:
        """Room that revising needs."""
        return self._work

    def revised(self, many: int) -> Sequence[int]:
        """Return the products of the lists that the last revision changed."""
        found: list[int] = self._product_ids[self._work[2][:many]].tolist()
        return found

    def pairs(
        self,
        kind: Literal["together", "next"],
        product_ids: Collection[int] | None,
        total: int,
    ) -> pl.DataFrame:
        """Return these products' best pairs, or all, of all `total` orders or customers."""
        chosen = self._places.keys() if product_ids is None else product_ids
        known = sorted(number for number in chosen if number in self._places)
        places = np.array([self._places[number] for number in known], np.int64)
        ranks = np.arange(self.top)
        listed = ranks < self._filled[places][:, None]
        cells = (places[:, None] * self.room + ranks)[listed]
        product = np.repeat(places, listed.sum(axis=1))
        best = BestPairs(product, *(column[cells] for column in self._kept))
        return pairs_table(kind, best, self.base, total, self._product_ids)

    def bases(self) -> pl.DataFrame:
        """Return product_id and its `base`, where that is any."""
        size = self.count()
        bases = pl.DataFrame({PRODUCT_ID: self._product_ids[:size], BASE: self.base[:size]})
        return bases.filter(pl.col(BASE) > 0)

    def nbytes(self) -> int:
        """How much memory this takes, nearly."""
        arrays = (self._filled, *self._kept, *self._bounds, self.base, self._product_ids)
        return sum(array.nbytes for array in arrays) + BYTES_PER_NAME * self.count()

    def _add(self, number: int) -> None:
        place = self.count()
        self._places[number] = place
        if place == len(self.base):
            self.base, self._product_ids = (
                longer(column, place + 1) for column in (self.base, self._product_ids)
            )
            self._rank_all()
        self._product_ids[place] = number

    def _rank_all(self) -> None:
        """Make everything as long as there is place for products."""
        known = ranking(self.base, self.room)
        self._base_power, self._other_power = known.base_power, known.other_power
        size = len(self.base)
        self._filled = _lengthened(self._filled, size)
        others, counts, scores = self._kept
        cells = size * self.room
        self._kept = (
            _lengthened(others, cells),
            _lengthened(counts, cells),
            _lengthened(scores, cells),
        )
        scores, counts, names, needs = self._bounds
        self._bounds = (
            _lengthened(scores, size, -1),
            _lengthened(counts, size),
            _lengthened(names, size),
            _lengthened(needs, size, -1),
        )
        scratch = (
            np.zeros(size, dtype=np.int32),
            np.zeros(size, dtype=np.int64),
            np.empty(size + 1, dtype=np.int32),
        )
        self._work = (scratch, np.zeros(size, dtype=np.int8), np.empty(size, dtype=np.int32))


def _lengthened(column: NDArray[Any], length: int, value: int = 0) -> NDArray[Any]:
    more = np.full(length - len(column), value, dtype=column.dtype)
    return np.concatenate([column, more])
