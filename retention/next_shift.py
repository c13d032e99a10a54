"""What a change of a customer's orders does to pairs with later orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from retention.arrays import Cells, Integers


@dataclass(frozen=True, slots=True)
class Shift:
    """Products of the order, those whose first purchase or buyers changed, and their pairs.

    `cells[begins[k] : ends[k]]` are the products that were bought before product k by more or
    fewer customers than before the change; where `is_rough`, all that may be, for every product
    the same.
    """

    products: Cells
    moved: NDArray[np.bool_]
    begins: Integers
    ends: Integers
    cells: Cells
    is_rough: bool = False

    @classmethod
    def rough(cls, products: Cells) -> Self:
        """All pairs of some products, which rise, may be more or fewer."""
        size = len(products)
        none = np.zeros(size, dtype=np.int64)
        return cls(products, np.ones(size, np.bool_), none, none + size, products, is_rough=True)

    @classmethod
    def of_both(cls, shifts: Sequence[Self]) -> Self:
        """Several changes, one after the other, as one."""
        if len(shifts) == 1:
            return shifts[0]
        products = np.unique(np.concatenate([one.products for one in shifts]))
        if any(one.is_rough for one in shifts):
            return cls.rough(np.union1d(products, np.concatenate([one.cells for one in shifts])))
        moved = np.isin(products, np.concatenate([one.products[one.moved] for one in shifts]))
        owners = np.concatenate([np.repeat(one.products, one.ends - one.begins) for one in shifts])
        sequence = np.argsort(owners, kind="stable")
        return cls(
            products,
            moved,
            np.searchsorted(owners, products, "left", sequence),
            np.searchsorted(owners, products, "right", sequence),
            np.concatenate([one.cells for one in shifts])[sequence],
        )
