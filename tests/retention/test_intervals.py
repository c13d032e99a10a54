import numpy as np
import pytest

from retention.intervals import wilson


@pytest.mark.parametrize(
    ("count", "base", "low", "high"),
    [
        (3_000, 10_000, 29.1, 30.9),
        (300, 1_000, 27.2, 32.9),
        (30, 100, 21.9, 39.6),
        (0, 0, 0.0, 100.0),
    ],
)
def test_the_interval_is_that_of_the_published_example(
    count: int, base: int, low: float, high: float
) -> None:
    ends = wilson(count, base)

    assert [round(100 * float(end), 1) for end in ends] == [low, high]


def test_no_success_leaves_z2_over_n_plus_z2_above() -> None:
    # z = 1.959964, z² = 3.841459; of 10 none: high = 3.841459 / 13.841459 = 0.277533.
    low, high = wilson(np.array([0, 10]), np.array([10, 10]))

    assert low.tolist() == pytest.approx([0, 1 - 0.277533], abs=1e-6)
    assert high.tolist() == pytest.approx([0.277533, 1], abs=1e-6)


def test_more_confidence_is_wider() -> None:
    # z = 2.575829, z² = 6.634897: centre (30 + 3.317448) / 106.634897 = 0.312444,
    # half 2.575829 / 106.634897 * sqrt(100 * 0.21 + 1.658724) = 0.114982.
    low, high = wilson(30, 100, confidence=0.99)

    assert (float(low), float(high)) == pytest.approx((0.197462, 0.427426), abs=1e-5)


@pytest.mark.parametrize(("count", "base"), [(5, 4), (-1, 4)])
def test_a_count_outside_its_base_is_refused(count: int, base: int) -> None:
    with pytest.raises(ValueError, match="count must lie between 0 and base"):
        wilson(count, base)


def test_a_confidence_in_percent_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence is 95"):
        wilson(1, 2, confidence=95)
