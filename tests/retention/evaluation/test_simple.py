import polars as pl

from retention.evaluation.simple import (
    personal_frequency,
    popular,
    popular_new,
    popularity,
    same_category,
)
from tests.retention.tables import orders, products

# In orders: 1 three, 2 two, 3 one, 4 one.
KNOWN = orders((1, 1, 0, [1, 2]), (2, 2, 1, [1, 2]), (3, 2, 2, [1, 3]), (4, 3, 3, [4]))
SHOP = products((1, 10, True), (2, 10, True), (3, 20, True), (4, 10, True))
CUSTOMERS = pl.Series("customer_id", [2, 3])


def test_popularity_lists_the_most_bought_but_not_the_product_itself() -> None:
    table = popularity(KNOWN, SHOP, 2)

    assert table.filter(product_id=1)["other_id"].to_list() == [2, 3]
    assert table.filter(product_id=4)["other_id"].to_list() == [1, 2]


def test_the_same_category_lists_its_own_only() -> None:
    table = same_category(KNOWN, SHOP, 2)

    assert table.filter(product_id=1)["other_id"].to_list() == [2, 4]
    assert table.filter(product_id=2)["rank"].to_list() == [1, 2]
    assert table.filter(product_id=3).is_empty()


def test_personal_frequency_goes_on_with_the_most_bought() -> None:
    table = personal_frequency(KNOWN, CUSTOMERS, 3)

    assert table.filter(customer_id=2)["product_id"].to_list() == [1, 2, 3]
    assert table.filter(customer_id=3)["product_id"].to_list() == [4, 1, 2]


def test_the_most_bought_of_all_and_of_what_is_new() -> None:
    assert popular(KNOWN, CUSTOMERS, 2)["product_id"].to_list() == [1, 2, 1, 2]
    assert popular_new(KNOWN, CUSTOMERS, 2).rows() == [(2, 1, 4), (3, 1, 1), (3, 2, 2)]
