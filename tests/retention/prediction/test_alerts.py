from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import hypergeom

from retention.prediction.alerts import OTHER_CATEGORY, SLOWER, SMALLER, at_least, change_alerts
from retention.prediction.columns import ALERTS
from retention.prediction.silences import SILENT
from retention.prediction.summary import until
from tests.retention.prediction.tables import Bought, day, days, rhythm, shuffled, store

# Forty customers with twenty uneven gaps each, whose amounts and categories vary without a trend.
RANDOM = np.random.default_rng(11)
STEADY: list[Bought] = [
    (customer, number, str(RANDOM.integers(10, 30)), int(RANDOM.integers(1, 3)))
    for customer in range(1, 41)
    for _, number in rhythm(customer, RANDOM.integers(4, 12, 20))
]
LAST = day(max(row[1] for row in STEADY))


def alarms(rows: list[Bought], kind: str) -> list[int]:
    found = change_alerts(days(*rows), LAST)
    assert found.table.schema == ALERTS
    return found.table.filter(pl.col("kind") == kind)["customer_id"].to_list()


def test_the_chance_is_that_of_the_hypergeometric_tail() -> None:
    # 6 of 20 are drawn, 10 are odd: all 6 are in 210 of 38,760 cases.
    twenty, ten, six = np.array([20]), np.array([10]), np.array([6])
    assert at_least(twenty, ten, six, 6) == pytest.approx([210 / 38_760])
    for n, k, seen in ((12, 3, 2), (15, 15, 6), (40, 0, 0), (13, 6, 4)):
        found = at_least(np.array([n]), np.array([k]), np.array([seen]), 6)
        assert found == pytest.approx([hypergeom(n, k, 6).sf(seen - 1)])


def test_slower_purchases_raise_an_alarm() -> None:
    # Fourteen gaps of 5 days and then six of 12: all of the longer ones are the latest.
    slower = rhythm(50, [5] * 14 + [12] * 6)
    found = change_alerts(days(*STEADY, *slower), day(slower[-1][1]))
    row = found.table.row(by_predicate=pl.col("kind") == SLOWER, named=True)

    assert (row["customer_id"], row["usual"], row["recent"]) == (50, 5.0, 12.0)
    assert row["since"] == day(70 + 12)
    # 6 odd ones of 20, all 6 among the latest 6: one of 38,760 sequences.
    assert row["p_value"] == pytest.approx(1 / 38_760)
    assert alarms([*STEADY, *rhythm(50, [12] * 6 + [5] * 14)], SLOWER) == []


def test_smaller_purchases_raise_an_alarm() -> None:
    nets = ["50"] * 14 + ["20"] * 6
    smaller = [(60, 7 * number, net) for number, net in enumerate(nets)]
    assert alarms([*STEADY, *smaller], SMALLER) == [60]
    assert alarms([*STEADY, *[(60, 7 * n, net) for n, net in enumerate(nets[::-1])]], SMALLER) == []


def test_another_category_raises_an_alarm() -> None:
    categories = [1] * 14 + [2] * 6
    other = [(70, 7 * number, "10", category) for number, category in enumerate(categories)]
    found = change_alerts(days(*other), LAST).table
    row = found.row(by_predicate=pl.col("kind") == OTHER_CATEGORY, named=True)

    assert (row["customer_id"], row["p_value"]) == (70, pytest.approx(1 / 38_760))
    assert (row["usual"], row["recent"]) == (1.0, 0.0)
    assert (row["usual_category_id"], row["recent_category_id"]) == (1, 2)


def test_a_long_silence_raises_an_alarm() -> None:
    # Forty customers bought every 4 to 11 days to day 200, customer 80 every 6 days to day 140.
    regular = [
        (customer, 200 - number)
        for customer in range(1, 41)
        for _, number in rhythm(customer, RANDOM.integers(4, 12, 20))
    ]
    silent = rhythm(80, [6] * 12, 68)
    found = change_alerts(days(*regular, *silent), day(202), 0.03).table
    row = found.row(by_predicate=pl.col("kind") == SILENT, named=True)

    assert row["customer_id"] == 80
    assert (row["since"], row["recent"]) == (day(140), 62.0)
    # None of the 41 customers ever had such a gap: the silence itself is one of 42 cases.
    assert row["p_value"] == pytest.approx(1 / 42)


def test_short_histories_are_not_tested() -> None:
    found = change_alerts(days(*rhythm(1, [5] * 11), *rhythm(2, [5] * 10), (3, 0)), day(60))
    # Twelve purchases have eleven gaps.
    assert found.tested == {SILENT: 0, SLOWER: 0, SMALLER: 1, OTHER_CATEGORY: 1}
    assert found.table.is_empty()
    assert change_alerts(days(), day(0)).table.schema == ALERTS


@pytest.mark.parametrize(("rate", "least"), [(0.01, 0), (0.05, 10)])
def test_shuffled_histories_raise_no_more_alarms_than_stated(rate: float, least: int) -> None:
    random = np.random.default_rng(2)
    customers = store(300, 500).filter(pl.len().over("customer_id") > 2)
    frequent = days(*STEADY).with_columns(pl.col("customer_id") + 1000)
    known = pl.concat([customers, frequent])
    alarms = dict.fromkeys((SILENT, SLOWER, SMALLER, OTHER_CATEGORY), 0)
    tested = dict(alarms)
    for _ in range(8):
        found = change_alerts(shuffled(known, random), day(5000), rate)
        for kind, number in found.tested.items():
            tested[kind] += number
            alarms[kind] += found.table.filter(pl.col("kind") == kind).height
    for kind, number in alarms.items():
        assert tested[kind] >= 320
        # Two standard errors above the stated rate, for chance deals unevenly.
        assert number / tested[kind] <= rate + 2 * np.sqrt(rate / tested[kind]), kind
    assert sum(alarms.values()) >= least


def test_shifting_time_changes_only_dates() -> None:
    rows = days(*STEADY, *rhythm(50, [5] * 14 + [12] * 6))
    found, later = (
        change_alerts(
            rows.with_columns(pl.col("day").dt.offset_by(f"{n}d")), LAST + timedelta(days=n)
        )
        for n in (0, 77)
    )
    assert_frame_equal(later.table, found.table.with_columns(pl.col("since").dt.offset_by("77d")))


def test_nothing_after_the_last_day_is_looked_at() -> None:
    rows = store(200)
    assert_frame_equal(
        change_alerts(rows, day(250)).table, change_alerts(until(rows, day(250)), day(250)).table
    )


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="false_alarm_rate is 1"):
        change_alerts(days(), LAST, 1)
    with pytest.raises(ValueError, match="recent_purchases is 12"):
        change_alerts(days(), LAST, recent_purchases=12)
