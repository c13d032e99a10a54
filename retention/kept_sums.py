"""The sums of all pairs of the products most bought, which to count anew would take longest."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from retention.arrays import Cells, Integers
from retention.compiled import cores, in_threads
from retention.kernels import following, together
from retention.kernels.buyers import Bought, Window
from retention.kernels.pools import Held
from retention.kernels.sums import Sums, SumsNext
from retention.pool import Pool

MOST_BYTES = 256 << 20

MOST_BYTES_NEXT = 1 << 30

ROOM = 3 << 29
"""So many bytes are for counts of what was bought next and what is kept of orders together."""

BYTES_PER_LINE = 300
"""What everything else that is kept takes for each line of an order, nearly."""

PRODUCTS_PER_ORDER = 200
"""Looking through the sums of so many products takes as long as counting one order anew."""

PRODUCTS_PER_BUYER = 1500
"""The same for what one buyer bought before or later."""

SPARE = 1.02
"""How much longer rows are than they must be, for products to come."""

NARROW: DTypeLike = np.uint16
"""Counts of so many customers as this can tell take half the room."""


class _Rows:
    """Two tables of sums, which have a row for each product chosen and a column for every one."""

    def __init__(
        self, numbers: Integers, least: int, most_bytes: int, kinds: tuple[DTypeLike, DTypeLike]
    ) -> None:
        """Choose the products with the highest numbers, if above the least and there is room."""
        width = int(SPARE * len(numbers)) + 1
        row = width * sum(np.dtype(kind).itemsize for kind in kinds)
        chosen = np.argsort(-numbers, kind="stable")[: most_bytes // row].astype(np.int32)
        self.chosen: Cells = chosen[numbers[chosen] > least]
        self.slots = np.full(width, -1, dtype=np.int32)
        self.slots[self.chosen] = np.arange(len(self.chosen))
        self.tables: tuple[NDArray[Any], NDArray[Any]] = (
            np.zeros((len(self.chosen), width), dtype=kinds[0]),
            np.zeros((len(self.chosen), width), dtype=kinds[1]),
        )

    def lengthen(self, products: int) -> None:
        """Make room for so many products."""
        if products > len(self.slots):
            more = int(SPARE * products) + 1 - len(self.slots)
            self.slots = np.pad(self.slots, (0, more), constant_values=-1)
            first, second = self.tables
            self.tables = (
                np.pad(first, ((0, 0), (0, more))),
                np.pad(second, ((0, 0), (0, more))),
            )

    def nbytes(self) -> int:
        """How much memory this takes."""
        return self.slots.nbytes + sum(table.nbytes for table in self.tables)


class KeptSums(_Rows):
    """How often, and in what weight of orders, some products were bought with every other one."""

    def __init__(self, orders: Pool, rows: Pool, weights: Integers, products: int) -> None:
        """Choose the products in the most orders, as far as they are worth it, and sum up.

        `orders` are the orders' products, `rows` the products' orders, `weights` those of an
        order's size; there are so many `products`.
        """
        numbers = rows.sizes[:products].astype(np.int64)
        least = products // PRODUCTS_PER_ORDER
        super().__init__(numbers, least, MOST_BYTES, (np.int32, np.int64))
        held: tuple[Held, Held, Integers] = (orders.held, rows.held, weights)
        together.sum_up(self.chosen, held, *self.tables)

    @property
    def sums(self) -> Sums:
        """Where each product's sums are, if it was chosen (else -1), and the sums."""
        return self.slots, *self.tables

    def change(self, cells: Cells, weight: int, sign: int) -> None:
        """Note that an order of these products, of this weight, came (1) or went (-1)."""
        together.change_sums(self.sums, cells, weight, sign)


class KeptSumsNext(_Rows):
    """How many buyers of some products bought every other one later, and how many before."""

    def __init__(self, base: Integers, bought: Bought, window: Window, customers: int) -> None:
        """Choose the products of the most buyers (`base`), as far as worth it, and sum up.

        The more lines orders have, the less room is left.
        """
        kind = NARROW if customers <= np.iinfo(NARROW).max else np.int32
        least = len(base) // PRODUCTS_PER_BUYER
        left = max(ROOM - BYTES_PER_LINE * len(bought[0][2]), 0)
        super().__init__(base, least, min(MOST_BYTES_NEXT, left), (kind, kind))
        parts = np.linspace(0, len(self.chosen), 8 * cores() + 1).astype(int).tolist()
        in_threads(
            lambda part: following.sum_up_next(self.chosen, part, bought, window, self.sums),
            pairwise(parts),
        )

    @property
    def sums(self) -> SumsNext:
        """Where each product's sums are, if it was chosen (else -1), and the sums."""
        return self.slots, *self.tables

    def widen(self, customers: int) -> None:
        """Make room for counts of so many customers."""
        first, second = self.tables
        if customers > np.iinfo(first.dtype).max:
            self.tables = first.astype(np.int32), second.astype(np.int32)
