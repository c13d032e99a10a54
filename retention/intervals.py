"""Intervals that say how far a share can be trusted."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

NORMAL_95 = float(ndtri(0.975))
"""Half of a 95 % interval of a normal distribution, in standard deviations."""


def wilson(
    count: ArrayLike, base: ArrayLike, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and upper ends of Wilson's score interval of the share count / base.

    Both inputs are numbers or arrays of one shape; the ends have that shape and lie between 0
    and 1. A base of 0 says nothing: the interval is then 0 to 1.
    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22 (1927), 209-212.
    Raises ValueError unless 0 <= count <= base and 0 < confidence < 1.
    """
    k = np.asarray(count, dtype=np.float64)
    n = np.asarray(base, dtype=np.float64)
    if np.any(k < 0) or np.any(k > n):
        raise ValueError("count must lie between 0 and base; count customers out of the base")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; give a share between 0 and 1, as 0.95")
    z2 = float(ndtri(0.5 + confidence / 2)) ** 2
    share = np.divide(k, n, out=np.zeros(n.shape), where=n > 0)
    centre = (k + z2 / 2) / (n + z2)
    half = np.sqrt(z2) / (n + z2) * np.sqrt(n * share * (1 - share) + z2 / 4)
    # The ends are exact where nobody or everybody counted; rounding would miss them.
    return np.where(k > 0, centre - half, 0.0), np.where(k < n, centre + half, 1.0)
