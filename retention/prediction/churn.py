"""The churn score: how probable it is that a customer orders nothing in the coming days.

It is learned from the store's own past: at the end of each of the latest completed periods the
same factors were known, and what followed is known now. The probability of being active of the
BG/NBD model is no such score, for it is 1 for everybody who bought once.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import logit

from retention.columns import CUSTOMER_ID, PROBABILITY
from retention.prediction.bg_nbd import fit_bg_nbd
from retention.prediction.calibration import Calibration, area_under_curve, calibration
from retention.prediction.columns import (
    AGE_DAYS,
    BY_EXPECTATION,
    BY_RECENT_ORDERS,
    BY_RHYTHM,
    BY_SILENCE,
    CHURN_SCORES,
    DAY,
    FREQUENCY,
    MAIN_FACTOR,
    RECENCY_DAYS,
    SILENCE_DAYS,
)
from retention.prediction.evidence import NotEnoughData, require_evidence
from retention.prediction.logistic import Logistic, fit_logistic
from retention.prediction.summary import customer_summary, until, within

Floats = NDArray[np.float64]

FACTORS = (BY_EXPECTATION, BY_SILENCE, BY_RHYTHM, BY_RECENT_ORDERS)
PERIODS = 3
"""How many completed periods are learned from, at most."""
SMALLEST_SAMPLE = 200
SMALLEST_OUTCOME = 20
RHYTHM_STRENGTH = 3.0


@dataclass(frozen=True, slots=True)
class ChurnScores:
    """`table` has the columns `CHURN_SCORES`, one row per customer.

    It was learned from `observations` of customers at the end of `periods` completed periods of
    `horizon_days`. `backtest` and `area` (under the ROC curve) are those of the latest completed
    period, scored with what was known at its beginning; null when nothing earlier could teach.
    """

    table: pl.DataFrame
    horizon_days: int
    observations: int
    periods: int
    backtest: Calibration | None
    area: float | None


def churn_scores(days: pl.DataFrame, last_day: date, horizon_days: int = 90) -> ChurnScores:
    """Return the probability that each customer orders nothing in the coming `horizon_days`.

    Args:
        days: columns `PURCHASE_DAYS`; days after `last_day` are not looked at.
        last_day: the last day observed.
        horizon_days: how long a silence counts as having left.

    The four factors are the BG/NBD probability of no purchase, the silence since the last
    purchase, the customer's usual gap (drawn toward the store's) and the days with a purchase in
    the latest `horizon_days`; they enter a logistic regression by their logarithms.

    Raises:
        NotEnoughData: no completed period lies behind `last_day`, or too few customers, fewer
            than 20 of whom stayed away or came back.
        ValueError: `horizon_days` is below 1 or the table lacks a column.
    """
    if horizon_days < 1:
        raise ValueError(f"horizon_days is {horizon_days}; give at least 1 day")
    model, observations, periods = _learned(days, last_day, horizon_days)
    customers, factors = _factors(days, last_day, horizon_days)
    parts = model.contributions(factors)
    table = pl.DataFrame(
        {CUSTOMER_ID: customers, PROBABILITY: model.probability(factors)}
        | dict(zip(FACTORS, parts.T, strict=True))
        | {MAIN_FACTOR: np.array(FACTORS)[np.abs(parts).argmax(axis=1)]},
        schema=CHURN_SCORES,
    )
    backtest, area = _backtest(days, last_day - timedelta(days=horizon_days), horizon_days)
    return ChurnScores(table, horizon_days, observations, periods, backtest, area)


def stayed_away(
    days: pl.DataFrame, customers: pl.Series, last_day: date, horizon_days: int
) -> NDArray[np.bool_]:
    """Return which of `customers` bought nothing in the `horizon_days` after `last_day`."""
    came = within(days, last_day, horizon_days)[CUSTOMER_ID].unique()
    return ~customers.is_in(came.implode()).to_numpy()


def _learned(days: pl.DataFrame, last_day: date, horizon_days: int) -> tuple[Logistic, int, int]:
    """Learn from the completed periods before `last_day`."""
    ends = _period_ends(days, last_day, horizon_days)
    if not ends:
        have = (last_day - _first_day(days, last_day)).days + 1
        raise NotEnoughData("days of history", have, 2 * horizon_days)
    seen = [_factors(days, end, horizon_days) for end in ends]
    factors = np.concatenate([table for _, table in seen])
    away = np.concatenate(
        [
            stayed_away(days, customers, end, horizon_days)
            for end, (customers, _) in zip(ends, seen, strict=True)
        ]
    )
    require_evidence("customers observed for a whole period", len(away), SMALLEST_SAMPLE)
    rarer = int(min(away.sum(), (~away).sum()))
    require_evidence("customers of the rarer outcome", rarer, SMALLEST_OUTCOME)
    return fit_logistic(factors, away), len(away), len(ends)


def _period_ends(days: pl.DataFrame, last_day: date, horizon_days: int) -> list[date]:
    """Return the days after which a whole period was seen, with as long a history before."""
    first = _first_day(days, last_day)
    ends = [last_day - timedelta(days=horizon_days * back) for back in range(1, PERIODS + 1)]
    return [end for end in ends if (end - first).days >= horizon_days - 1]


def _first_day(days: pl.DataFrame, last_day: date) -> date:
    first = days[DAY].min()
    return first if isinstance(first, date) else last_day


def _factors(days: pl.DataFrame, last_day: date, horizon_days: int) -> tuple[pl.Series, Floats]:
    """Return the customers known on `last_day` and their factors (customers × factors)."""
    known = customer_summary(days, last_day)
    x, t_x, t = (known[name].to_numpy() for name in (FREQUENCY, RECENCY_DAYS, AGE_DAYS))
    silent = fit_bg_nbd(x, t_x, t).probability_of_no_purchase(horizon_days, x, t_x, t)
    rhythm = (
        until(days, last_day)
        .group_by(CUSTOMER_ID, maintain_order=True)
        .agg(
            pl.col(DAY).diff().dt.total_days().log().sum().alias("logarithms"),
            (pl.col(DAY) > last_day - timedelta(days=horizon_days)).sum().alias("recent"),
        )
    )
    logarithms = rhythm["logarithms"].to_numpy()
    usual = logarithms.sum() / max(int(x.sum()), 1)
    columns = [
        logit(np.clip(silent, 1e-9, 1 - 1e-9)),
        np.log1p(known[SILENCE_DAYS].to_numpy()),
        (logarithms + RHYTHM_STRENGTH * usual) / (x + RHYTHM_STRENGTH),
        np.log1p(rhythm["recent"].to_numpy()),
    ]
    return known[CUSTOMER_ID], np.column_stack(columns)


def _backtest(
    days: pl.DataFrame, last_day: date, horizon_days: int
) -> tuple[Calibration | None, float | None]:
    """Score the customers as on `last_day` and compare with the period that followed."""
    try:
        model, _, _ = _learned(days, last_day, horizon_days)
        customers, factors = _factors(days, last_day, horizon_days)
        scores = model.probability(factors)
        away = stayed_away(days, customers, last_day, horizon_days)
        return calibration(scores, away), area_under_curve(scores, away)
    except NotEnoughData:
        return None, None
