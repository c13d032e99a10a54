"""The check that all libraries find the same, and that it can find what differs."""

import numpy as np
import pytest

from bench.speed import definition
from bench.speed.data import Purchases, synthetic
from bench.speed.definition import Found, disagreement, ours
from bench.speed.methods import METHODS


def of(*rows: tuple[int, int, int, float]) -> Found:
    """Product, other, count and score of each pair."""
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Found(*columns)


EXPECTED = of((0, 1, 3, 0.5), (0, 2, 2, 0.4), (1, 0, 3, 0.5))


def test_the_same_in_another_sequence_is_the_same() -> None:
    assert disagreement(of((1, 0, 3, 0.5), (0, 2, 2, 0.4), (0, 1, 3, 0.5)), EXPECTED) == ""
    almost = of((0, 1, 3, 0.5 + 1e-10), (0, 2, 2, 0.4), (1, 0, 3, 0.5))
    assert disagreement(almost, EXPECTED) == ""


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (of((0, 1, 3, 0.5), (0, 2, 2, 0.4)), "2 pairs instead of 3"),
        (of((0, 1, 3, 0.5), (1, 2, 2, 0.4), (1, 0, 3, 0.5)), "lists of other lengths"),
        (of((0, 1, 3, 0.5), (0, 2, 2, 0.41), (1, 0, 3, 0.5)), "scores differ by 1.0e-02"),
        (of((0, 1, 3, 0.5), (0, 2, 3, 0.4), (1, 0, 3, 0.5)), "1 counts differ"),
        (of((0, 1, 3, 0.5), (0, 3, 2, 0.4), (1, 0, 3, 0.5)), "only 2 of 3 pairs are the same"),
    ],
)
def test_what_differs_is_told(found: Found, told: str) -> None:
    assert disagreement(found, EXPECTED) == told


@pytest.mark.parametrize("name", ["ours, from a table of lines", "scipy", "Polars"])
def test_libraries_find_the_same_where_the_definition_is_the_same(name: str) -> None:
    purchases = synthetic(20_000)
    method = METHODS[name]
    assert method.expected is ours
    expected = ours(purchases)
    assert len(expected.product) > 1_000
    assert disagreement(method.run(purchases), expected) == ""


def test_our_lists_are_those_of_the_definition() -> None:
    # Orders 01, 02, 02 and 012: pairs 0 and 1 twice, 0 and 2 three times, 1 and 2 once.
    data = Purchases(
        np.array([0, 0, 1, 1, 2, 2, 3, 3, 3], np.int32),
        np.array([0, 1, 0, 2, 0, 2, 0, 1, 2], np.int32),
        orders=4,
        products=3,
    )
    assert data.directed_pairs() == 12
    found = definition.ours_without_least_count(data)
    counts = dict(zip(zip(found.product, found.other, strict=True), found.count, strict=True))  # type: ignore[arg-type]
    assert counts == {(0, 1): 2, (1, 0): 2, (0, 2): 3, (2, 0): 3, (1, 2): 1, (2, 1): 1}
    kept = ours(data)
    assert sorted(zip(kept.product, kept.other, strict=True)) == [(0, 1), (0, 2), (1, 0), (2, 0)]
