"""How sharp probabilities should be, by those that were not counted from.

Probabilities p become p^s, made to sum to 1: sharper for s above 1, flatter below (temperature
scaling; C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks",
ICML 2017). The sharpness s is the likeliest one under customers who were left out, with a normal
prior on its logarithm around 0, so that with few customers it stays near 1.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from retention.arrays import Floats, Integers

PRIOR_DEVIATION = 0.5
"""The prior's standard deviation of the logarithm."""
FURTHEST = 1.5
"""The logarithm lies at most so far from 0."""
TOLERANCE = 0.001


def sharpened(probabilities: Floats, sharpness: float) -> Floats:
    """Return rows of probabilities to the power of the sharpness, summing to 1."""
    powers = np.power(probabilities, sharpness)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def likeliest_sharpness(probabilities: Floats, came: Integers, weights: Floats) -> float:
    """Return the sharpness under which what came is likeliest.

    `probabilities` is examples x categories, all above 0, `came` the place of what came and
    `weights` what each example weighs. 1 without examples.
    """
    if not len(came):
        return 1.0
    logarithms = np.log(probabilities)
    rows = np.arange(len(came))

    def unlikeliness(logarithm: float) -> float:
        scaled = logarithms * np.exp(logarithm)
        likelihood = scaled[rows, came] - logsumexp(scaled, axis=1)
        return float((logarithm / PRIOR_DEVIATION) ** 2 / 2 - weights @ likelihood)

    bounds = (-FURTHEST, FURTHEST)
    found = minimize_scalar(
        unlikeliness, bounds=bounds, method="bounded", options={"xatol": TOLERANCE}
    )
    return float(np.exp(found.x))
