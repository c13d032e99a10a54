"""What the predictions came to on The Complete Journey, beside the aims and the naive rivals."""

from datetime import timedelta

import numpy as np
import polars as pl

from bench.published.grocer import (
    BEFORE,
    LAST_DAY,
    next_order_errors,
    order_days,
    replenishment_errors,
    replenishment_errors_in_time,
)
from bench.published.row import Row, at_least, at_most, near
from retention.prediction.alerts import change_alerts
from retention.prediction.calibration import area_under_curve, calibration
from retention.prediction.churn import churn_scores, stayed_away
from retention.prediction.lifetime_value import lifetime_values, spent
from retention.prediction.model_check import model_check
from tests.retention.prediction.tables import day, shuffled

SHUFFLES = 3


def churn() -> list[Row]:
    """Scored on 1 November with what was known then, compared with the 60 days that followed."""
    scores = churn_scores(order_days(), BEFORE, 60)
    away = stayed_away(order_days(), scores.table["customer_id"], BEFORE, 60)
    probability = scores.table["probability"]
    return [
        at_least("60-day churn score, AUC", 0.88, area_under_curve(probability, away), 3),
        at_most(
            "60-day churn score, calibration error", 0.03, calibration(probability, away).error, 3
        ),
    ]


def lifetime_value() -> list[Row]:
    """Totals foreseen for the last 60 and 90 days, and the fit on the second half of the year."""
    rows = []
    for horizon in (60, 90):
        before = LAST_DAY - timedelta(days=horizon)
        values = lifetime_values(order_days(), before, horizon)
        came = spent(order_days(), values.table["customer_id"], before, horizon)
        inside = (came >= values.table["low"].to_numpy()) & (
            came <= values.table["high"].to_numpy()
        )
        rows += [
            near(f"value of {horizon} days, total / actual", 1.0, values.total / came.sum(), 0.1),
            near(f"value of {horizon} days, in 95 % intervals", 0.95, float(inside.mean()), 0.02),
        ]
    check = model_check(order_days(), LAST_DAY).purchases
    error = check.total_error if check.total_error is not None else np.inf
    return [*rows, near("purchases of the second half, total / actual", 1.0, 1 + error, 0.1)]


def next_order() -> list[Row]:
    """Mean absolute errors in days; see `bench.published.grocer` for the protocol."""
    found = next_order_errors()
    return [
        near("next order, store's median (days)", 6.37, found["median"], 0.15, 2),
        near("next order, customer's mean (days)", 8.11, found["mean"], 0.05, 2),
        at_most("next order, ours (days)", 5.40, found["ours"]),
    ]


def replenishment() -> list[Row]:
    """Mean absolute errors in days; see `bench.published.grocer` for the protocol."""
    found, in_time = replenishment_errors(), replenishment_errors_in_time()
    return [
        near("replenishment, product's median (days)", 34.0, found["product"], 0.3, 1),
        near("replenishment, own median (days)", 37.8, found["own"], 0.3, 1),
        at_most("replenishment, ours (days)", 33.2, found["ours"]),
        at_most("last 60 days, ours against product's median", in_time["product"], in_time["ours"]),
    ]


def alerts() -> list[Row]:
    """The share of customers with an alarm when their histories are dealt anew."""
    random = np.random.default_rng(84)
    alarms: dict[str, int] = {}
    tested: dict[str, int] = {}
    several = order_days().filter(pl.len().over("customer_id") > 2)
    for _ in range(SHUFFLES):
        found = change_alerts(shuffled(several, random), day(5000))
        for kind, count in found.tested.items():
            tested[kind] = tested.get(kind, 0) + count
            there = found.table["kind"].eq(kind).sum()
            alarms[kind] = alarms.get(kind, 0) + int(there)
    return [
        at_most(f"false alarms, {kind}", found.false_alarm_rate, alarms[kind] / tested[kind], 4)
        for kind in tested
    ]
