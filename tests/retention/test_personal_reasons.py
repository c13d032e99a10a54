from typing import Any

import polars as pl
import pytest

from retention.columns import LINES, PERSONAL_LISTS
from retention.personal import personal_model
from retention.personal_arrangement import Wishes
from retention.personal_reasons import explained_lists
from tests.retention.tables import orders, products

# Customers 1 to 3 share product 1; 2 and 3 also have 5, and nobody shares anything with 4.
HISTORY = orders(
    (1, 1, 0, [1, 2]), (2, 1, 1, [1]), (3, 2, 0, [1, 5]), (4, 3, 0, [1, 5]), (5, 4, 0, [9])
)
EVERYTHING = pl.Series([1, 2, 5, 9])


def told(customer: int, kind: str, recommendable: pl.Series = EVERYTHING) -> list[tuple[Any, ...]]:
    model = personal_model(HISTORY)
    tables = list(explained_lists(model, pl.Series([1, 2, 3, 4]), recommendable))
    return (
        pl.concat(tables)
        .filter(customer_id=customer, kind=kind)
        .select("rank", "product_id", "reason_kind", "count", "base", "base_rate")
        .rows()
    )


def test_reasons_count_the_customers_own_orders_those_alike_and_everybody() -> None:
    # Of five orders four have product 1 and one has 2; of four customers one bought 9, two 5.
    assert told(1, "next") == [
        (1, 1, "bought_before", 2, 2, 4 / 5),
        (2, 2, "bought_before", 1, 2, 1 / 5),
        (3, 5, "customers_alike", 2, 2, 2 / 4),
        (4, 9, "popular", 1, 4, 1 / 4),
    ]


def test_what_was_bought_before_is_in_one_list_only() -> None:
    assert [row[1:3] for row in told(1, "new")] == [(5, "customers_alike"), (9, "popular")]
    assert {row[2] for row in told(4, "new")} == {"popular"}


def test_only_recommendable_products_are_listed_and_ranks_close_up() -> None:
    assert [row[:2] for row in told(1, "next", pl.Series([2, 9]))] == [(1, 2), (2, 9)]
    assert told(1, "new", pl.Series([2], dtype=pl.Int64)) == []


def arranged(
    customer: int, kind: str, pinned: list[int], percent: int, size: int = 4
) -> list[tuple[int, str, int]]:
    shop = products((1, 10, True), (2, 10, True), (5, 10, True), (9, 20, True), (7, None, True))
    wishes = Wishes(shop, pl.Series(pinned, dtype=pl.Int64), percent)
    model = personal_model(HISTORY)
    tables = explained_lists(model, pl.Series([customer]), EVERYTHING, size, wishes)
    found = pl.concat(list(tables)).filter(kind=kind).sort("rank")
    assert found["rank"].to_list() == list(range(1, found.height + 1))
    return found.select("product_id", "reason_kind", "count").rows()


def test_pinned_products_go_first_but_not_among_new_ones_if_they_are_known() -> None:
    # Nobody bought product 7 yet; one of four customers bought 2, who is customer 1.
    assert arranged(1, "next", [7, 2], 100) == [
        (7, "pinned", 0),
        (2, "pinned", 1),
        (1, "bought_before", 2),
        (5, "customers_alike", 2),
    ]
    assert arranged(1, "new", [7, 2], 100) == [
        (7, "pinned", 0),
        (5, "customers_alike", 2),
        (9, "popular", 1),
    ]


def test_a_category_has_at_most_its_share_of_a_customers_list() -> None:
    assert [row[0] for row in arranged(1, "next", [], 100, 3)] == [1, 2, 5]
    # 67 % of three are two, and 9 takes the place of 5; of four, what is beyond fills the list.
    assert [row[0] for row in arranged(1, "next", [], 67, 3)] == [1, 2, 9]
    assert [row[0] for row in arranged(1, "next", [], 50, 4)] == [1, 2, 9, 5]
    # The pinned one counts in its category, and is not moved.
    assert [row[0] for row in arranged(1, "next", [5], 67, 3)] == [5, 1, 9]
    assert [row[0] for row in arranged(1, "next", [5, 2, 1], 34, 3)] == [5, 2, 1]


def test_customers_unknown_or_without_orders_have_no_lists() -> None:
    found = list(explained_lists(personal_model(HISTORY), pl.Series([77]), EVERYTHING))
    assert found == []
    assert list(explained_lists(personal_model(LINES.to_frame()), pl.Series([1]), EVERYTHING)) == []
    (one,) = explained_lists(personal_model(HISTORY), pl.Series([4]), EVERYTHING)
    assert one.schema == PERSONAL_LISTS
    with pytest.raises(ValueError, match="size is 0"):
        list(explained_lists(personal_model(HISTORY), pl.Series([4]), EVERYTHING, size=0))
