"""The churn score: how probable it is that a customer orders nothing in the coming days.

It is learned from the store's own past: at the end of each of the latest completed periods the
same factors were known, and what followed is known now. The probability of being active of the
BG/NBD model is no such score, for it is 1 for everybody who bought once.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import logit

from retention.arrays import Floats
from retention.columns import CUSTOMER_ID, PROBABILITY
from retention.prediction.calibration import Calibration, area_under_curve, calibration
from retention.prediction.columns import (
    BY_EXPECTATION,
    BY_RECENT_ORDERS,
    BY_RHYTHM,
    BY_SILENCE,
    CHURN_SCORES,
    DAY,
    MAIN_FACTOR,
    SILENCE_DAYS,
)
from retention.prediction.evidence import NotEnoughData, require_evidence
from retention.prediction.gaps import LATEST, SUM, histories
from retention.prediction.known import Knowledge
from retention.prediction.logistic import Logistic, fit_logistic
from retention.prediction.summary import until, within

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


@dataclass(frozen=True, slots=True)
class _Period:
    """Factors of the customers known at the beginning of a period, and who stayed away in it."""

    factors: Floats
    away: NDArray[np.bool_]


def churn_scores(
    days: pl.DataFrame | Knowledge, last_day: date, horizon_days: int = 90
) -> ChurnScores:
    """Return the probability that each customer orders nothing in the coming `horizon_days`.

    Args:
        days: columns `PURCHASE_DAYS`, or what is known of them already; days after `last_day`
            are not looked at.
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
    known = days if isinstance(days, Knowledge) else Knowledge(days)
    past = _past(known, last_day, horizon_days)
    model = _learned(past[:PERIODS])
    customers, factors = _factors(known, last_day, horizon_days)
    parts = model.contributions(factors)
    table = pl.DataFrame(
        {CUSTOMER_ID: customers, PROBABILITY: model.probability(factors)}
        | dict(zip(FACTORS, parts.T, strict=True))
        | {MAIN_FACTOR: np.array(FACTORS)[np.abs(parts).argmax(axis=1)]},
        schema=CHURN_SCORES,
    )
    backtest, area = _backtest(past)
    observations = sum(len(period.away) for period in past[:PERIODS])
    return ChurnScores(table, horizon_days, observations, len(past[:PERIODS]), backtest, area)


def stayed_away(
    days: pl.DataFrame, customers: pl.Series, last_day: date, horizon_days: int
) -> NDArray[np.bool_]:
    """Return which of `customers` bought nothing in the `horizon_days` after `last_day`."""
    came = within(days, last_day, horizon_days)[CUSTOMER_ID].unique()
    return ~customers.is_in(came.implode()).to_numpy()


def _past(known: Knowledge, last_day: date, horizon_days: int) -> list[_Period]:
    """Return the completed periods, the latest first, at least one."""
    ends = _period_ends(known.days, last_day, horizon_days)
    if not ends:
        have = (last_day - _first_day(known.days, last_day)).days + 1
        raise NotEnoughData("days of history", have, 2 * horizon_days)
    periods = [_seen(known, ends[0], horizon_days)]
    # Of the earlier ones those count that had customers enough for the model.
    with suppress(NotEnoughData):
        periods.extend(_seen(known, end, horizon_days) for end in ends[1:])
    return periods


def _seen(known: Knowledge, last_day: date, horizon_days: int) -> _Period:
    customers, factors = _factors(known, last_day, horizon_days)
    return _Period(factors, stayed_away(known.days, customers, last_day, horizon_days))


def _learned(periods: Sequence[_Period]) -> Logistic:
    away = np.concatenate([period.away for period in periods] or [np.zeros(0, dtype=bool)])
    require_evidence("customers observed for a whole period", len(away), SMALLEST_SAMPLE)
    rarer = int(min(away.sum(), (~away).sum()))
    require_evidence("customers of the rarer outcome", rarer, SMALLEST_OUTCOME)
    return fit_logistic(np.concatenate([period.factors for period in periods]), away)


def _period_ends(days: pl.DataFrame, last_day: date, horizon_days: int) -> list[date]:
    """Return the days after which a whole period was seen, with as long a history before.

    The latest is the first; one more than are learned from, for the backtest of the latest.
    """
    first = _first_day(days, last_day)
    ends = [last_day - timedelta(days=horizon_days * back) for back in range(1, PERIODS + 2)]
    return [end for end in ends if (end - first).days >= horizon_days - 1]


def _first_day(days: pl.DataFrame, last_day: date) -> date:
    first = days[DAY].min()
    return first if isinstance(first, date) else last_day


def _factors(knowledge: Knowledge, last_day: date, horizon_days: int) -> tuple[pl.Series, Floats]:
    """Return the customers known on `last_day` and their factors (customers × factors)."""
    then = knowledge.at(last_day)
    known, x = then.summary, then.frequency
    silent = then.purchases.probability_of_no_purchase(horizon_days, x, then.recency, then.age)
    bought = until(knowledge.days, last_day)
    logarithms = histories(bought, [CUSTOMER_ID]).filter(pl.col(LATEST))[SUM].to_numpy()
    latest = bought.filter(pl.col(DAY) > last_day - timedelta(days=horizon_days))
    recent = known.join(
        latest.group_by(CUSTOMER_ID).len(), on=CUSTOMER_ID, how="left", maintain_order="left"
    )["len"].fill_null(0)
    usual = logarithms.sum() / max(int(x.sum()), 1)
    columns = [
        logit(np.clip(silent, 1e-9, 1 - 1e-9)),
        np.log1p(known[SILENCE_DAYS].to_numpy()),
        (logarithms + RHYTHM_STRENGTH * usual) / (x + RHYTHM_STRENGTH),
        np.log1p(recent.to_numpy()),
    ]
    return known[CUSTOMER_ID], np.column_stack(columns)


def _backtest(past: Sequence[_Period]) -> tuple[Calibration | None, float | None]:
    """Score the latest completed period with what was known at its beginning."""
    try:
        scores = _learned(past[1:]).probability(past[0].factors)
        return calibration(scores, past[0].away), area_under_curve(scores, past[0].away)
    except NotEnoughData:
        return None, None
