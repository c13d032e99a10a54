"""Means with an interval that knows that one customer's orders are alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `n` cases of `customers` customers with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int
    customers: int

    def as_json(self) -> dict[str, float | int]:
        """Return the estimate as JSON shows it."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "customers": self.customers,
        }


def mean_over_customers(
    values: ArrayLike, customers: ArrayLike, draws: int = DRAWS, seed: int = 1
) -> Estimate:
    """Return the mean of `values` with its percentile interval over drawn customers.

    `customers` names the customer of each value. Customers, not values, are drawn with
    replacement, each with all of its values. For the difference between two models give the
    differences of their values: the interval then says whether one is better.
    Source: A. C. Davison and D. V. Hinkley, "Bootstrap methods and their application" (1997),
    chapter 3.8, one-stage cluster bootstrap.
    Raises ValueError when the lengths differ or there are no values.
    """
    measured = np.asarray(values, dtype=np.float64)
    names = np.asarray(customers)
    if measured.shape != names.shape or measured.ndim != 1:
        raise ValueError(f"{measured.shape} values but {names.shape} customers; give one of each")
    if not len(measured):
        raise ValueError("there are no values; a mean needs at least one")
    _, owner = np.unique(names, return_inverse=True)
    sums = np.bincount(owner, measured).astype(np.float64)
    sizes = np.bincount(owner).astype(np.float64)
    drawn = _drawn_means(sums, sizes, draws, np.random.default_rng(seed))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(float(measured.mean()), float(low), float(high), len(measured), len(sums))


def _drawn_means(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], draws: int, random: np.random.Generator
) -> NDArray[np.float64]:
    means = np.empty(draws)
    for draw in range(draws):
        times = np.bincount(random.integers(len(sums), size=len(sums)), minlength=len(sums))
        means[draw] = (times @ sums) / (times @ sizes)
    return means
