from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retention.columns import CUSTOMER_ID
from retention.prediction.columns import LIFETIME_VALUES
from retention.prediction.evidence import NotEnoughData
from retention.prediction.lifetime_value import lifetime_values, spent
from retention.prediction.summary import until
from tests.retention.prediction.tables import day, days, store

STORE = store(600)
LAST = day(240)


def test_what_customers_spent_is_summed_by_customer() -> None:
    table = days((1, 0, "5"), (1, 3, "7"), (1, 4, "8"), (1, 9, "1"), (2, 1, "2"))
    customers = pl.Series(CUSTOMER_ID, [2, 1])
    assert spent(table, customers, day(2), 5).tolist() == [0.0, 15.0]


def test_the_level_is_that_of_the_last_completed_period() -> None:
    values = lifetime_values(STORE, LAST, 60)
    before = day(180)
    known = until(STORE, before)[CUSTOMER_ID].unique().sort()

    # The corrected prediction of the last period adds up to what came.
    assert values.calibration.total_error == pytest.approx(0, abs=1e-9)
    came = spent(STORE, known, before, 60).sum()
    predicted = values.calibration.table.select(pl.col("count") * pl.col("predicted")).sum().item()
    assert predicted == pytest.approx(came)


def test_the_table_holds_the_models_and_the_corrected_value() -> None:
    values = lifetime_values(STORE, LAST, 60)
    table = values.table
    product = pl.col("expected_purchases") * pl.col("expected_value") * values.correction

    assert table.schema == LIFETIME_VALUES
    assert table.height == until(STORE, LAST)[CUSTOMER_ID].n_unique()
    assert table.select((product - pl.col("value")).abs().max()).item() < 1e-9
    assert table["value"].sum() == pytest.approx(values.total)
    assert table.filter(pl.col("low") > pl.col("high")).is_empty()


def test_the_total_and_the_customers_end_within_their_intervals() -> None:
    values = lifetime_values(STORE, LAST, 60)
    came = spent(STORE, values.table[CUSTOMER_ID], LAST, 60)
    inside = (came >= values.table["low"].to_numpy()) & (came <= values.table["high"].to_numpy())

    assert values.low <= came.sum() <= values.high
    assert 0.92 <= inside.mean() <= 0.99


def test_nothing_after_the_last_day_is_looked_at() -> None:
    assert_frame_equal(
        lifetime_values(STORE, LAST, 60).table,
        lifetime_values(until(STORE, LAST), LAST, 60).table,
    )


def test_the_currency_scales_every_amount_and_time_nothing() -> None:
    other = STORE.with_columns(
        (pl.col("net") * Decimal(100)).cast(STORE.schema["net"]), pl.col("day").dt.offset_by("9d")
    )
    values, scaled = lifetime_values(STORE, LAST, 60), lifetime_values(other, day(249), 60)

    assert scaled.total == pytest.approx(values.total * 100, rel=1e-5)
    assert scaled.high == pytest.approx(values.high * 100, rel=1e-5)
    assert scaled.correction == pytest.approx(values.correction, rel=1e-5)


def test_with_one_completed_period_there_is_no_drift() -> None:
    # 140 days hold one period of 70 with as long a history before it; 220 hold two.
    assert lifetime_values(STORE, day(139), 70).drift is None
    longer = lifetime_values(STORE, day(219), 70)
    assert longer.drift is not None
    assert longer.drift > 0


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(NotEnoughData, match="have 119 days of history, need 120"):
        lifetime_values(STORE, day(118), 60)
    with pytest.raises(NotEnoughData, match="have 0 days of history, need 120"):
        lifetime_values(days(), LAST, 60)
    with pytest.raises(NotEnoughData, match="purchases in a completed period"):
        lifetime_values(until(STORE, LAST), LAST + timedelta(days=90), 60)
    with pytest.raises(ValueError, match="horizon_days is 0"):
        lifetime_values(STORE, LAST, 0)
