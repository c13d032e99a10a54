"""The BG/NBD model of when customers buy and after which purchase they leave for good.

Source of every formula: P. S. Fader, B. G. S. Hardie and K. L. Lee, "Counting your customers the
easy way: an alternative to the Pareto/NBD model", Marketing Science 24 (2005), 275-284.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, gammaln, hyp2f1

from retention.arrays import Floats, Numbers
from retention.prediction.evidence import require_evidence

SMALLEST_SAMPLE = 50
SMALLEST_REPEATERS = 10
BOUNDS = [(-12.0, 3.9), (-12.0, 12.0), (-12.0, 3.9), (-12.0, 12.0)]
"""Ends of the logarithms of r, alpha, a and b. An r or a of 50 says that customers hardly differ:
larger ones fit no better, but leave the hypergeometric function without a value."""


@dataclass(frozen=True, slots=True)
class BgNbd:
    """A fitted model. `alpha` is in the unit of time that the model was fitted in.

    A customer buys at a rate drawn from Gamma(`r`, rate `alpha`) and leaves after each repeat
    purchase with a probability drawn from Beta(`a`, `b`). `at_bound` says that a parameter ran
    to the end of its range: the data then do not determine it.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers: int
    at_bound: bool

    def probability_active(self, frequency: Numbers, recency: Numbers, age: Numbers) -> Floats:
        """Return the probability that each customer has not left for good.

        The arguments are those of `fit_bg_nbd`. The model gives 1 to everybody who bought only
        once, however long ago, for it lets customers leave only after a repeat purchase: this is
        no churn score, see `retention.prediction.churn`.
        Source: Fader, Hardie and Lee, "Computing P(alive) using the BG/NBD model" (2008).
        """
        x, t_x, t = _checked(frequency, recency, age)
        return 1 / (1 + self._odds_of_having_left(x, t_x, t))

    def probability_of_no_purchase(
        self, horizon: float, frequency: Numbers, recency: Numbers, age: Numbers
    ) -> Floats:
        """Return the probability that each customer buys nothing in the coming `horizon`.

        An active customer's rate has the posterior Gamma(r + x, alpha + T), and nobody leaves
        before the next purchase; so it is 1 - P(active) (1 - ((alpha+T)/(alpha+T+t))^(r+x)).
        """
        x, t_x, t = _checked(frequency, recency, age)
        silent = ((self.alpha + t) / (self.alpha + t + horizon)) ** (self.r + x)
        return 1 - (1 - silent) / (1 + self._odds_of_having_left(x, t_x, t))

    def expected_purchases(
        self, horizon: float, frequency: Numbers, recency: Numbers, age: Numbers
    ) -> Floats:
        """Return how many purchases each customer is expected to make in the coming `horizon`.

        Equation (10) of the paper; the hypergeometric function is taken after Euler's
        transformation, which keeps it finite for customers with hundreds of purchases.
        """
        x, t_x, t = _checked(frequency, recency, age)
        # The formula has a removable pole at a = 1.
        a = self.a if abs(self.a - 1) > 1e-7 else 1 + 1e-7
        z = horizon / (self.alpha + t + horizon)
        decay = (1 - z) ** (a - 1) * hyp2f1(a + self.b - 1 - self.r, a - 1, a + self.b + x - 1, z)
        ever = (a + self.b + x - 1) / (a - 1) * (1 - decay)
        return np.asarray(ever / (1 + self._odds_of_having_left(x, t_x, t)))

    def _odds_of_having_left(self, x: Floats, t_x: Floats, t: Floats) -> Floats:
        ratio = np.log(self.alpha + t) - np.log(self.alpha + t_x)
        odds = self.a / (self.b + np.maximum(x, 1) - 1) * np.exp((self.r + x) * ratio)
        return np.where(x > 0, odds, 0.0)


def fit_bg_nbd(frequency: Numbers, recency: Numbers, age: Numbers) -> BgNbd:
    """Fit the model by maximum likelihood, equation (6) of the paper, with its exact gradient.

    Args:
        frequency: how many times each customer bought again after the first purchase.
        recency: the time from the first to the last purchase, 0 if there is only one.
        age: the time from the first purchase to the end of the observation.

    Times are in any one unit: `retention.prediction.summary` has days, the paper weeks.

    Raises:
        ValueError: the arrays differ in length, or 0 <= recency <= age does not hold.
        NotEnoughData: fewer than 50 customers, or fewer than 10 who bought again.
    """
    x, t_x, t = _checked(frequency, recency, age)
    require_evidence("customers", len(x), SMALLEST_SAMPLE)
    require_evidence("customers who bought again", int((x > 0).sum()), SMALLEST_REPEATERS)
    start = np.log([1.0, max(float(t.mean()) / 2, 1e-3), 1.0, 2.0])
    found = minimize(
        _loss,
        start,
        args=_alike(x, t_x, t),
        jac=True,
        method="L-BFGS-B",
        bounds=BOUNDS,
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 2000, "maxfun": 5000},
    )
    r, alpha, a, b = np.exp(found.x)
    return BgNbd(
        r=float(r),
        alpha=float(alpha),
        a=float(a),
        b=float(b),
        log_likelihood=-float(found.fun) * len(x),
        customers=len(x),
        at_bound=any(
            not low + 0.01 < value < high - 0.01
            for value, (low, high) in zip(found.x, BOUNDS, strict=True)
        ),
    )


def _alike(x: Floats, t_x: Floats, t: Floats) -> tuple[NDArray[Any], ...]:
    """Return the customers as `_loss` takes them, alike ones as one row with their number."""
    columns = ["x", "t_x", "t"]
    rows = pl.DataFrame([x, t_x, t], schema=columns).group_by(columns).len().sort(columns)
    counts, place = np.unique(rows["x"].to_numpy(), return_inverse=True)
    return counts, place, rows["t_x"].to_numpy(), rows["t"].to_numpy(), rows["len"].to_numpy()


def _loss(
    logarithms: Floats,
    counts: Floats,
    place: NDArray[np.int64],
    t_x: Floats,
    t: Floats,
    weights: NDArray[np.int64],
) -> tuple[float, Floats]:
    """Return minus the mean log-likelihood and its gradient by the parameters' logarithms.

    `counts` are the different frequencies, `place` says which of them is that of each row: the
    gamma functions are many times slower than the rest and only needed once for each.
    """
    parameters = np.exp(logarithms)
    r, alpha, a, b = parameters
    x = counts[place]
    repeats = x > 0
    before = np.maximum(b + x - 1, 1e-300)
    log_t, log_t_x = np.log(alpha + t), np.log(alpha + t_x)
    stayed = -(r + x) * log_t
    left = np.where(repeats, np.log(a) - np.log(before) - (r + x) * log_t_x, -np.inf)
    either = np.logaddexp(stayed, left)
    gone = np.exp(left - either)
    value, by_r, by_a, by_b = _gamma_parts(counts, r, a, b)[:, place]
    slopes = np.stack(
        [
            by_r + np.log(alpha) - (1 - gone) * log_t - gone * log_t_x,
            r / alpha - (r + x) * ((1 - gone) / (alpha + t) + gone / (alpha + t_x)),
            by_a + gone / a,
            by_b - np.where(repeats, gone / before, 0.0),
        ]
    )
    total = weights.sum()
    likelihood = (value + r * np.log(alpha) + either) @ weights
    return -float(likelihood) / total, -(slopes @ weights) * parameters / total


def _gamma_parts(x: Floats, r: float, a: float, b: float) -> Floats:
    """Return the part of the log-likelihood that is gamma functions, and its slopes by r, a, b."""
    shared = digamma(a + b) - digamma(a + b + x)
    return np.stack(
        [
            gammaln(r + x) - gammaln(r)
            + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x),
            digamma(r + x) - digamma(r),
            shared,
            shared + digamma(b + x) - digamma(b),
        ]
    )  # fmt: skip


def _checked(frequency: Numbers, recency: Numbers, age: Numbers) -> tuple[Floats, Floats, Floats]:
    x, t_x, t = (np.asarray(given, dtype=np.float64) for given in (frequency, recency, age))
    if not x.shape == t_x.shape == t.shape:
        raise ValueError("frequency, recency and age differ in length; give one of each a customer")
    if np.any(x < 0) or np.any(t_x < 0) or np.any(t_x > t):
        raise ValueError("0 <= frequency and 0 <= recency <= age must hold; see the summary")
    return x, t_x, t
