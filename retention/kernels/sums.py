"""Counts and weights of one product's pairs."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from retention.arrays import Cells, Integers
from retention.compiled import compiled

Weights = Integers | Cells

Scratch = tuple[Cells, Weights, Cells]
"""Counts and weights of one product's pairs, all 0 between uses, and which products they are of,
with room for one more than there are. Where each pair weighs 1, counts are the weights."""

Sums = tuple[Cells, NDArray[np.int32], Integers]
"""For each product the row in which the sums of its pairs are kept, or -1; counts and weights."""

WEIGHT_UNIT = 2.0**-38
"""Sums stay exact up to 33 million orders of one pair."""

NEVER = np.iinfo(np.int32).max
"""A count that no pair has."""

ZERO = cast(int, np.int64(0))
"""What a count begins with that is handed to other functions: for a literal 0 numba would compile
them once more."""


@compiled
def empty_scratch(products: int) -> Scratch:
    """Return room for the pairs of one product with so many."""
    # One more may be written behind the last that is seen.
    return (
        np.zeros(products, dtype=np.int32),
        np.zeros(products, dtype=np.int64),
        np.empty(products + 1, dtype=np.int32),
    )


@compiled
def count_cells(cells: Cells, scratch: Scratch, many: int) -> int:
    """Count products once more; how many are seen by now."""
    counts, _, seen = scratch
    for other in cells:
        count = counts[other]
        seen[many] = other
        many += count == 0
        counts[other] = count + 1
    return many


@compiled
def keep_often(many: int, least: int, scratch: Scratch) -> int:
    """Keep of the products seen those counted so often at least, and forget the others."""
    counts, weighed, seen = scratch
    kept = 0
    for other in seen[:many]:
        if counts[other] < least:
            counts[other] = weighed[other] = 0
        else:
            seen[kept] = other
            kept += 1
    return kept
