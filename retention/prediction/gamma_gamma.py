"""The Gamma-Gamma model of how much a customer spends per purchase.

Source of every formula: P. S. Fader and B. G. S. Hardie, "The Gamma-Gamma model of monetary
value" (2013), brucehardie.com/notes/025.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from retention.arrays import Floats, Numbers
from retention.prediction.evidence import require_evidence

SMALLEST_SAMPLE = 30
LOWEST, HIGHEST = -12.0, 12.0
"""The logarithm of each parameter is looked for between these ends."""


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """A fitted model. `v` is in the unit of money that the model was fitted in.

    A purchase is worth Gamma(`p`, rate nu), and nu is drawn for each customer from Gamma(`q`,
    rate `v`). The model takes value and number of purchases to be unrelated; `correlation` is
    their correlation in the sample and shows how far that holds.
    """

    p: float
    q: float
    v: float
    log_likelihood: float
    customers: int
    correlation: float

    def expected_value(self, frequency: Numbers, monetary_value: Numbers) -> Floats:
        """Return each customer's expected value of a purchase, in the unit of `v`.

        Equation (5) of the paper; it lies between the customer's own mean and that of all.
        Customers with a frequency of 0 get the mean of all; their `monetary_value` is ignored.
        """
        x = np.asarray(frequency, dtype=np.float64)
        m = np.where(x > 0, np.asarray(monetary_value, dtype=np.float64), 0.0)
        return np.asarray(self.p * (self.v + x * m) / (self.p * x + self.q - 1))


def fit_gamma_gamma(frequency: Numbers, monetary_value: Numbers) -> GammaGamma:
    """Fit the model by maximum likelihood, equation (1a) of the paper, with its exact gradient.

    Args:
        frequency: how many purchases each customer's mean is over.
        monetary_value: the mean value of those purchases, above 0.

    Customers whose frequency or mean is 0 are left out: they say nothing of a purchase's value.

    Raises:
        NotEnoughData: fewer than 30 customers remain.
    """
    x = np.asarray(frequency, dtype=np.float64)
    known = (x > 0) & (np.nan_to_num(np.asarray(monetary_value, dtype=np.float64)) > 0)
    x, m = x[known], np.asarray(monetary_value, dtype=np.float64)[known]
    require_evidence("customers who bought again at a price", len(x), SMALLEST_SAMPLE)
    # Values near 1 keep the search well conditioned whatever the currency.
    scale = float(m.mean())
    counts, place = np.unique(x, return_inverse=True)
    found = minimize(
        _loss,
        np.log([2.0, 3.0, 1.0]),
        args=(counts, place, m / scale),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST, HIGHEST), (1e-3, HIGHEST), (LOWEST, HIGHEST)],
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 2000, "maxfun": 5000},
    )
    p, q, v = np.exp(found.x)
    varies = x.std() > 0 and m.std() > 0
    return GammaGamma(
        p=float(p),
        q=float(q),
        v=float(v) * scale,
        log_likelihood=-(float(found.fun) + float(np.log(scale))) * len(x),
        customers=len(x),
        correlation=float(np.corrcoef(x, m)[0, 1]) if varies else 0.0,
    )


def _loss(
    logarithms: Floats, counts: Floats, place: NDArray[np.int64], m: Floats
) -> tuple[float, Floats]:
    """Return minus the mean log-likelihood and its gradient by the parameters' logarithms.

    `counts` are the different frequencies, `place` says which of them is that of each row: the
    gamma functions are many times slower than the rest and only needed once for each.
    """
    parameters = np.exp(logarithms)
    p, q, v = parameters
    x, log_x = counts[place], np.log(counts)
    log_m, log_sum = np.log(m), np.log(v + x * m)
    both = digamma(p * counts + q)
    gammas = gammaln(p * counts + q) - gammaln(p * counts) - gammaln(q) + p * counts * log_x
    by_p = counts * (both - digamma(p * counts) + log_x)
    value = gammas[place] + q * np.log(v) + (p * x - 1) * log_m - (p * x + q) * log_sum
    slopes = np.array(
        [
            np.mean(by_p[place] + x * (log_m - log_sum)),
            np.mean((both - digamma(q))[place] + np.log(v) - log_sum),
            np.mean(q / v - (p * x + q) / (v + x * m)),
        ]
    )
    return -float(value.mean()), -slopes * parameters
