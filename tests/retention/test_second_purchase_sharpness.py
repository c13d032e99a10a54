import numpy as np
import pytest
from numpy.typing import NDArray

from retention.second_purchase_sharpness import likeliest_sharpness, sharpened

STATED = np.array([[0.8, 0.2]] * 3)
CAME = np.array([0, 0, 1])


def test_powers_are_made_to_sum_to_one() -> None:
    # The roots of 0.8 and 0.2 are as 2 to 1.
    assert sharpened(STATED[:1], 0.5) == pytest.approx(np.array([[2 / 3, 1 / 3]]))
    assert sharpened(STATED[:1], 1.0) == pytest.approx(STATED[:1])


@pytest.mark.parametrize(
    ("stated", "sharpness"),
    # Odds of 4 are stated, or 1.41, and 2 came.
    [(STATED, 0.5), (np.array([[2**0.5, 1.0]] * 3) / (2**0.5 + 1), 2.0)],
)
def test_many_customers_decide_how_sharp_it_is(
    stated: NDArray[np.float64], sharpness: float
) -> None:
    found = likeliest_sharpness(stated, CAME, np.full(3, 1e6))
    assert found == pytest.approx(sharpness, abs=0.002)


def test_few_customers_change_little_and_none_nothing() -> None:
    assert 0.9 < likeliest_sharpness(STATED, CAME, np.ones(3)) < 1.0
    assert likeliest_sharpness(STATED[:0], CAME[:0], np.ones(0)) == 1.0
