import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad

from retention.arrays import Floats
from retention.prediction.evidence import NotEnoughData
from retention.prediction.gamma_gamma import GammaGamma, _loss, fit_gamma_gamma
from retention.prediction.summary import customer_summary
from tests.retention.prediction.cdnow import LAST_DAY, purchase_days

# What lifetimes 0.11.3 gives for CDNOW: customer, expected value of a purchase.
LIFETIMES = [
    (1, 24.65391871323464),
    (2, 18.910018475337225),
    (6, 71.46470572273908),
    (136, 25.580487710830845),
    (1247, 19.60489432262581),
    (2356, 33.5007817048784),
]


def repeaters() -> pl.DataFrame:
    known = customer_summary(purchase_days(), LAST_DAY)
    return known.filter(pl.col("frequency") > 0)


def test_cdnow_gives_the_published_parameters() -> None:
    known = repeaters()
    model = fit_gamma_gamma(known["frequency"].to_numpy(), known["monetary_value"].to_numpy())

    assert round(model.p, 2) == 6.25
    assert round(model.q, 2) == 3.74
    # The published 15.44 and 15.45 differ by the rounding of the means to cents.
    assert model.v == pytest.approx(15.445, abs=0.006)
    assert model.customers == 946
    # The value of a purchase is nearly unrelated to their number: 0.11 in the paper.
    assert round(model.correlation, 2) == 0.11


def test_cdnow_agrees_with_lifetimes() -> None:
    known = repeaters()
    x, m = known["frequency"].to_numpy(), known["monetary_value"].to_numpy()
    model = fit_gamma_gamma(x, m)

    # lifetimes stops at a gradient of 1e-8 or so.
    assert (model.p, model.q, model.v) == pytest.approx(
        (6.249572277637132, 3.744224674758082, 15.44352101835793), rel=1e-4
    )
    expected = dict(zip(known["customer_id"], model.expected_value(x, m), strict=True))
    for customer, value in LIFETIMES:
        assert expected[customer] == pytest.approx(value, rel=1e-6)


@given(st.lists(st.floats(-1, 2), min_size=3, max_size=3))
def test_the_gradient_is_that_of_the_likelihood(logarithms: list[float]) -> None:
    table = (np.array([1.0, 4, 9]), np.array([0, 1, 2, 0]), np.array([0.2, 1, 3, 2]))

    def value(point: Floats) -> float:
        return _loss(point, *table)[0]

    def slope(point: Floats) -> Floats:
        return _loss(point, *table)[1]

    assert check_grad(value, slope, np.array(logarithms)) < 1e-4


def test_the_expected_value_lies_between_ones_own_and_everybodys() -> None:
    # With p = 2, q = 3 and v = 10 everybody's mean is 2 × 10 / (3 - 1) = 10; a customer with 4
    # purchases of 30 on average gets 2 × (10 + 4 × 30) / (2 × 4 + 3 - 1) = 26.
    model = GammaGamma(p=2, q=3, v=10, log_likelihood=0, customers=0, correlation=0)
    assert model.expected_value(np.array([0, 4]), np.array([np.nan, 30])).tolist() == [10.0, 26.0]


def test_the_currency_only_scales_v() -> None:
    known = repeaters()
    x, m = known["frequency"].to_numpy(), known["monetary_value"].to_numpy()
    dollars, rials = fit_gamma_gamma(x, m), fit_gamma_gamma(x, m * 1e6)

    assert rials.v / 1e6 == pytest.approx(dollars.v, rel=1e-6)
    assert rials.p == pytest.approx(dollars.p, rel=1e-6)
    assert rials.log_likelihood == pytest.approx(
        dollars.log_likelihood - dollars.customers * np.log(1e6), abs=1e-3
    )


def test_customers_without_a_second_price_are_left_out() -> None:
    known = repeaters()
    x, m = known["frequency"].to_numpy(), known["monetary_value"].to_numpy()
    more = fit_gamma_gamma(np.append(x, [0, 2]), np.append(m, [np.nan, 0]))
    assert more == fit_gamma_gamma(x, m)
    with pytest.raises(
        NotEnoughData, match="have 1 customers who bought again at a price, need 30"
    ):
        fit_gamma_gamma(np.array([0, 1]), np.array([5, 5]))
