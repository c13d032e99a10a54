import numpy as np
import pytest

from retention.evaluation.bootstrap import Estimate, mean_over_customers


def test_the_mean_is_over_the_cases_not_over_the_customers() -> None:
    found = mean_over_customers([1, 1, 1, 0], ["a", "a", "a", "b"])
    assert found.value == 0.75
    assert (found.n, found.customers) == (4, 2)
    # Of two customers drawn both are a, both are b, or one of each.
    assert (found.low, found.high) == (0.0, 1.0)


def test_no_variation_leaves_no_doubt() -> None:
    assert mean_over_customers([0.5] * 6, [1, 1, 2, 2, 3, 3]) == Estimate(0.5, 0.5, 0.5, 6, 3)


def test_the_interval_of_independent_values_is_that_of_their_mean() -> None:
    values = np.tile([0.0, 1.0], 200)
    found = mean_over_customers(values, np.arange(400), draws=4000)
    # Half the width is 1.96 * 0.5 / sqrt(400).
    assert found.low == pytest.approx(0.451, abs=0.004)
    assert found.high == pytest.approx(0.549, abs=0.004)


def test_repeating_each_customers_value_makes_the_interval_no_narrower() -> None:
    values, customers = np.tile([0.0, 1.0], 50), np.arange(100)
    once = mean_over_customers(values, customers)
    often = mean_over_customers(np.repeat(values, 9), np.repeat(customers, 9))
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(ValueError, match="one of each"):
        mean_over_customers([1.0], [1, 2])
    with pytest.raises(ValueError, match="at least one"):
        mean_over_customers([], [])
