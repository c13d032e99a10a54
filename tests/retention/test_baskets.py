import numpy as np
import pytest

from retention.baskets import baskets, histories, numbered
from tests.retention.tables import lines, orders


def test_an_order_holds_each_product_once_in_rising_sequence() -> None:
    table = orders((7, 1, 0, [30, 10, 30]), (3, None, 1, [20]), (5, 2, 2, [None]))

    found = baskets(table)

    assert found.product_ids.tolist() == [10, 20, 30]
    assert found.starts.tolist() == [0, 1, 1, 3]
    assert found.products.tolist() == [1, 0, 2]
    assert found.sizes.tolist() == [1, 0, 2]
    assert found.base.tolist() == [1, 1, 1]


@pytest.mark.parametrize("size", [2, 24, 25, 60])
def test_orders_of_any_length_are_sorted(size: int) -> None:
    falling = list(range(size, 0, -1))
    found = baskets(orders((1, 1, 0.0, [3, 1, 2]), (2, 1, 1.0, [*falling, size, 1])))

    assert found.starts.tolist() == [0, 3, 3 + size]
    assert found.product_ids[found.products].tolist() == [1, 2, 3, *range(1, size + 1)]


def test_lines_returned_are_not_there_and_orders_returned_neither() -> None:
    found = baskets(lines((1, 1, 0, 10, "5"), (1, 1, 0, 20, "-1"), (2, 1, 0, 20, "-1")))

    assert found.starts.tolist() == [0, 1]
    assert found.product_ids.tolist() == [10]


def test_histories_go_by_customer_time_and_identifier() -> None:
    table = orders(
        (1, 9, 5, [10]), (2, 4, 3, [20]), (4, 4, 1, [30]), (3, 4, 1, [40]), (5, None, 0, [50])
    )

    found = histories(table)

    assert found.customers.tolist() == [0, 0, 0, 1]
    assert found.orders.product_ids[found.orders.products].tolist() == [40, 30, 20, 10]
    day = 86_400_000_000
    assert np.diff(found.placed_at).tolist() == [0, 2 * day, 2 * day]


def test_a_table_sums_the_weights_of_a_customers_orders_with_each_product() -> None:
    found = histories(
        orders((1, 9, 5, [10]), (2, 4, 3, [20]), (4, 4, 1, [30, 20]), (5, None, 0, [50]))
    )

    assert found.orders_since.tolist() == [1, 0, 0]
    assert found.customer_ids.tolist() == [4, 9]
    assert found.orders.product_ids.tolist() == [10, 20, 30]
    table = found.table(np.array([0.5, 2.0, 1.0]))
    assert table.toarray().tolist() == [[0, 2.5, 0.5], [1, 0, 0]]


def test_products_in_the_most_orders_may_come_first() -> None:
    table = orders((1, 1, 0, [10, 30]), (2, 1, 1, [20, 30]), (3, 1, 2, [30]))

    held = baskets(table)
    found = held.most_bought_first(held.base)

    assert found.product_ids.tolist() == [30, 10, 20]
    assert found.starts.tolist() == [0, 2, 4, 5]
    assert found.products.tolist() == [0, 1, 0, 2, 0]
    assert found.base.tolist() == [3, 1, 1]


def test_only_chosen_cells_remain() -> None:
    found = baskets(orders((1, 1, 0, [10, 20]), (2, 1, 0, [20])))

    chosen = found.only(np.array([False, True, True]))

    assert chosen.starts.tolist() == [0, 1, 2]
    assert chosen.products.tolist() == [1, 1]


@pytest.mark.parametrize("distance", [1, 10**15])
def test_numbers_near_and_far_are_counted_alike(distance: int) -> None:
    values = np.array([5, -3, 5, 0]) * distance

    distinct, place = numbered(values)

    assert distinct.tolist() == [-3 * distance, 0, 5 * distance]
    assert place.tolist() == [2, 0, 2, 1]
    assert [part.tolist() for part in numbered(values[:0])] == [[], []]
