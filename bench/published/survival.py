"""Kaplan-Meier and its Greenwood interval beside a textbook's and those of lifelines."""

import numpy as np
import polars as pl
from lifelines import KaplanMeierFitter
from lifelines.datasets import load_waltons

from bench.published.grocer import LAST_DAY, order_days
from bench.published.row import Row, near
from retention.figures.survival import kaplan_meier, quantile, survival_at

# Weeks in remission of 21 leukaemia patients on 6-mercaptopurine; + was still in remission
# (E. J. Freireich and others, Blood 21 (1963), 699-716).
REMISSION = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"


def rows() -> list[Row]:
    """Survival of the patients, and the greatest differences from lifelines on shared data."""
    words = REMISSION.split()
    patients = kaplan_meier(
        pl.DataFrame(
            {
                "duration": [float(word.rstrip("+")) for word in words],
                "returned": [not word.endswith("+") for word in words],
            }
        )
    )
    mice = load_waltons()
    return [
        near("remission after 10 weeks", 0.753, survival_at(patients, 10)[0], 0.0005),
        near("remission after 23 weeks", 0.448, survival_at(patients, 23)[0], 0.0005),
        near("median remission (weeks)", 23, patients.select(quantile(0.5)).row(0)[0], 0, 0),
        *_beside_lifelines(
            "lifelines' own data", mice["T"].to_numpy(np.float64), mice["E"].to_numpy(bool)
        ),
        *_beside_lifelines("second purchases of a grocer", *_second_purchases()),
    ]


def _second_purchases() -> tuple[np.ndarray, np.ndarray]:
    """Days from the first to the second purchase of each household, or so far."""
    days = (
        order_days()
        .group_by("customer_id")
        .agg(
            pl.col("day").first().alias("first"),
            pl.col("day").get(1, null_on_oob=True).alias("second"),
        )
    )
    passed = days.select(
        (pl.col("second").fill_null(LAST_DAY) - pl.col("first")).dt.total_days().cast(pl.Float64)
    )
    known = passed.to_series().to_numpy()
    return np.maximum(known, 0.5), days["second"].is_not_null().to_numpy()


def _beside_lifelines(name: str, durations: np.ndarray, observed: np.ndarray) -> list[Row]:
    theirs = KaplanMeierFitter().fit(durations, observed)
    ours = kaplan_meier(pl.DataFrame({"duration": durations, "returned": observed})).filter(
        pl.col("survival") > 0
    )
    times = ours["time"].to_list()
    ends = theirs.confidence_interval_
    pairs = {
        "survival": theirs.survival_function_["KM_estimate"],
        "low": ends["KM_estimate_lower_0.95"],
        "high": ends["KM_estimate_upper_0.95"],
    }
    return [
        near(
            f"{name}: {column}, greatest difference",
            0,
            float(np.abs(ours[column].to_numpy() - reference.loc[times].to_numpy()).max()),
            1e-6,
            6,
        )
        for column, reference in pairs.items()
    ]
