"""Logistic regression, small and exact, for a handful of factors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from retention.arrays import Floats

RIDGE = 1.0
STEPS = 50


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted regression: `intercept` is the log-odds of a customer average in every factor,
    `weights` the change of the log-odds by one standard deviation of each factor.
    """

    intercept: float
    weights: Floats
    centre: Floats
    scale: Floats

    def contributions(self, factors: Floats) -> Floats:
        """Return what each factor (customers × factors) adds to the average log-odds."""
        return (factors - self.centre) / self.scale * self.weights

    def probability(self, factors: Floats) -> Floats:
        """Return the probability of each row of `factors`."""
        return np.asarray(expit(self.intercept + self.contributions(factors).sum(axis=1)))


def fit_logistic(factors: Floats, happened: NDArray[np.bool_]) -> Logistic:
    """Fit by Newton's method to factors (customers × factors) and what happened to each.

    The weights are held back by a ridge penalty of 1 standardised unit, which only matters in
    small samples and keeps factors that say the same from running apart.
    Source: A. E. Hoerl and R. W. Kennard, "Ridge regression", Technometrics 12 (1970), 55-67;
    S. le Cessie and J. C. van Houwelingen, Applied Statistics 41 (1992), 191-201.
    """
    centre, spread = factors.mean(axis=0), factors.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    design = np.column_stack([np.ones(len(factors)), (factors - centre) / scale])
    penalty = np.diag([0.0, *[RIDGE] * factors.shape[1]])
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = expit(design @ weights)
        slope = design.T @ (happened - chance) - penalty @ weights
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature + 1e-9 * np.eye(len(curvature)), slope)
        # A step is held short while outcomes separate, where a whole one would overshoot.
        weights = weights + step / max(1.0, float(np.abs(step).max()) / 2)
        if float(np.abs(step).max()) < 1e-10:
            break
    return Logistic(float(weights[0]), weights[1:], centre, scale)
