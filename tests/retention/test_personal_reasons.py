from typing import Any

import polars as pl
import pytest

from retention.columns import LINES, PERSONAL_LISTS
from retention.personal import personal_model
from retention.personal_reasons import explained_lists
from tests.retention.tables import orders

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


def test_customers_unknown_or_without_orders_have_no_lists() -> None:
    found = list(explained_lists(personal_model(HISTORY), pl.Series([77]), EVERYTHING))
    assert found == []
    assert list(explained_lists(personal_model(LINES.to_frame()), pl.Series([1]), EVERYTHING)) == []
    (one,) = explained_lists(personal_model(HISTORY), pl.Series([4]), EVERYTHING)
    assert one.schema == PERSONAL_LISTS
    with pytest.raises(ValueError, match="size is 0"):
        list(explained_lists(personal_model(HISTORY), pl.Series([4]), EVERYTHING, size=0))
