from datetime import timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.special import expit

from retention.columns import CUSTOMER_ID, PROBABILITY
from retention.prediction.calibration import area_under_curve, calibration
from retention.prediction.churn import FACTORS, churn_scores, stayed_away
from retention.prediction.columns import CHURN_SCORES
from retention.prediction.evidence import NotEnoughData
from retention.prediction.summary import until
from tests.retention.prediction import cdnow
from tests.retention.prediction.tables import day, days, store

STORE = store(600)
LAST = day(300)


def test_who_bought_in_the_days_after_did_not_stay_away() -> None:
    table = days((1, 0), (2, 0), (3, 0), (1, 11), (2, 15), (3, 10))
    customers = pl.Series(CUSTOMER_ID, [1, 2, 3])
    assert stayed_away(table, customers, day(10), 4).tolist() == [False, True, True]
    assert stayed_away(table, customers, day(10), 5).tolist() == [False, False, True]


def test_the_score_foresees_who_stays_away() -> None:
    scores = churn_scores(STORE, LAST, 60)
    away = stayed_away(STORE, scores.table[CUSTOMER_ID], LAST, 60)

    assert scores.table.schema == CHURN_SCORES
    assert scores.table.height == until(STORE, LAST)[CUSTOMER_ID].n_unique()
    assert (scores.horizon_days, scores.periods) == (60, 3)
    assert area_under_curve(scores.table[PROBABILITY], away) > 0.8
    assert calibration(scores.table[PROBABILITY], away).verdict == "fits"


def test_the_backtest_is_what_the_score_of_the_last_period_came_to() -> None:
    before = LAST - timedelta(days=60)
    earlier = churn_scores(STORE, before, 60).table
    away = stayed_away(STORE, earlier[CUSTOMER_ID], before, 60)
    scores = churn_scores(STORE, LAST, 60)

    assert scores.backtest is not None
    assert scores.backtest.error == calibration(earlier[PROBABILITY], away).error
    assert scores.area == area_under_curve(earlier[PROBABILITY], away)


def test_nothing_after_the_last_day_is_looked_at() -> None:
    assert_frame_equal(
        churn_scores(STORE, LAST, 60).table, churn_scores(until(STORE, LAST), LAST, 60).table
    )


def test_the_factors_add_up_to_the_score() -> None:
    table = churn_scores(STORE, LAST, 60).table
    parts = table.select(FACTORS).to_numpy()
    odds = np.log(table[PROBABILITY].to_numpy()) - np.log1p(-table[PROBABILITY].to_numpy())
    average = odds - parts.sum(axis=1)

    assert average == pytest.approx(np.full(table.height, average[0]), abs=1e-6)
    assert expit(average[0]) == pytest.approx(table[PROBABILITY].mean(), abs=0.2)
    largest = [FACTORS[place] for place in np.abs(parts).argmax(axis=1)]
    assert table["main_factor"].to_list() == largest


def test_a_one_time_buyer_is_more_likely_lost_the_longer_ago_it_was() -> None:
    known = until(STORE, LAST)
    once = pl.concat([known, days((9001, 295), (9002, 200), (9003, 0))]).sort(CUSTOMER_ID, "day")
    scores = churn_scores(once, LAST, 60).table.filter(pl.col(CUSTOMER_ID) > 9000)[PROBABILITY]
    assert scores.is_sorted()
    assert scores[0] > 0.05
    assert scores[2] > 0.9


def test_on_cdnow_it_beats_the_probability_of_being_active() -> None:
    table, last = cdnow.purchase_days(), cdnow.LAST_DAY + timedelta(days=90)
    scores = churn_scores(table, last, 90)
    away = stayed_away(table, scores.table[CUSTOMER_ID], last, 90)

    assert area_under_curve(scores.table[PROBABILITY], away) > 0.79
    assert calibration(scores.table[PROBABILITY], away).verdict == "fits"


def test_money_does_not_matter() -> None:
    dearer = STORE.with_columns((pl.col("net") * Decimal(7)).cast(STORE.schema["net"]))
    assert_frame_equal(churn_scores(STORE, LAST, 60).table, churn_scores(dearer, LAST, 60).table)


def test_shifting_time_changes_nothing() -> None:
    later = STORE.with_columns(pl.col("day").dt.offset_by("1000d"))
    assert_frame_equal(
        churn_scores(STORE, LAST, 60).table,
        churn_scores(later, LAST + timedelta(days=1000), 60).table,
    )


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(
        NotEnoughData, match=r"not enough data \(have 119 days of history, need 120"
    ):
        churn_scores(STORE, day(118), 60)
    with pytest.raises(NotEnoughData, match="days of history"):
        churn_scores(days(), day(99), 60)
    with pytest.raises(NotEnoughData, match="customers"):
        churn_scores(STORE.filter(pl.col(CUSTOMER_ID) < 100), LAST, 60)
    with pytest.raises(ValueError, match="horizon_days is 0"):
        churn_scores(STORE, LAST, 0)
