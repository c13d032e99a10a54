import polars as pl
import pytest

from retention.figures.history import History, Tables, inside
from tests.retention.figures.tables import at, period
from tests.retention.tables import lines, orders, products

PRODUCTS = products((7, 1, True), (8, 2, True))


def test_what_comes_later_and_what_nobody_bought_is_left_out() -> None:
    table = lines(
        (1, 1, 0, 7, "10"), (2, None, 1, 7, "10"), (3, 1, 2, 7, "-1"), (4, 1, 9.9, 8, "5"),
        (5, 1, 10, 8, "5"),
    )  # fmt: skip

    history = History.of(table, PRODUCTS, at(10))

    assert history.purchases.select("purchase_id", "sequence", "category_id").rows() == [
        (1, 1, 1),
        (4, 2, 2),
    ]
    assert history.whole("UTC") == period(0, 10)


def test_items_are_products_of_purchases() -> None:
    table = lines((1, 1, 0, 7, "10"), (1, 1, 0, 8, "1"), (1, 1, 0, 7, "2.5"), (1, 1, 0, 9, "1"))

    found = History.of(table, PRODUCTS, at(10)).items.sort("product_id")

    assert found.select("product_id", "category_id", "position", "quantity", "sequence").rows() == [
        (7, 1, 0, 2, 1),
        (8, 2, 1, 1, 1),
        (9, None, 3, 1, 1),
    ]
    assert [str(net) for net in found["net"]] == ["12.5000", "1.0000", "1.0000"]


def test_joined_orders_belong_to_the_purchase_they_were_joined_to() -> None:
    minute = 1 / 1440
    table = orders(
        (1, 1, 0, [7]), (2, 1, 20 * minute, [8]), (3, 1, 5, [7]), (4, 1, 5 + 29 * minute, [8]),
        (5, 2, 20 * minute, [7]),
    )  # fmt: skip

    apart = History.of(table, PRODUCTS, at(10))
    joined = History.of(table, PRODUCTS, at(10), joining_minutes=30)

    assert dict(apart.order_purchases.iter_rows()) == {number: number for number in range(1, 6)}
    assert dict(joined.order_purchases.iter_rows()) == {1: 1, 2: 1, 3: 3, 4: 3, 5: 5}
    assert joined.items.filter(pl.col("purchase_id") == 3)["product_id"].sort().to_list() == [7, 8]


def test_orders_of_one_moment_stay_apart() -> None:
    history = History.of(orders((1, 1, 0, [7]), (2, 1, 0, [8])), PRODUCTS, at(10))

    assert dict(history.order_purchases.iter_rows()) == {1: 1, 2: 2}


def test_a_period_has_its_start_and_not_its_end() -> None:
    history = History.of(orders((1, 1, 0, [7]), (2, 1, 5, [7])), PRODUCTS, at(10))

    assert inside(history.purchases, period(0, 5))["purchase_id"].to_list() == [1]


def test_nothing_bought_and_missing_columns_are_refused() -> None:
    table = orders((1, 1, 5, [7]))
    with pytest.raises(ValueError, match="nothing was bought before the end of the period"):
        History.of(table, PRODUCTS, at(5)).whole("UTC")
    with pytest.raises(ValueError, match="coupons: column 'code' is missing"):
        Tables(table, PRODUCTS, coupons=table).check()
    with pytest.raises(ValueError, match="products: column"):
        Tables(table, table).check()
