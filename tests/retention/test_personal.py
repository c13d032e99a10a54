import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retention.columns import LINES, PERSONAL
from retention.personal import Expected, personal_lists
from tests.retention.tables import lines, orders

EVERYONE = pl.Series("customer_id", [1, 2, 3, 4])


def listed(table: pl.DataFrame, customer: int) -> list[int]:
    return table.filter(customer_id=customer)["product_id"].to_list()


def test_the_score_is_worked_out_by_hand() -> None:
    # Customer 1 bought 7 twice, 90 days apart, and 8 with the first; customer 2 bought 9.
    history = orders((1, 1, 0, [7, 8]), (2, 1, 90, [7]), (3, 2, 90, [9]))
    table = personal_lists(history, EVERYONE)

    # By orders the first counts 0.95 of 1.95, by time 0.5 of 1.5. One buyer came back for 7
    # once: 0.3 + 1 / 2; nobody for 8. Customer 2 is like nobody: everybody's average is 9.
    eight = (0.95 / 1.95 + 0.5 / 1.5) / 2 * 0.3**0.7
    assert listed(table, 1) == [7, 8, 9]
    assert table.filter(customer_id=1)["score"].to_list() == pytest.approx([0.8**0.7, eight, 0.15])
    # To customer 2 the average customer is 1, with 7 in all orders and 8 in half of them.
    assert listed(table, 2) == [9, 7, 8]
    assert table.filter(customer_id=2)["score"].to_list() == pytest.approx([0.3**0.7, 0.15, 0.075])
    assert table.schema == PERSONAL


def test_new_products_come_from_the_customers_most_alike() -> None:
    history = orders(
        (1, 1, 0, [1, 2]), (2, 2, 0, [1, 2, 5]), (3, 3, 0, [8, 9, 6]), (4, 4, 0, [8, 9])
    )
    table = personal_lists(history, EVERYONE, only_new=True)

    assert listed(table, 1)[0] == 5
    assert listed(table, 4)[0] == 6
    assert not set(listed(table, 2)) & {1, 2, 5}


def test_lists_are_cut_and_ranked_and_equal_scores_go_by_identifier() -> None:
    history = orders((1, 1, 0, [5, 3, 4]), (2, 2, 0, [3, 4, 5]))
    table = personal_lists(history, pl.Series([1]), size=2)

    assert table.select("customer_id", "rank", "product_id").rows() == [(1, 1, 3), (1, 2, 4)]


def test_returned_lines_and_unknown_customers_count_nowhere() -> None:
    history = lines((1, 1, 0, 7, "5"), (1, 1, 0, 8, "-1"), (2, None, 0, 9, "5"))

    assert listed(personal_lists(history, EVERYONE), 1) == [7]
    assert_frame_equal(personal_lists(LINES.to_frame(), EVERYONE), PERSONAL.to_frame())
    with pytest.raises(ValueError, match="size is 0"):
        personal_lists(history, EVERYONE, size=0)


def test_the_highest_are_found_wherever_they_lie_among_many() -> None:
    own = np.zeros((2, 200))
    own[0, [5, 6, 70, 199]] = 0.5, 0.5, 0.1, 0.9
    own[1, [63, 64]] = 0.2, 0.3
    nothing = np.zeros_like(own)
    expected = Expected(own, nothing, lambda: nothing, near=np.zeros((2, 2), dtype=np.bool_))

    rows, columns, scores = expected.best(2, only_new=False)

    assert rows.tolist() == [0, 0, 1, 1]
    assert columns.tolist() == [199, 5, 64, 63]
    assert scores.tolist() == [0.9, 0.5, 0.3, 0.2]
