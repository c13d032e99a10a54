"""EASE: what having one product tells of another one, by a linear model in closed form."""

import numpy as np

from retention.arrays import Floats


def ease(together: Floats, penalty: float) -> Floats:
    """Return the weight of each product (rows) for each other one (columns), 0 for itself.

    `together` counts by how many each two products are held, on its diagonal by how many each
    one is; it is written over. The `penalty` draws weights towards 0.
    Source: H. Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019.
    """
    diagonal = np.diag_indices_from(together)
    together[diagonal] += penalty
    weights = np.asarray(np.linalg.inv(together), np.float64)
    weights /= -np.diag(weights)
    weights[diagonal] = 0
    return weights
