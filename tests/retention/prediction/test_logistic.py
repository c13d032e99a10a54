import numpy as np
import pytest
from scipy.optimize import minimize

from retention.prediction.logistic import fit_logistic


def test_factors_that_never_differ_leave_the_base_rate() -> None:
    model = fit_logistic(np.ones((8, 2)), np.array([True, True] + [False] * 6))
    assert model.probability(np.ones((1, 2))) == pytest.approx([0.25])
    assert model.contributions(np.ones((1, 2))).tolist() == [[0.0, 0.0]]


def test_it_finds_the_highest_penalised_likelihood() -> None:
    random = np.random.default_rng(3)
    factors = random.normal(size=(300, 2)) * [1, 50] + [0, 10]
    happened = random.random(300) < 1 / (1 + np.exp(1 - 2 * factors[:, 0]))
    model = fit_logistic(factors, happened)
    standard = (factors - factors.mean(axis=0)) / factors.std(axis=0)

    def loss(w: np.ndarray) -> float:
        odds = w[0] + standard @ w[1:]
        return float(np.sum(np.logaddexp(0, odds) - happened * odds) + w[1:] @ w[1:] / 2)

    best = minimize(loss, np.zeros(3)).x
    assert model.intercept == pytest.approx(best[0], abs=1e-4)
    assert model.weights == pytest.approx(best[1:], abs=1e-4)
    # With an intercept the mean prediction is what happened on average.
    assert model.probability(factors).mean() == pytest.approx(happened.mean())


def test_outcomes_that_separate_have_finite_weights() -> None:
    factors = np.arange(40.0)[:, None]
    model = fit_logistic(factors, factors[:, 0] >= 20)
    assert np.isfinite(model.weights).all()
    assert model.probability(np.array([[0.0], [39.0]])).round(1).tolist() == [0.0, 1.0]
