import pytest

from retention.baskets import baskets
from retention.category_affinity import bought_with_category
from retention.columns import CATEGORY_PAIRS, LINES
from tests.retention.tables import orders, products

# Tea is 1 and 2 (category 10), cups are 3 (category 20), 4 has no category.
SHOP = products((1, 10, True), (2, 10, True), (3, 20, True), (4, None, True))
HISTORY = orders(
    (1, 1, 0, [1, 3]),
    (2, 2, 0, [2, 3]),
    (3, 3, 0, [1, 2]),
    (4, 4, 0, [1, 2, 4]),
    (5, 5, 0, [1]),
    (6, None, 0, [4]),
)


def test_an_order_counts_that_has_the_product_and_another_of_the_category() -> None:
    table = bought_with_category(baskets(HISTORY), SHOP)

    found = [row[:4] for row in table.filter(category_id=10).iter_rows()]
    # Five orders have tea. 3 is in two of them; 1 and 2 are each beside the other in two.
    assert sorted(found) == [(10, 1, 2, 5), (10, 2, 2, 5), (10, 3, 2, 5)]
    cup = table.filter(category_id=10, other_id=3).row(0, named=True)
    assert cup["base_rate"] == pytest.approx(2 / 6)
    assert cup["lift"] == pytest.approx(2 / 5 / (2 / 6))
    assert cup["score"] == pytest.approx(2 / (5 * 2**0.15))


def test_longer_orders_weigh_less_and_other_categories_count_alone() -> None:
    table = bought_with_category(baskets(HISTORY), SHOP)

    # 2 is in order 3 (weight 1) and in order 4 of three products (weight 1 / sqrt(2)).
    tea = table.filter(category_id=10, other_id=2).row(0, named=True)
    assert tea["score"] == pytest.approx((1 + 2**-0.5) / (5 * 3**0.15))
    # Each tea is once with a cup: seen once is no pattern.
    assert table.filter(category_id=20).is_empty()


def test_the_whole_store_is_the_category_null() -> None:
    table = bought_with_category(baskets(HISTORY), SHOP)

    store = table.filter(table["category_id"].is_null())
    # 4 is in one order of several only.
    assert sorted(store["other_id"]) == [1, 2, 3]
    first = store.filter(other_id=1).row(0, named=True)
    assert (first["count"], first["base"]) == (3, 6)
    assert first["score"] == pytest.approx((2 + 2**-0.5) / (6 * 4**0.15))


def test_only_the_best_are_kept_and_no_orders_leave_nothing() -> None:
    assert bought_with_category(baskets(HISTORY), SHOP, top=1)["other_id"].to_list() == [2, 3]
    assert bought_with_category(baskets(LINES.to_frame()), SHOP).equals(CATEGORY_PAIRS.to_frame())
    with pytest.raises(ValueError, match="top is 0"):
        bought_with_category(baskets(HISTORY), SHOP, top=0)


def test_some_categories_alone_are_what_they_are_among_all() -> None:
    table = bought_with_category(baskets(HISTORY), SHOP)
    for category in table["category_id"].drop_nulls().unique():
        alone = bought_with_category(baskets(HISTORY), SHOP, only=[category])
        assert alone.rows() == table.filter(category_id=category).rows()
    assert bought_with_category(baskets(HISTORY), SHOP, only=[]).is_empty()
