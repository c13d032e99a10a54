import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad
from scipy.special import betaincinv

from retention.arrays import Floats
from retention.prediction.bg_nbd import BgNbd, _loss, fit_bg_nbd
from retention.prediction.evidence import NotEnoughData
from retention.prediction.summary import customer_summary
from tests.retention.prediction.cdnow import LAST_DAY, purchase_days
from tests.retention.prediction.tables import day, store

# What lifetimes 0.11.3 gives for CDNOW in weeks, rounded to 0.01 as its own table is: customer,
# purchases expected in the coming 39 weeks, probability of being alive.
LIFETIMES = [
    (1, 1.2259104380024652, 0.7266091461450241),
    (2, 0.20325063969164542, 0.2122274041325634),
    (3, 0.1947808464875038, 1.0),
    (17, 5.93357466104591, 0.8153255581214642),
    (61, 2.2416785736989104, 0.7156123184952949),
    (100, 0.626795183850531, 0.6469884600834138),
    (303, 0.7457993961453562, 0.749646875388093),
    (1517, 0.8541909574346496, 0.7508288184907703),
    (2357, 0.2589774923128461, 1.0),
]


def cdnow() -> tuple[Floats, Floats, Floats]:
    """Frequency, recency and age of CDNOW in weeks."""
    known = customer_summary(purchase_days(), LAST_DAY)
    x, t_x, t = (known[name].to_numpy() for name in ("frequency", "recency_days", "age_days"))
    return x.astype(np.float64), (t_x / 7).round(2), (t / 7).round(2)


def test_cdnow_gives_the_published_parameters() -> None:
    model = fit_bg_nbd(*cdnow())

    assert round(model.r, 3) == 0.243
    assert round(model.alpha, 3) == 4.414
    assert round(model.a, 3) == 0.793
    assert round(model.b, 3) == 2.426
    assert round(model.log_likelihood, 1) == -9582.4
    assert model.customers == 2357
    assert not model.at_bound


def test_cdnow_agrees_with_lifetimes() -> None:
    x, t_x, t = cdnow()
    model = fit_bg_nbd(x, t_x, t)
    # lifetimes stops at a gradient of 1e-7 or so.
    assert (model.r, model.alpha) == pytest.approx(
        (0.24259290745815332, 4.413531604328725), abs=1e-6
    )
    assert (model.a, model.b) == pytest.approx((0.7928861562998859, 2.4257533770418043), abs=1e-6)
    expected, active = model.expected_purchases(39, x, t_x, t), model.probability_active(x, t_x, t)
    for customer, purchases, alive in LIFETIMES:
        assert expected[customer - 1] == pytest.approx(purchases, abs=1e-6)
        assert active[customer - 1] == pytest.approx(alive, abs=1e-6)
    assert expected.sum() == pytest.approx(1653.423243957041, abs=1e-3)


@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_the_gradient_is_that_of_the_likelihood(logarithms: list[float]) -> None:
    table = (
        np.array([0.0, 1, 5]),
        np.array([0, 1, 2, 0]),
        np.array([0.0, 3, 20, 0]),
        np.array([9.0, 7, 20, 4]),
        np.array([2, 1, 1, 3]),
    )

    def value(point: Floats) -> float:
        return _loss(point, *table)[0]

    def slope(point: Floats) -> Floats:
        return _loss(point, *table)[1]

    assert check_grad(value, slope, np.array(logarithms)) < 1e-4


def test_the_unit_of_time_only_scales_alpha() -> None:
    x, t_x, t = cdnow()
    weeks, days = fit_bg_nbd(x, t_x, t), fit_bg_nbd(x, t_x * 7, t * 7)

    assert days.alpha / 7 == pytest.approx(weeks.alpha, rel=1e-5)
    assert days.a == pytest.approx(weeks.a, rel=1e-5)
    assert days.log_likelihood + x.sum() * np.log(7) == pytest.approx(
        weeks.log_likelihood, abs=1e-3
    )


# With r = 1, alpha = 1, a = 2 and b = 3 the formulas can be worked out by hand.
SIMPLE = BgNbd(r=1, alpha=1, a=2, b=3, log_likelihood=0, customers=0, at_bound=False)


def test_a_worked_customer_is_active_by_three_to_eight() -> None:
    # x = 1, t_x = 1, T = 3: the odds of having left are a / b × ((1 + 3) / (1 + 1))^2 = 8 / 3.
    one = (np.array([1]), np.array([1]), np.array([3]))
    assert SIMPLE.probability_active(*one) == pytest.approx([3 / 11])
    # Silent for another 4 with ((1 + 3) / (1 + 7))^2 = 1 / 4: 1 - 3 / 11 × 3 / 4 = 35 / 44.
    assert SIMPLE.probability_of_no_purchase(4, *one) == pytest.approx([35 / 44])


def test_one_time_buyers_are_always_active_but_need_not_come() -> None:
    nobody = (np.array([0, 0]), np.array([0, 0]), np.array([1, 99]))
    assert SIMPLE.probability_active(*nobody).tolist() == [1.0, 1.0]
    # (1 + 1) / (1 + 1 + 10) and (1 + 99) / (1 + 99 + 10).
    assert SIMPLE.probability_of_no_purchase(10, *nobody) == pytest.approx([2 / 12, 100 / 110])


def test_in_a_short_time_one_purchase_is_expected_where_any_is() -> None:
    one = (np.array([3, 0]), np.array([4, 0]), np.array([5, 5]))
    some = 1 - SIMPLE.probability_of_no_purchase(1e-6, *one)
    assert SIMPLE.expected_purchases(1e-6, *one) == pytest.approx(some, rel=1e-5)


def test_expected_purchases_pass_smoothly_through_a_of_one() -> None:
    def expected(a: float) -> float:
        model = BgNbd(r=1, alpha=1, a=a, b=3, log_likelihood=0, customers=0, at_bound=False)
        return float(model.expected_purchases(9, np.array([3]), np.array([4]), np.array([5]))[0])

    assert expected(1.0) == pytest.approx((expected(0.9999) + expected(1.0001)) / 2, rel=1e-6)


@given(
    st.floats(-4, 3.9), st.floats(-1, 6), st.floats(-6, 3.9), st.floats(-3, 12), st.integers(0, 300)
)
def test_expected_purchases_are_the_mean_over_the_chances_of_leaving(
    log_r: float, log_alpha: float, log_a: float, log_b: float, frequency: int
) -> None:
    r, alpha, a, b = np.exp([log_r, log_alpha, log_a, log_b])
    model = BgNbd(r=r, alpha=alpha, a=a, b=b, log_likelihood=0, customers=0, at_bound=False)
    customer = (np.array([frequency]), np.array([frequency]), np.array([frequency + 30]))
    # A customer who leaves with probability p after each purchase makes
    # (1 - ((alpha + T) / (alpha + T + p t))^(r + x)) / p of them in the time t.
    leaves = np.maximum(betaincinv(a, b + frequency, (np.arange(20_000) + 0.5) / 20_000), 1e-300)
    rest = (r + frequency) * np.log1p(leaves * 60 / (alpha + frequency + 30))
    mean = np.mean(-np.expm1(-rest) / leaves) * model.probability_active(*customer)[0]
    assert model.expected_purchases(60, *customer)[0] == pytest.approx(mean, rel=1e-3)


def test_a_store_whose_customers_hardly_differ_is_marked() -> None:
    table = customer_summary(store(600), day(240))
    x, t_x, t = (table[name].to_numpy() for name in ("frequency", "recency_days", "age_days"))
    model = fit_bg_nbd(x, t_x, t)
    assert model.at_bound
    assert np.isfinite(model.expected_purchases(60, x, t_x, t)).all()
    # Every customer of that store leaves with probability 0.2 after each purchase.
    assert model.a / (model.a + model.b) == pytest.approx(0.2, abs=0.04)


def test_customers_with_hundreds_of_purchases_are_foreseen() -> None:
    # Of a customer who bought 400 times in 400 days to the last one, hardly fewer are expected.
    model = BgNbd(r=1, alpha=1, a=0.01, b=9, log_likelihood=0, customers=0, at_bound=False)
    often = (np.array([400]), np.array([400]), np.array([400]))
    assert model.expected_purchases(30, *often)[0] == pytest.approx(30, rel=0.01)


def test_simulated_customers_buy_as_often_as_is_expected() -> None:
    random = np.random.default_rng(5)
    count = 40_000
    rate, leaves = random.gamma(2, 1 / 20, count), random.beta(1.5, 4, count)
    x, t_x, later = np.zeros(count), np.zeros(count), np.zeros(count)
    now, active = np.zeros(count), np.ones(count, dtype=bool)
    while active.any():
        now = np.where(active, now + random.exponential(1 / rate), now)
        known, coming = active & (now <= 50), active & (now > 50) & (now <= 90)
        x, t_x, later = x + known, np.where(known, now, t_x), later + coming
        active &= (now <= 90) & (random.random(count) >= leaves)
    model = BgNbd(r=2, alpha=20, a=1.5, b=4, log_likelihood=0, customers=0, at_bound=False)
    ages = np.full(count, 50.0)

    # The standard error of the mean is 0.009.
    assert later.mean() == pytest.approx(
        model.expected_purchases(40, x, t_x, ages).mean(), abs=0.03
    )
    assert (later == 0).mean() == pytest.approx(
        model.probability_of_no_purchase(40, x, t_x, ages).mean(), abs=0.01
    )


def test_too_few_customers_are_refused() -> None:
    with pytest.raises(NotEnoughData, match=r"have 49 customers, need 50"):
        fit_bg_nbd(np.ones(49), np.ones(49), np.ones(49))
    with pytest.raises(NotEnoughData, match=r"have 0 customers who bought again, need 10"):
        fit_bg_nbd(np.zeros(50), np.zeros(50), np.ones(50))


def test_impossible_customers_are_refused() -> None:
    with pytest.raises(ValueError, match="0 <= recency <= age"):
        fit_bg_nbd(np.ones(1), np.array([2]), np.array([1]))
    with pytest.raises(ValueError, match="differ in length"):
        fit_bg_nbd(np.ones(1), np.ones(2), np.ones(2))
