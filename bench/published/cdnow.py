"""The models of repeat buying on CDNOW: the papers' figures, and those of the package lifetimes.

`lifetimes` is unmaintained and not installed; what its version 0.11.3 gives was written down.
"""

from functools import cache

import numpy as np
import polars as pl

from bench.published.row import Row, near
from retention.arrays import Floats
from retention.prediction.bg_nbd import BgNbd, fit_bg_nbd
from retention.prediction.calibration import area_under_curve
from retention.prediction.churn import stayed_away
from retention.prediction.gamma_gamma import GammaGamma, fit_gamma_gamma
from retention.prediction.summary import customer_summary
from tests.retention.prediction.cdnow import LAST_DAY, purchase_days


def papers() -> list[Row]:
    """Parameters and likelihood of Fader, Hardie and Lee (2005) and Fader and Hardie (2013)."""
    model = _purchases()
    x, mean = _spending()
    # The papers' table has the means in cents, half a cent rounded up.
    value = fit_gamma_gamma(x, np.floor(mean * 100 + 0.5 + 1e-9) / 100)
    return [
        near("customers", 2357, model.customers, 0, 0),
        near("BG/NBD r", 0.243, model.r, 0.0005),
        near("BG/NBD alpha (weeks)", 4.414, model.alpha, 0.0005),
        near("BG/NBD a", 0.793, model.a, 0.0005),
        near("BG/NBD b", 2.426, model.b, 0.0005),
        near("BG/NBD log-likelihood", -9582.4, model.log_likelihood, 0.05, 1),
        near("Gamma-Gamma p", 6.25, value.p, 0.005, 2),
        near("Gamma-Gamma q", 3.74, value.q, 0.005, 2),
        near("Gamma-Gamma v", 15.45, value.v, 0.005, 2),
    ]


def lifetimes() -> list[Row]:
    """Parameters and expectations; lifetimes' search stops at a gradient of 1e-8 or so."""
    model, value = _purchases(), _values()
    x, mean = _spending()
    customers = _weeks()
    purchases = float(model.expected_purchases(39, *customers).sum())
    active = float(model.probability_active(*customers).sum())
    # The third customer to have bought again is number 6.
    sixth = float(value.expected_value(x, mean)[2])
    return [
        near("r", 0.24259290745815332, model.r, 1e-6, 8),
        near("alpha", 4.413531604328725, model.alpha, 1e-6, 8),
        near("a", 0.7928861562998859, model.a, 1e-6, 8),
        near("b", 2.4257533770418043, model.b, 1e-6, 8),
        near("purchases of all in 39 weeks", 1653.423243957041, purchases, 1e-3, 6),
        near("active customers", 1917.27632756042, active, 1e-3, 6),
        near("p", 6.249572277637132, value.p, 1e-5, 8),
        near("q", 3.744224674758082, value.q, 1e-5, 8),
        near("v", 15.44352101835793, value.v, 1e-5, 8),
        near("value of a purchase of customer 6", 71.46470572273908, sixth, 1e-6, 8),
    ]


def no_churn_scores() -> list[Row]:
    """How badly being active foretells 39 weeks of silence, and how well recency alone does."""
    known = customer_summary(purchase_days(), LAST_DAY)
    away = stayed_away(purchase_days(), known["customer_id"], LAST_DAY, 273)
    gone = 1 - _purchases().probability_active(*_weeks())
    recency = area_under_curve(known["silence_days"], away)
    return [
        near(
            "AUC of the probability of not being active", 0.32, area_under_curve(gone, away), 0.005
        ),
        near("AUC of recency alone", 0.77, recency, 0.005),
    ]


@cache
def _weeks() -> tuple[Floats, Floats, Floats]:
    """Frequency, recency and age; the papers count in weeks, rounded at two decimals."""
    known = customer_summary(purchase_days(), LAST_DAY)
    x, t_x, t = (known[name].to_numpy() for name in ("frequency", "recency_days", "age_days"))
    return x.astype(np.float64), (t_x / 7).round(2), (t / 7).round(2)


def _spending() -> tuple[Floats, Floats]:
    """Number and mean value of the later purchases of those who bought again."""
    known = customer_summary(purchase_days(), LAST_DAY).filter(pl.col("frequency") > 0)
    return known["frequency"].to_numpy().astype(np.float64), known["monetary_value"].to_numpy()


@cache
def _purchases() -> BgNbd:
    return fit_bg_nbd(*_weeks())


@cache
def _values() -> GammaGamma:
    return fit_gamma_gamma(*_spending())
