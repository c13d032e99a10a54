from math import exp, log, sqrt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.datasets import load_waltons
from lifelines.utils import median_survival_times

from retention.columns import CUSTOMER_ID
from retention.figures.columns import CURVE, SPELLS
from retention.figures.survival import kaplan_meier, quantile, spells, survival_at
from tests.retention.figures.tables import at, bought

# Weeks in remission of 21 leukaemia patients on 6-mercaptopurine; + was still in remission
# (E. J. Freireich and others, Blood 21 (1963), 699-716).
REMISSION = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"


def spells_of(text: str, **columns: list[object]) -> pl.DataFrame:
    words = text.split()
    return pl.DataFrame(
        {
            "duration": [float(word.rstrip("+")) for word in words],
            "returned": [not word.endswith("+") for word in words],
            **columns,
        }
    )


def test_spells_end_with_the_second_purchase_or_the_observation() -> None:
    table = bought((1, 0, "1", 7), (1, 2.5, "1"), (1, 9, "1"), (2, 4, "1", None))

    found = spells(table, at(10))

    assert found.schema == SPELLS
    assert found.rows() == [(1, 7, at(0), 2.5, True), (2, None, at(4), 6.0, False)]


def test_the_curve_of_five_customers() -> None:
    # Of five, one comes back after 1 day; one leaves observation after 2; of the three left one
    # comes back after 3, one after 4, one is last seen at 5: 4/5, 4/5 * 2/3, 4/5 * 1/3.
    found = kaplan_meier(spells_of("1 2+ 3 4 5+"))

    assert found.schema == CURVE
    assert found["time"].to_list() == [1, 2, 3, 4, 5]
    assert found["at_risk"].to_list() == [5, 4, 3, 2, 1]
    assert found["events"].to_list() == [1, 0, 1, 1, 0]
    assert found["survival"].to_list() == pytest.approx([0.8, 0.8, 8 / 15, 4 / 15, 4 / 15])
    # Greenwood at 1: 1/(5*4). The ends are S^exp(±z sqrt(0.05) / |ln S|).
    width = 1.959964 * sqrt(0.05) / -log(0.8)
    assert found["low"][0] == pytest.approx(0.8 ** exp(width), abs=1e-6)
    assert found["high"][0] == pytest.approx(0.8 ** exp(-width), abs=1e-6)


def test_published_survival_of_leukaemia_patients() -> None:
    curve = kaplan_meier(spells_of(REMISSION))

    rounded = {
        int(time): round(survival, 3)
        for time, survival in curve.filter(pl.col("events") > 0)
        .select("time", "survival")
        .iter_rows()
    }
    assert rounded == {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.69, 16: 0.627, 22: 0.538, 23: 0.448}
    assert [round(end, 3) for end in curve.row(0)[4:]] == [0.62, 0.952]
    assert curve.select(quantile(0.5)).row(0) == (23.0, 13.0, None)


def test_curves_of_groups_are_those_of_each_group_alone() -> None:
    together = spells_of("1 2+ 3 4 5+ 6 6+", category_id=[1, 1, 2, 2, None, None, 1])

    found = kaplan_meier(together, ["category_id"])

    for group in (1, 2, None):
        alone = together.filter(pl.col("category_id").eq_missing(group))
        part = found.filter(pl.col("category_id").eq_missing(group)).drop("category_id")
        assert part.equals(kaplan_meier(alone))


def test_survival_between_times_and_beyond() -> None:
    curve = kaplan_meier(spells_of("2 2+ 4 4"))

    assert survival_at(curve, 1.9) == (1.0, 1.0, 1.0)
    assert survival_at(curve, 3.9)[0] == 0.75
    # Nobody is left: the interval has no upper end.
    assert survival_at(curve, 4) == (0.0, 0.0, None)


def test_a_share_is_reached_in_spite_of_rounding() -> None:
    # 23/24 * 22/23 * … * 12/13 is a half, but 0.5000000000000001 in floating point.
    curve = kaplan_meier(spells_of(" ".join([*map(str, range(1, 13)), *["99+"] * 12])))

    assert curve["survival"][11] != 0.5
    assert curve.select(quantile(0.5)).row(0)[0] == 12


def test_nobody_at_all_has_an_empty_curve() -> None:
    curve = kaplan_meier(SPELLS.to_frame())

    assert curve.schema == CURVE
    assert curve.height == 0
    assert curve.select(quantile(0.5)).row(0) == (None, None, None)


def agrees_with_lifelines(durations: list[float], observed: list[bool]) -> None:
    reference = KaplanMeierFitter().fit(durations, observed)
    ours = kaplan_meier(pl.DataFrame({"duration": durations, "returned": observed})).filter(
        pl.col("survival") > 0
    )
    times = ours["time"].to_list()
    for column, theirs in (
        ("survival", reference.survival_function_["KM_estimate"]),
        ("low", reference.confidence_interval_["KM_estimate_lower_0.95"]),
        ("high", reference.confidence_interval_["KM_estimate_upper_0.95"]),
    ):
        np.testing.assert_allclose(ours[column].to_numpy(), theirs.loc[times], atol=1e-6)


def test_agreement_with_lifelines_on_its_own_data() -> None:
    data = load_waltons()
    durations, observed = data["T"].astype(float).tolist(), data["E"].astype(bool).tolist()

    agrees_with_lifelines(durations, observed)

    reference = KaplanMeierFitter().fit(durations, observed)
    curve = kaplan_meier(pl.DataFrame({"duration": durations, "returned": observed}))
    median, low, high = curve.select(quantile(0.5)).row(0)
    assert median == reference.median_survival_time_
    [ends] = median_survival_times(reference.confidence_interval_).to_numpy().tolist()
    assert [low, high] == ends


@given(st.lists(st.tuples(st.floats(0.001, 1000), st.booleans()), min_size=1, max_size=40))
def test_agreement_with_lifelines_on_any_data(rows: list[tuple[float, bool]]) -> None:
    # The last one is still open, because lifelines has no interval where nobody is left.
    agrees_with_lifelines([*(row[0] for row in rows), 1001.0], [*(row[1] for row in rows), False])


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=30))
def test_two_halves_of_a_store_add_up(rows: list[tuple[int, bool]]) -> None:
    known = pl.DataFrame(rows, schema=["duration", "returned"], orient="row").with_columns(
        pl.col("duration").cast(pl.Float64), pl.int_range(pl.len()).alias(CUSTOMER_ID)
    )
    whole = kaplan_meier(known)
    parts = [kaplan_meier(known.filter(pl.col(CUSTOMER_ID) % 2 == half)) for half in (0, 1)]

    events = pl.concat(parts).group_by("time").agg(pl.col("events").sum()).sort("time")
    assert events["events"].to_list() == whole["events"].to_list()
    assert whole["at_risk"][0] == sum(part["at_risk"][0] for part in parts)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=30))
def test_without_censoring_the_curve_is_the_share_still_silent(
    rows: list[tuple[int, bool]],
) -> None:
    durations = [float(day) for day, _ in rows]
    curve = kaplan_meier(pl.DataFrame({"duration": durations, "returned": [True] * len(rows)}))

    for time, survival in curve.select("time", "survival").iter_rows():
        assert survival == pytest.approx(sum(day > time for day in durations) / len(rows))
