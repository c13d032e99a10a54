"""The evaluation of second categories on stores whose answers are known beforehand."""

import polars as pl
import pytest

from retention.evaluation.second_category import SecondCategory, second_category
from retention.prediction.calibration import Calibration
from retention.prediction.evidence import NotEnoughData
from tests.retention.tables import orders, products

CATALOGUE = products(*((number, number * 10, True) for number in range(1, 6)))


def store(*customers: list[int], days_apart: float = 1.0) -> pl.DataFrame:
    """Customers one day after the other; each buys one product in each purchase, a day apart."""
    return orders(
        *(
            (customer * 10 + place, customer, customer * days_apart + place, [product])
            for customer, bought in enumerate(customers, 1)
            for place, product in enumerate(bought)
        )
    )


@pytest.fixture(scope="module")
def loyal() -> SecondCategory:
    """Everyone buys again what they bought: two of six product 1, one each of the others."""
    customers = [[max(number % 6, 1)] * 2 for number in range(600)]
    return second_category(store(*customers), CATALOGUE, samples=(200,))


def test_where_everyone_buys_the_same_again_ours_is_always_right(loyal: SecondCategory) -> None:
    for setting in ("others", "earlier", "sample 200"):
        ours = loyal.score(setting, "ours")
        assert ours.top_1.value == ours.top_3.value == 1
        assert loyal.score(setting, "same as first").top_1.value == 1
        assert loyal.score(setting, "Markov, all pairs").top_1.value == 1
        assert (ours.gain_1.value, ours.gain_3.value) == (0, 0)
    for setting in ("others", "earlier"):
        majority = loyal.score(setting, "majority")
        assert majority.top_1.value == pytest.approx(1 / 3)
        assert majority.gain_1.value == pytest.approx(2 / 3)


def test_everyone_is_predicted_once_by_others_and_later_ones_by_earlier(
    loyal: SecondCategory,
) -> None:
    assert loyal.score("others", "ours").top_1.customers == 600
    # The first of ten parts has nobody before it.
    assert loyal.score("earlier", "ours").top_1.customers == 540
    assert loyal.score("sample 200", "ours").top_1.n == 20 * 500


def test_what_is_stated_is_compared_with_what_came(loyal: SecondCategory) -> None:
    first, three = loyal.named_first["others"], loyal.named["others"]
    assert isinstance(first, Calibration)
    assert isinstance(three, Calibration)
    assert first.error < 0.03
    assert (first.customers, three.customers) == (600, 3 * 600)


def test_what_is_too_little_to_be_stated_is_not_judged() -> None:
    # Parts of 17 customers, one a day, who come back a day later: before the parts begin 16, 33,
    # 50, 67, 84, 101 ... of 170 have come back, and from 97 on something is stated.
    customers = [[max(number % 6, 1)] * 2 for number in range(170)]
    found = second_category(store(*customers), CATALOGUE, samples=(200,))

    by_others, in_time = found.named_first["others"], found.named_first["earlier"]
    assert isinstance(by_others, Calibration)
    assert by_others.customers == 170
    assert isinstance(in_time, NotEnoughData)
    assert (in_time.have, in_time.need) == (4 * 17, 100)
    assert found.score("earlier", "ours").top_1.customers == 9 * 17
    # 200 orders are of 100 customers, so that the other 70 are predicted, 20 times.
    in_samples = found.named_first["sample 200"]
    assert isinstance(in_samples, Calibration)
    assert in_samples.customers == 20 * 70


def test_nothing_later_is_known() -> None:
    # The first half comes back for product 2, the second half for product 3. When the second
    # half begins, nothing tells: only its own earlier customers do.
    customers = [[1, 2]] * 200 + [[1, 3]] * 200
    found = second_category(store(*customers), CATALOGUE, samples=())

    # Of the nine parts predicted, four are of the first half; the fifth and those after it have
    # product 2 as the most common until more have come back for product 3.
    majority = found.score("earlier", "majority").top_1
    assert majority.customers == 360
    assert majority.value == pytest.approx(160 / 360)
    # By others, of all times, each is as likely.
    assert found.score("others", "majority").top_1.value == pytest.approx(0.5, abs=0.1)


def test_where_nobody_came_back_before_others_began_nothing_is_predicted_in_time() -> None:
    # All begin within an hour and come back a day later.
    customers = [[1, 2], [2, 1]] * 60
    found = second_category(store(*customers, days_apart=1 / 5_000), CATALOGUE, samples=())

    assert {score.setting for score in found.scores} == {"others"}
    in_time = found.named_first["earlier"]
    assert isinstance(in_time, NotEnoughData)
    assert (in_time.have, in_time.need) == (0, 1)


def test_an_unknown_score_is_refused(loyal: SecondCategory) -> None:
    with pytest.raises(KeyError, match="no score of 'theirs' in 'others'"):
        loyal.score("others", "theirs")


def test_too_few_customers_say_nothing() -> None:
    with pytest.raises(NotEnoughData):
        second_category(store(*[[1, 2]] * 99), CATALOGUE)
