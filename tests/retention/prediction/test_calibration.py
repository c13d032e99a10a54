import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.prediction.calibration import area_under_curve, calibration, quantile_groups
from retention.prediction.columns import CALIBRATION
from retention.prediction.evidence import NotEnoughData


def test_groups_are_equal_where_values_differ() -> None:
    assert quantile_groups([30, 10, 20, 40, 50], 5).tolist() == [3, 1, 2, 4, 5]
    assert quantile_groups([1, 2, 3, 4], 2).tolist() == [1, 1, 2, 2]


def test_equal_values_share_the_group_of_their_middle() -> None:
    # Six ones have the ranks 1 to 6 of 10, in the middle 3.5: (3.5 - 0.5) / 10 × 5 = 1.5, group 2.
    assert quantile_groups([1, 1, 1, 1, 1, 1, 2, 3, 4, 5], 5).tolist() == [2] * 6 + [4, 4, 5, 5]
    assert quantile_groups([], 5).tolist() == []
    with pytest.raises(ValueError, match="groups is 0"):
        quantile_groups([1], 0)


def test_the_area_counts_pairs_and_half_of_ties() -> None:
    # Of the 2 × 3 pairs, 0.9 is above all three; 0.5 is above one and equal to another.
    scores, happened = [0.9, 0.5, 0.5, 0.7, 0.1], [1, 1, 0, 0, 0]
    assert area_under_curve(scores, happened) == pytest.approx((3 + 1.5) / 6)
    with pytest.raises(NotEnoughData):
        area_under_curve([0.1, 0.2], [1, 1])


def test_the_error_weighs_the_groups_by_size() -> None:
    # 60 are given 0.2 and 15 of them come (0.25); 40 are given 0.9 and 32 come (0.8).
    predicted = [0.2] * 60 + [0.9] * 40
    actual = [1] * 15 + [0] * 45 + [1] * 32 + [0] * 8
    result = calibration(predicted, actual, groups=2)

    assert result.table.schema == CALIBRATION
    assert result.table.select("count").to_series().to_list() == [60, 40]
    assert result.table.select("predicted", "actual").rows() == [
        (pytest.approx(0.2), 0.25),
        (pytest.approx(0.9), 0.8),
    ]
    assert result.error == pytest.approx(0.6 * 0.05 + 0.4 * 0.1)
    assert result.total_error == pytest.approx(48 / 47 - 1)
    # Standard deviations of 0.433 and 0.4: (60 × 0.433 / sqrt(60) + 40 × 0.4 / sqrt(40)) × 0.798.
    assert result.by_chance == pytest.approx(0.0469, abs=1e-4)
    assert (result.customers, result.verdict) == (100, "fits")


def test_a_fit_is_bad_when_a_group_or_the_total_is_off() -> None:
    even = [0.5] * 100
    assert calibration(even, [1, 0] * 50).verdict == "fits"
    assert calibration(even, [1, 1, 0] * 33 + [0]).verdict == "fits badly"
    assert calibration(even, [0] * 100).total_error is None
    assert calibration(even, [0] * 100).verdict == "fits badly"
    # Purchases: 2 and 4 expected where 3 and 3 come; the error of 1 exceeds a quarter of 3.
    assert calibration([2] * 50 + [4] * 50, [3] * 100).verdict == "fits badly"
    assert calibration([2.5] * 50 + [3.5] * 50, [3] * 100).verdict == "fits"
    assert calibration([2.5] * 50 + [3.5] * 50, [3] * 100, tolerance=0.4).verdict == "fits badly"


def test_too_few_customers_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="have 99 customers, need 100"):
        calibration([0.5] * 99, [0] * 99)
    with pytest.raises(ValueError, match="2 predictions but 1 outcomes"):
        calibration([0.5, 0.5], [0])


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_the_sequence_of_customers_does_not_matter(values: list[int]) -> None:
    order = np.random.default_rng(len(values)).permutation(len(values))
    shuffled = np.array(values)[order]
    assert (quantile_groups(shuffled, 5) == quantile_groups(values, 5)[order]).all()
