from itertools import permutations
from math import comb
from statistics import fmean, pvariance

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.columns import PURCHASES, SAME_CATEGORY
from retention.same_category import same_category_test
from tests.retention.tables import purchases

LOYAL = purchases([1, 1], [1, 1], [2, 2], [2, 2], [1], [1, None], [None, 1])


def row(table: pl.DataFrame, category: int | None) -> dict[str, object]:
    [answer] = table.filter(pl.col("category_id").eq_missing(category)).iter_rows(named=True)
    return answer


def verdicts(*customers: list[int | None], minimum_customers: int = 30) -> dict[object, str]:
    table = same_category_test(purchases(*customers), minimum_customers)
    return dict(table.select("category_id", "verdict").iter_rows())


def test_the_store_is_compared_with_exchanged_second_categories() -> None:
    # Of the 24 exchanges of 1, 1, 2, 2 one sixth matches all four, one sixth none and four
    # sixths two: mean 2 of 4, variance 4/3, z = 2 / sqrt(4/3) = 1.732051, p = 0.083265.
    # Wilson of 4 of 4: low = 4 / (4 + 3.841459) = 0.510109.
    assert row(same_category_test(LOYAL), None) == {
        "category_id": None,
        "count": 4,
        "base": 4,
        "share": 1.0,
        "low": pytest.approx(0.510109, abs=1e-6),
        "high": pytest.approx(1.0),
        "expected": 0.5,
        "z": pytest.approx(1.732051, abs=1e-6),
        "p_value": pytest.approx(0.083265, abs=1e-6),
        "verdict": "not enough data",
    }


def test_a_category_is_tested_exactly() -> None:
    # Both draws of two from 1, 1, 2, 2 are 1 in one case of six, doubled: 1/3. The variance is
    # 2 * 1/2 * 1/2 * 2/3 = 1/3, z = (2 - 1) / sqrt(1/3).
    found = row(same_category_test(LOYAL), 1)

    assert (found["count"], found["base"], found["share"], found["expected"]) == (2, 2, 1.0, 0.5)
    assert found["p_value"] == pytest.approx(1 / 3)
    assert found["z"] == pytest.approx(3**0.5)


def test_the_result_has_the_store_and_then_each_first_category() -> None:
    table = same_category_test(purchases([3, 1], [2, 2], [2, 4]))

    assert table.schema == SAME_CATEGORY
    assert table["category_id"].to_list() == [None, 2, 3]
    # 3 was never bought second: it can only be expected never.
    assert row(table, 3)["expected"] == 0
    assert row(table, 3)["z"] is None
    assert row(table, 3)["p_value"] == 1


def test_verdicts() -> None:
    loyal: list[list[int | None]] = [[1, 1], [2, 2]]
    fickle: list[list[int | None]] = [[1, 2], [2, 1]]

    assert verdicts(*loyal * 40) == dict.fromkeys([None, 1, 2], "same category more often")
    assert verdicts(*fickle * 40) == dict.fromkeys([None, 1, 2], "same category less often")
    assert verdicts(*(loyal + fickle) * 20) == dict.fromkeys([None, 1, 2], "no evidence")
    assert verdicts(*loyal * 29) == {
        None: "same category more often",
        1: "not enough data",
        2: "not enough data",
    }


def test_a_store_of_one_category_gives_no_evidence() -> None:
    table = same_category_test(purchases(*[[1, 1]] * 40))

    for category in (None, 1):
        found = row(table, category)
        assert (found["share"], found["expected"], found["z"]) == (1.0, 1.0, None)
        assert found["verdict"] == "no evidence"


def test_one_of_many_categories_needs_stronger_evidence() -> None:
    # Of 40 who began with 1, 16 came back for it, as 18 of the other 90 did: 34 of 130 in all.
    # Expected 40 * 34 / 130 = 10.46, deviation sqrt(40 * 34 * 96 * 90 / (130^2 * 129)) = 2.3216:
    # z = 2.3856. The nine others never repeat: 0 of 10 beside 8 of 130 is what chance gives.
    others = range(2, 11)
    customers: list[list[int | None]] = [[1, 1]] * 16
    customers += [[1, 11]] * 24
    customers += [[first, 1] for first in others for _ in range(2)]
    customers += [[first, second] for first in others for second in others if first != second]
    found = row(same_category_test(purchases(*customers)), 1)

    assert found["z"] == pytest.approx(2.3856, abs=1e-4)
    # Of all choices of 40 customers of 130 those with 16 or more of the 34, doubled.
    ways = sum(comb(34, again) * comb(96, 40 - again) for again in range(16, 35))
    assert found["p_value"] == pytest.approx(2 * ways / comb(130, 40))
    assert verdicts(*customers)[1] == "same category more often"
    # Judged together with nine more, a p-value of 0.032 is one of ten chances.
    assert verdicts(*customers, minimum_customers=10)[1] == "no evidence"


def test_nobody_came_back() -> None:
    table = same_category_test(PURCHASES.to_frame())

    [found] = table.iter_rows(named=True)
    assert (found["count"], found["base"], found["share"]) == (0, 0, None)
    assert (found["low"], found["high"], found["verdict"]) == (0.0, 1.0, "not enough data")


def test_senseless_input_is_refused() -> None:
    with pytest.raises(ValueError, match="minimum_customers is 0"):
        same_category_test(LOYAL, 0)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=2, max_size=6))
def test_mean_and_variance_are_those_of_all_exchanges(history: list[tuple[int, int]]) -> None:
    first, second = zip(*history, strict=True)
    matches = [
        sum(a == b for a, b in zip(first, exchanged, strict=True))
        for exchanged in permutations(second)
    ]
    found = row(same_category_test(purchases(*map(list, history))), None)

    assert found["expected"] == pytest.approx(fmean(matches) / len(history))
    spread = pvariance(matches) ** 0.5
    if spread:
        same = sum(a == b for a, b in history)
        assert found["z"] == pytest.approx((same - fmean(matches)) / spread)
    else:
        assert found["z"] is None
