"""The counts of what was bought next of the products most bought, as far as there is room.

Counted anew, they would take longest. A product has a row of counts, and one that two customers
bought a column in every row: a pair that one customer makes is in no list.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

from retention.affinity import SMALLEST_COUNT
from retention.arrays import Cells, Integers
from retention.compiled import cores, in_threads
from retention.kernels import next_sums
from retention.kernels.buyers import Bought, Stamps, Window
from retention.kernels.next_sums import NO_ROW, NextSums, Table
from retention.kernels.sums import Scratch

MOST_BYTES = 1 << 30

ROOM = 3 << 29
"""So many bytes are for counts of what was bought next and what is kept of orders together."""

BYTES_PER_LINE = 300
"""What everything else that is kept takes for each line of an order, nearly."""

COLUMNS_PER_BUYER = 2000
"""A product has a row if one more customer bought it for so many columns: to count anew what fewer
bought takes little longer than to look through a row, and no room."""

SPARE = 1.05
"""How many times more columns there are than needed, for products that get a second buyer."""

SHORT: DTypeLike = np.uint8
MOST_IN_SHORT = 200
"""Of products that so many bought, counts take one byte; there is room for some buyers more."""

LONG: DTypeLike = np.uint16
"""What the others' counts take, as long as that is enough."""


class KeptNextSums:
    """How many buyers of some products bought other ones later, and how many had before."""

    def __init__(self, base: Integers, bought: Bought, window: Window) -> None:
        """Choose the products of the most buyers (`base`, falling), as far as worth it, and sum up.

        The more lines orders have, the less room is left.
        """
        often = int((base >= SMALLEST_COUNT).sum())
        width = int(SPARE * often) + 1
        self._columns = np.full(len(base), -1, dtype=np.int32)
        self._columns[:often] = np.arange(often)
        self._products = np.arange(width, dtype=np.int32)
        self._products[often:] = 0
        self._used = self._first = often
        left = min(MOST_BYTES, max(ROOM - BYTES_PER_LINE * len(bought[0][2]), 0))
        short, long = _chosen(base[:often], left, width)
        self._rows = np.full(len(base), NO_ROW, dtype=np.int32)
        self._rows[short], self._rows[long] = np.arange(len(short)), -2 - np.arange(len(long))
        self._short = self._summed(short, SHORT, bought, window)
        self._long = self._summed(long, _kind_of(base), bought, window)

    @property
    def sums(self) -> NextSums:
        """Where each product's counts are, and the counts."""
        places = (self._rows, self._columns, self._products, self._first)
        return places, self._short, self._long

    def lengthen(self, products: int) -> None:
        """Let there be so many products."""
        more = products - len(self._rows)
        if more > 0:
            more += products // 8
            self._rows = np.pad(self._rows, (0, more), constant_values=NO_ROW)
            self._columns = np.pad(self._columns, (0, more), constant_values=-1)

    def outgrow(self, products: Cells, base: Integers) -> None:
        """Before some products have other pairs: let their counts have room for all buyers."""
        for product in products[base[products] > MOST_IN_SHORT]:
            row = self._rows[product]
            if row >= 0 and base[product] > np.iinfo(SHORT).max:
                self._rows[product] = NO_ROW
            elif row < NO_ROW and base[product] > np.iinfo(self._long[0].dtype).max:
                self._long = self._long[0].astype(np.int32), self._long[1].astype(np.int32)

    def add_columns(
        self,
        products: Cells,
        base: Integers,
        counted: tuple[Bought, Window, Stamps],
        scratch: Scratch,
    ) -> None:
        """After some products have other pairs: let those that two bought have a column."""
        bought, window, stamps = counted
        new = products[(self._columns[products] < 0) & (base[products] >= SMALLEST_COUNT)]
        for product in new.tolist():
            if self._used == len(self._products):
                self._widen()
            self._columns[product], self._products[self._used] = self._used, product
            self._used += 1
            next_sums.fill_column(product, self.sums, bought, window, scratch, stamps)

    def nbytes(self) -> int:
        """How much memory this takes."""
        places = (self._rows, self._columns, self._products)
        return sum(array.nbytes for array in (*places, *self._short, *self._long))

    def _summed(self, chosen: Cells, kind: DTypeLike, bought: Bought, window: Window) -> Table:
        shape = (len(chosen), len(self._products))
        table = np.zeros(shape, dtype=kind), np.zeros(shape, dtype=kind)
        parts = np.linspace(0, len(chosen), 8 * cores() + 1).astype(int).tolist()
        in_threads(
            lambda part: next_sums.sum_up_next(chosen, part, bought, window, self._columns, table),
            pairwise(parts),
        )
        return table

    def _widen(self) -> None:
        more = ((0, 0), (0, len(self._products) // 20 + 1))
        self._products = np.pad(self._products, more[1])
        self._short, self._long = (
            (np.pad(later, more), np.pad(earlier, more))
            for later, earlier in (self._short, self._long)
        )


def _kind_of(base: Integers) -> DTypeLike:
    """What counts of so many buyers need, with room for a tenth more."""
    return LONG if 1.1 * base.max(initial=0) <= np.iinfo(LONG).max else np.int32


def _chosen(base: Integers, left: int, width: int) -> tuple[Cells, Cells]:
    """Return which products have short rows and which long ones; the most bought come first."""
    worth = np.flatnonzero(base > width // COLUMNS_PER_BUYER).astype(np.int32)
    is_long = base[worth] > MOST_IN_SHORT
    sizes = np.where(is_long, np.dtype(_kind_of(base)).itemsize, np.dtype(SHORT).itemsize)
    fits = np.cumsum(2 * width * sizes) <= left
    return worth[fits & ~is_long], worth[fits & is_long]
