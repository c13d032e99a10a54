from math import exp, sqrt

import numpy as np
import polars as pl
import pytest

from retention.personal import personal_lists, personal_model
from tests.retention.tables import orders

FIRST = pl.Series("customer_id", [1])


def new_products(*baskets: tuple[int, int, float, list[int]]) -> dict[int, float]:
    """Return product and score of customer 1's list."""
    table = personal_lists(orders(*baskets), FIRST, only_new=True)
    return dict(zip(table["product_id"], table["score"], strict=True))


def test_the_score_of_a_first_purchase_is_worked_out_by_hand() -> None:
    # Everybody has product 1, so that it makes nobody alike; customer 2 has 5 in one of two orders.
    found = new_products((1, 1, 0, [1]), (2, 2, 0, [1, 5]), (3, 2, 0, [1]))

    # The order of two counts 2 to the power of -0.75. 5 sells as ever. Of those who have 1, with
    # the penalty 302, one has 5. Customer 2, to whom the average customer is like by half, is
    # not like customer 1 at all, and the mean customer takes half as much of 5.
    taken = sqrt(2**-0.75 / 2)
    leaning = -0.5 * taken + 0.5 * taken / 2
    told = 1.8 * sqrt(1 / 302) - 0.9 * sqrt(-leaning)
    # How much of it was habit, 5 being in half the orders, is known as well as of three orders.
    novel = (taken / 0.5) ** (0.5 * 3 / 503)
    assert found == {5: pytest.approx(taken**0.7 * novel * exp(told))}


def test_what_sells_more_of_late_comes_first() -> None:
    found = new_products((1, 1, 0, [1]), (2, 2, 0, [1, 5]), (3, 3, 4, [1, 6]))

    # The orders of four days before count half: 5 was in 0.5 and 6 in 1 of 2; usual is a third.
    assert list(found) == [6, 5]
    assert found[6] / found[5] == pytest.approx(((1 + 500 / 3) / (0.5 + 500 / 3)) ** 0.75)


def test_a_product_of_a_small_order_tells_more_than_one_of_a_large_order() -> None:
    found = new_products((1, 1, 0, [1]), (2, 2, 0, [1, 9]), (3, 3, 0, [1, 5, 6, 7]))

    assert list(found) == [9, 5, 6, 7]
    assert found[5] == found[6] == found[7]


def test_links_tell_of_a_product_from_another_and_never_from_itself() -> None:
    # Two customers have product 1 and one of them 5: with the penalty 302 and 301 on the diagonal.
    model = personal_model(orders((1, 1, 0, [1]), (2, 2, 0, [1, 5]), (3, 2, 0, [1])))

    assert model.novelty.links.ravel() == pytest.approx([0, 1 / 302, 1 / 301, 0])


def test_where_nobody_is_very_alike_everybody_counts() -> None:
    # 5 is of customer 2, like customer 1 by 0.5, and 6 of customer 3, like by next to nothing.
    model = personal_model(orders((1, 1, 0, [1]), (2, 2, 0, [1, 5]), (3, 3, 0, [1, 6])))
    near = np.array([[0, 0.5, 1e-9]])
    usual = model.novelty.usual_likeness[None]
    five, six = model.novelty.likelihood(np.array([0]), usual, near)[0, 1:]

    # 0.05 is added to both; what each took and its share of orders are in the same proportion.
    assert five / six == pytest.approx((0.55 / 0.05) ** 0.7)
