"""Types of arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Numbers = Floats | Integers
Cells = NDArray[np.int32]
"""Places of products or orders, in 4 bytes each."""

Table = sparse.csr_array[Any, tuple[int, int]]
"""A table most of whose cells are 0."""
