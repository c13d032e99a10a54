"""The sums of all pairs of the products most bought, which to count anew would take longest."""

import numpy as np

from retention import pair_kernels
from retention.baskets import Cells, Integers
from retention.pair_kernels import Held, Sums
from retention.pool import Pool

MOST_BYTES = 128 << 20

BYTES_PER_PAIR = 12

PRODUCTS_PER_ORDER = 200
"""Looking through the sums of so many products takes as long as counting one order anew."""


class KeptSums:
    """How often, and in what weight of orders, some products were bought with every other one.

    Both are kept by the products' places, in a row for each product chosen.
    """

    def __init__(self, orders: Pool, rows: Pool, weights: Integers, products: int) -> None:
        """Choose the products in the most orders, as far as they are worth it, and sum up.

        `orders` are the orders' products, `rows` the products' orders, `weights` those of an
        order's size; there are so many `products`.
        """
        most = MOST_BYTES // (BYTES_PER_PAIR * max(products, 1))
        chosen = np.argsort(-rows.sizes[:products], kind="stable")[:most].astype(np.int32)
        chosen = chosen[rows.sizes[chosen] > products // PRODUCTS_PER_ORDER]
        self._slots = np.full(products, -1, dtype=np.int32)
        self._slots[chosen] = np.arange(len(chosen))
        self._counts = np.zeros((len(chosen), products), dtype=np.int32)
        self._weighed = np.zeros((len(chosen), products), dtype=np.int64)
        held: tuple[Held, Held, Integers] = (orders.held, rows.held, weights)
        pair_kernels.sum_up(chosen, held, self._counts, self._weighed)

    @property
    def sums(self) -> Sums:
        """Where each product's sums are, if it was chosen (else -1), and the sums."""
        return self._slots, self._counts, self._weighed

    def change(self, cells: Cells, weight: int, sign: int) -> None:
        """Note that an order of these products, of this weight, came (1) or went (-1)."""
        pair_kernels.change_sums(self.sums, cells, weight, sign)

    def lengthen(self, products: int) -> None:
        """Make room for so many products."""
        more = products - len(self._slots)
        if more > 0:
            self._slots = np.pad(self._slots, (0, more), constant_values=-1)
            self._counts = np.pad(self._counts, ((0, 0), (0, more)))
            self._weighed = np.pad(self._weighed, ((0, 0), (0, more)))

    def nbytes(self) -> int:
        """How much memory this takes."""
        return sum(array.nbytes for array in self.sums)
