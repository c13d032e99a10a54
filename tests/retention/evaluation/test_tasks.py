import polars as pl
import pytest

from retention.columns import PRODUCT_ID
from retention.evaluation.tasks import (
    coverage,
    improvement,
    judge,
    next_order_cases,
    next_orders,
    page_cases,
)
from tests.retention.tables import orders

KNOWN = orders((1, 1, 0, [1, 2, 3, 4]), (2, 2, 0, [1]))
LATER = orders((11, 1, 9, [1, 2, 5]), (12, 2, 8, [1, 9]), (13, 2, 7, [4]), (14, 3, 7, [1, 2]))


def test_each_product_of_an_order_is_given_and_the_others_are_to_be_found() -> None:
    lists = pl.DataFrame(
        {"product_id": [1, 1, 1, 2], "rank": [1, 2, 3, 1], "other_id": [2, 4, 5, 5]}
    )
    found = page_cases(lists, LATER, size=2).rows()

    # Of order 11: 1 names 2 (one of two), 2 names 5 (one of two), 5 names nothing.
    assert found == [
        (11, 1, pytest.approx(2 / 6), pytest.approx(2 / 3)),
        (12, 2, 0.0, 0.0),
        (14, 3, 0.5, 0.5),
    ]


def test_the_next_order_is_the_first_later_one_of_a_known_customer() -> None:
    assert sorted(next_orders(KNOWN, LATER)["order_id"].unique()) == [11, 13]


def test_what_a_customers_list_finds_is_a_share_of_the_order() -> None:
    lists = pl.DataFrame({"customer_id": [1, 1, 2], "rank": [1, 2, 1], "product_id": [2, 5, 9]})
    order = next_orders(KNOWN, LATER)

    assert next_order_cases(lists, order).rows() == [
        (11, 1, pytest.approx(2 / 3), 1.0),
        (13, 2, 0.0, 0.0),
    ]
    # New to customer 1 is 5 alone, to customer 2 it is 4.
    assert next_order_cases(lists, order, without=KNOWN).rows() == [
        (11, 1, 1.0, 1.0),
        (13, 2, 0.0, 0.0),
    ]


def test_models_are_compared_order_by_order() -> None:
    order = next_orders(KNOWN, LATER)
    ours = pl.DataFrame({"customer_id": [1, 2], "rank": [1, 1], "product_id": [2, 4]})
    better = judge(next_order_cases(ours, order), 0.5)
    worse = judge(next_order_cases(ours.head(1), order), 0.25)

    assert better.recall.value == pytest.approx((1 / 3 + 1) / 2)
    difference = improvement(better, worse)
    assert (difference.value, difference.low, difference.high) == (0.5, 0.0, 1.0)
    with pytest.raises(ValueError, match="different orders"):
        improvement(better, judge(better.cases.head(1), 0.5))


def test_coverage_is_the_share_of_what_is_known() -> None:
    assert coverage(pl.Series(PRODUCT_ID, [1, 1, 2, 77]), KNOWN) == 0.5
