"""Points shared out in proportion, in whole numbers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.ledger.apportionment import apportioned

WEIGHTS = st.lists(st.integers(min_value=0, max_value=60), min_size=1, max_size=6).filter(any)


@pytest.mark.parametrize(
    ("points", "shares"),
    [(0, [0, 0, 0]), (6, [2, 3, 1]), (24, [8, 12, 4]), (36, [12, 18, 6]), (60, [20, 30, 10])],
)
def test_shares_that_are_whole_are_exact(points: int, shares: list[int]) -> None:
    assert apportioned(points, [20, 30, 10]) == shares


def test_each_further_point_goes_to_the_greatest_claim() -> None:
    # 53, 24 and 23: of the claims 53, 24, 23, 53/3, 53/5, 8, 23/3, 53/7 the next is the greatest.
    steps = [apportioned(points, [53, 24, 23]) for points in range(9)]
    assert steps == [
        [0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1], [2, 1, 1],
        [3, 1, 1], [3, 2, 1], [3, 2, 2], [4, 2, 2],
    ]  # fmt: skip


def test_of_equal_claims_the_first_has_the_point() -> None:
    assert apportioned(1, [5, 5, 5]) == [1, 0, 0]
    assert apportioned(2, [5, 5, 5]) == [1, 1, 0]
    assert apportioned(15, [20, 30, 10]) == [5, 8, 2]  # 30/15 is 10/5.


def test_who_has_much_may_have_more_than_rounding_up_gives() -> None:
    # Of 3.5 and five times 0.3: the first one's fifth claim is 70/9, the others' first is 6.
    assert apportioned(5, [70, 6, 6, 6, 6, 6]) == [5, 0, 0, 0, 0, 0]


def one_by_one(points: int, weights: list[int]) -> list[int]:
    """The method as the book has it: a point at a time to the greatest claim."""
    shares = [0] * len(weights)
    for _ in range(points):
        claims = [weight / (2 * had + 1) for weight, had in zip(weights, shares, strict=True)]
        shares[claims.index(max(claims))] += 1
    return shares


@settings(max_examples=60)
@given(WEIGHTS, st.data())
def test_it_is_what_giving_a_point_at_a_time_comes_to(
    weights: list[int], data: st.DataObject
) -> None:
    points = data.draw(st.integers(min_value=0, max_value=sum(weights)))
    assert apportioned(points, weights) == one_by_one(points, weights)


@settings(max_examples=60)
@given(WEIGHTS)
def test_shares_grow_with_the_points_and_end_as_the_weights(weights: list[int]) -> None:
    before = [0] * len(weights)
    for points in range(sum(weights) + 1):
        shares = apportioned(points, weights)
        assert sum(shares) == points
        assert all(0 <= had <= has for had, has in zip(before, shares, strict=True))
        before = shares
    assert before == weights


def test_it_is_exact_beyond_what_a_float_holds() -> None:
    great = 10**20 + 1
    assert apportioned(great * 2, [great, great]) == [great, great]
    assert apportioned(great * 2 - 1, [great, great]) == [great, great - 1]
