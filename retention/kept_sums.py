"""The sums of all pairs of the products most bought, which to count anew would take longest."""

import numpy as np

from retention.arrays import Cells, Integers
from retention.kernels import together
from retention.kernels.sums import Sums
from retention.pool import Pool

MOST_BYTES = 256 << 20

PRODUCTS_PER_ORDER = 200
"""Looking through the sums of so many products takes as long as counting one order anew."""

SPARE = 1.02
"""How much longer rows are than they must be, for products to come."""


class KeptSums:
    """How often, and in what weight of orders, some products were bought with every other one.

    `tables` have a row for each product chosen and a column for every one.
    """

    def __init__(self, orders: Pool, rows: Pool, weights: Integers, products: int) -> None:
        """Choose the products in the most orders, as far as they are worth it, and sum up.

        `orders` are the orders' products, `rows` the products' orders, `weights` those of an
        order's size; there are so many `products`.
        """
        numbers = rows.sizes[:products].astype(np.int64)
        width = int(SPARE * products) + 1
        room = MOST_BYTES // (width * (np.dtype(np.int32).itemsize + np.dtype(np.int64).itemsize))
        chosen = np.argsort(-numbers, kind="stable")[:room].astype(np.int32)
        chosen = chosen[numbers[chosen] > products // PRODUCTS_PER_ORDER]
        self.slots = np.full(width, -1, dtype=np.int32)
        self.slots[chosen] = np.arange(len(chosen))
        shape = (len(chosen), width)
        self.tables = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int64)
        together.sum_up(chosen, (orders.held, rows.held, weights), *self.tables)

    @property
    def sums(self) -> Sums:
        """Where each product's sums are, if it was chosen (else -1), and the sums."""
        return self.slots, *self.tables

    def change(self, cells: Cells, weight: int, sign: int) -> None:
        """Note that an order of these products, of this weight, came (1) or went (-1)."""
        together.change_sums(self.sums, cells, weight, sign)

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
