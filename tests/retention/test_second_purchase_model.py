from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from retention.columns import CONTENTS
from retention.second_purchase_estimates import Shrunk, estimates
from retention.second_purchase_histories import Histories, histories, once, steps
from retention.second_purchase_model import SecondPurchaseModel, second_purchase_model
from retention.second_purchase_predictions import likeliest, second_categories, worth
from tests.retention.tables import contents, purchases

TEA, CUPS, SOAP, MILK = 10, 20, 30, 40


def known(*customers: list[int | None]) -> Histories:
    bought = purchases(*customers)
    return histories(bought, contents(bought))


def held(*cells: tuple[int, int, float]) -> pl.DataFrame:
    """Purchase, category, share."""
    return pl.DataFrame(list(cells), schema=CONTENTS, orient="row")


def test_steps_are_between_purchases_of_known_categories() -> None:
    # Customer 1 bought tea, tea, cups; 2 something unknown between soap and tea; 3 once.
    taken = steps(known([TEA, TEA, CUPS], [SOAP, None, TEA], [CUPS]))

    assert taken.before.categories.tolist() == [TEA, CUPS, SOAP]
    assert taken.before.mains.tolist() == [0, 0]
    assert taken.after.tolist() == [0, 1]
    assert taken.is_first.tolist() == [True, False]
    # The second step weighs 1 / sqrt(2).
    assert taken.weights.tolist() == pytest.approx([1, 0.707107], abs=1e-6)


def test_who_bought_once_is_told_apart() -> None:
    assert once(known([TEA, TEA], [CUPS], [None])).customers.tolist() == [2, 3]


def test_shares_stand_in_the_rows_of_their_purchases() -> None:
    bought = purchases([TEA, CUPS])
    found = histories(bought, held((101, TEA, 0.75), (101, SOAP, 0.25), (102, CUPS, 1.0)))

    assert found.categories.tolist() == [TEA, CUPS, SOAP]
    assert found.shares.toarray().tolist() == [[0.75, 0, 0.25], [0, 1, 0]]


def test_what_followed_is_drawn_toward_the_rates() -> None:
    # After the first category 3 of 4 came for the second one: (1 + 6 * .5) / (4 + 6) = .4 and
    # (3 + 6 * .5) / 10 = .6; after the second one nothing is known but the rates.
    counts = sparse.csr_array(np.array([[1.0, 3.0], [0.0, 0.0]]))
    drawn = Shrunk(counts, np.array([0.5, 0.5]), 6.0)
    given = sparse.csr_array(np.array([[1.0, 0.0], [0.0, 1.0], [0.25, 0.75]]))

    whole = drawn.of_all(given)

    assert whole.tolist() == [
        pytest.approx([0.4, 0.6]),
        pytest.approx([0.5, 0.5]),
        pytest.approx([0.475, 0.525]),
    ]
    assert drawn.of_one(given, np.array([1, 0, 1])).tolist() == pytest.approx([0.6, 0.5, 0.525])

    # With a strength of 1 it is (3 + .5) / 5 = .7 after the first, and .25 * .7 + .75 * .5 = .55.
    weaker, same = drawn.of_one_by_strength(given, np.array([1, 0, 1]), [1.0, 6.0])
    assert weaker.tolist() == pytest.approx([0.7, 0.5, 0.55])
    assert same.tolist() == pytest.approx([0.6, 0.5, 0.525])


def test_seven_estimates() -> None:
    # First to second: tea -> tea, tea -> cups, soap -> cups; then tea -> soap weighs 1 / sqrt(2).
    found = known([TEA, TEA, SOAP], [TEA, CUPS], [SOAP, CUPS], [CUPS])
    taken = steps(found)
    counted = estimates(found, taken).at(basket=1.0, category=1.0)
    late = 1 / np.sqrt(2)
    all_rates = np.array([1, 2, late]) / (3 + late)

    tea = taken.before.selected(np.array([0]))
    bought, second, every, basket, category, again, alike = counted.of_all(tea)

    # Of four customers the first bought tea twice of three times, the last never came back.
    bought_rates = np.array([2 / 3 + 1 / 2, 1 / 2 + 1 / 2 + 1, 1 / 3 + 1 / 2]) / 4
    assert bought[0].tolist() == pytest.approx(bought_rates.tolist())
    second_rates = (np.array([1, 2, 0]) + 30 * bought_rates) / 33
    assert second[0].tolist() == pytest.approx(second_rates.tolist())
    assert every[0].tolist() == pytest.approx(all_rates.tolist())
    # Tea was followed by tea, cups and, later, soap.
    assert basket[0].tolist() == pytest.approx(
        ((np.array([1, 1, late]) + all_rates) / (3 + late)).tolist()
    )
    assert category[0].tolist() == pytest.approx(
        ((np.array([1, 1, 0]) + second_rates) / 3).tolist()
    )
    assert again[0].tolist() == [1, 0, 0]
    assert alike[0].tolist() == pytest.approx([1 / 3] * 3)


def test_the_same_again_goes_by_the_squares_of_what_was_spent() -> None:
    bought = purchases([TEA, TEA])
    found = histories(bought, held((101, TEA, 0.75), (101, SOAP, 0.25), (102, TEA, 1.0)))
    counted = estimates(found, steps(found))

    # .75 and .25 squared are 9 and 1 parts of ten.
    again = counted.of_all(found)[5]
    assert again[0].tolist() == pytest.approx([0.9, 0.1])


def test_one_estimate_at_a_time_says_the_same_as_all_at_once() -> None:
    found = known([TEA, TEA, SOAP], [TEA, CUPS], [SOAP, CUPS, TEA, CUPS])
    taken = steps(found)
    counted = estimates(found, taken)

    whole = np.stack(counted.of_all(taken.before), axis=2)
    one = counted.of_one(taken.before, taken.after)
    assert one.tolist() == whole[np.arange(len(taken.after)), taken.after].tolist()


def modelled(*customers: list[int | None]) -> tuple[SecondPurchaseModel, Histories]:
    found = known(*customers)
    model, _ = second_purchase_model(found, 30)
    assert model is not None
    return model, found


def test_where_everyone_buys_the_same_again_that_is_predicted() -> None:
    customers: list[list[int | None]] = [[category, category] for category in range(1, 41)]
    model, found = modelled(*customers, [7])

    # Every category was begun once: nobody else says what follows it, but the same again does.
    [mixed] = model.probabilities(once(found))
    assert found.categories[mixed.argmax()] == 7
    assert mixed[6] > 0.5


def test_where_the_first_purchase_says_nothing_the_rates_are_stated() -> None:
    # Whatever they begin with, three of four come back for tea.
    rows: list[list[int | None]] = [[CUPS, TEA], [CUPS, TEA], [CUPS, TEA], [CUPS, SOAP]]
    rows += [[SOAP, TEA], [SOAP, TEA], [SOAP, TEA], [SOAP, CUPS]]
    model, found = modelled(*rows * 25, [CUPS])

    [mixed] = model.probabilities(once(found))
    assert mixed[0] == pytest.approx(0.75, abs=0.02)


def test_customers_beside_the_first_pairs_say_what_follows() -> None:
    # Only three have tea before cups as first step, but many later ones do.
    rows: list[list[int | None]] = [[SOAP, TEA, CUPS], [SOAP, SOAP, TEA, CUPS]] * 20
    model, found = modelled(*rows, [TEA])

    [mixed] = model.probabilities(once(found))
    assert found.categories[mixed.argmax()] == CUPS
    assert mixed[1] > 0.5


def test_a_purchase_of_which_nothing_is_known_gets_the_rates() -> None:
    model, found = modelled([TEA, TEA], [TEA, CUPS], [None])

    # Tea is three quarters of what the two bought, one of the two second purchases, drawn toward
    # that by 30, and half of all that followed. What needs to know the purchase has these rates.
    second = (1 + 30 * 0.75) / 32
    tea = np.array([0.75, second, 0.5, 0.5, second, second, 0.5]) @ model.weights
    [mixed] = model.mixed(once(found))
    assert mixed.tolist() == pytest.approx([tea, 1 - tea])


def test_a_category_for_which_nothing_speaks_is_not_named() -> None:
    # A little milk was in the last purchase, and nobody ever bought mainly that.
    bought = purchases([TEA, TEA], [TEA, TEA], [SOAP], [CUPS])
    little = held((401, CUPS, 0.75), (401, MILK, 0.25))
    all_held = pl.concat([contents(bought).filter(pl.col("purchase_id") != 401), little])
    named, _ = second_categories(bought, all_held, 30, top=4)

    chosen = named.filter(pl.col("customer_id") == 3)
    assert chosen["rank"].to_list() == [1, 2, 3]
    assert set(chosen["category_id"]) == {TEA, SOAP, CUPS}
    # Who bought it may buy it again.
    assert MILK in named.filter(pl.col("customer_id") == 4)["category_id"]


def test_naming_is_worth_it_where_it_beats_the_most_common() -> None:
    # 40 of tea and 30 of each other always buy the same again: ours is right for all 100, the
    # most common one for 40. The gain .6 has the standard deviation sqrt(.6 * .4) / 10 = .04899.
    rows: list[list[int | None]] = [[TEA, TEA]] * 40
    rows += [[CUPS, CUPS], [SOAP, SOAP]] * 30
    found = known(*rows)
    _, trials = second_purchase_model(found, 30)

    judged = worth(trials, 30)
    assert (judged.customers, judged.hits, judged.majority_hits) == (100, 100, 40)
    assert (judged.majority_category_id, judged.verdict) == (TEA, "better")
    assert judged.gain == pytest.approx(0.6)
    assert judged.low == pytest.approx(0.6 - 1.959964 * 0.0489898, abs=1e-5)
    assert judged.high == pytest.approx(0.6 + 1.959964 * 0.0489898, abs=1e-5)
    assert worth(trials, 101).verdict == "not enough data"


def test_naming_is_worth_nothing_where_all_buy_one_category() -> None:
    rows: list[list[int | None]] = [[CUPS, TEA], [SOAP, TEA]] * 30
    _, trials = second_purchase_model(known(*rows), 30)

    judged = worth(trials, 30)
    assert (judged.hits, judged.majority_hits, judged.verdict) == (60, 60, "no better")
    assert judged.as_json()["gain"] == 0


def test_nobody_came_back() -> None:
    bought = purchases([TEA], [CUPS])
    named, judged = second_categories(bought, contents(bought), 30)

    assert named.is_empty()
    assert (judged.customers, judged.verdict) == (0, "not enough data")
    assert judged.majority_category_id is None


def test_senseless_input_is_refused() -> None:
    bought = purchases([TEA, TEA])
    with pytest.raises(ValueError, match="minimum_customers is 0"):
        second_categories(bought, contents(bought), 0)
    with pytest.raises(ValueError, match="top is 0"):
        second_categories(bought, contents(bought), 30, top=0)
    with pytest.raises(ValueError, match="contents: column 'share' is missing"):
        histories(bought, contents(bought).drop("share"))


chosen = st.sampled_from([1, 2, 3, 4, 5, None])


@given(st.lists(st.lists(chosen, min_size=1, max_size=4), min_size=1, max_size=20))
def test_probabilities_sum_to_one(rows: list[list[int | None]]) -> None:
    found = known(*rows)
    model, _ = second_purchase_model(found, 5)
    if model is None:
        assert not steps(found).is_first.any()
        return

    mixed = model.probabilities(found)
    assert mixed.min() >= 0
    assert mixed.sum(axis=1).tolist() == pytest.approx([1.0] * len(found.mains))
    assert model.weights.sum() == pytest.approx(1)
    named = likeliest(replace(model, returned=97), found.selected(found.sequences == 1), 3)
    for _, of_customer in named.group_by("customer_id"):
        stated = of_customer.sort("rank")["probability"]
        assert stated.is_sorted(descending=True)
        assert 0 < stated.sum() <= 1 + 1e-9


@pytest.mark.parametrize(("returned", "is_stated"), [(96, False), (97, True)])
def test_a_probability_is_stated_when_shares_are_known_to_ten_points(
    returned: int, is_stated: bool
) -> None:
    bought = purchases(*[[TEA, CUPS]] * returned, [TEA], [TEA, None])
    named, _ = second_categories(bought, contents(bought), 30)

    assert named["customer_id"].to_list() == [returned + 1] * 2
    assert named["category_id"].to_list() == [CUPS, TEA]
    assert named["probability"].is_not_null().to_list() == [is_stated] * 2
