import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention.affinity import bought_next, bought_together
from retention.columns import LINES, PAIRS, PRODUCTS, RECOMMENDATIONS
from retention.recommend import recommendations
from tests.retention.tables import orders, products

Pair = tuple[str, int, int, float, float]
"""Kind, product, other, score, lift."""

NO_LINES = LINES.to_frame()


def pairs(*rows: Pair) -> pl.DataFrame:
    """Pairs of count 3 of 4 beside a base rate of 3 / 4 / lift."""
    return pl.DataFrame(
        [
            (kind, product, other, 3, 4, 5, 100, 0.03, 0.75, 0.75 / lift, lift, score)
            for kind, product, other, score, lift in rows
        ],
        schema=PAIRS,
        orient="row",
    )


def listed(table: pl.DataFrame, product: int) -> list[tuple[int, int, str]]:
    """Rank, other and reason."""
    chosen = table.filter(pl.col("product_id") == product)
    return list(chosen.select("rank", "other_id", "reason_kind").iter_rows())


def test_the_two_kinds_are_joined_in_one_score() -> None:
    catalogue = products(*((n, None, True) for n in range(1, 6)))
    found = pairs(
        ("together", 1, 2, 0.03, 2),
        ("together", 1, 3, 0.02, 2),
        ("together", 1, 4, 0.01, 2),
        ("next", 1, 3, 0.9, 3),
        ("next", 1, 5, 0.8, 3),
    )
    table = recommendations(found, NO_LINES, catalogue)

    # The product is in no order of these lines: the weights are divided by 0 + 40. A weight is
    # the score times 4^0.85, what next adds is 0.3 * 3 / (4 + 20) / 5^0.8.
    following, weight = 0.3 * 3 / 24 / 5**0.8, 4**0.85 / 40
    assert listed(table, 1) == [
        (1, 3, "next"),
        (2, 5, "next"),
        (3, 2, "together"),
        (4, 4, "together"),
    ]
    assert table["score"].to_list() == pytest.approx(
        [0.02 * weight + following, following, 0.03 * weight, 0.01 * weight]
    )
    assert table.schema == RECOMMENDATIONS


def test_a_reason_has_the_numbers_of_its_kind() -> None:
    catalogue = products((1, None, True), (2, None, True))
    table = recommendations(
        pairs(("next", 1, 2, 0.9, 3), ("together", 1, 2, 0.9, 1.5)), NO_LINES, catalogue
    )

    # Together adds more: 0.9 * 4^0.85 / 40 = 0.0731 against 0.3 * 3 / 24 / 5^0.8 = 0.0103.
    [only] = table.iter_rows(named=True)
    assert only == {
        "product_id": 1,
        "rank": 1,
        "other_id": 2,
        "score": pytest.approx(0.9 * 4**0.85 / 40 + 0.3 * 3 / 24 / 5**0.8),
        "reason_kind": "together",
        "count": 3,
        "base": 4,
        "base_rate": 0.5,
        "lift": 1.5,
    }


def test_equal_scores_go_by_identifier() -> None:
    catalogue = products(*((n, None, True) for n in range(1, 5)))
    table = recommendations(
        pairs(
            ("together", 1, 4, 0.5, 2),
            ("together", 1, 3, 0.5, 2),
            ("together", 1, 2, 0.5, 2),
        ),
        NO_LINES,
        catalogue,
    )

    assert [other for _, other, _ in listed(table, 1)] == [2, 3, 4]


def test_a_pair_bought_less_than_usual_is_no_reason() -> None:
    catalogue = products(*((n, None, True) for n in range(1, 4)))
    table = recommendations(
        pairs(("next", 1, 2, 0.9, 1.0), ("next", 1, 3, 0.1, 1.01)), NO_LINES, catalogue
    )

    assert listed(table, 1) == [(1, 3, "next")]


# Customers: 1 bought 11, 12 and 21; 2 bought 11 and 12; 3 bought 11; 4 bought 13 and 21;
# 5 bought 21; 6 bought 31. Buyers: 11 three, 12 two, 13 one, 21 three, 31 one; category 10
# (11, 12, 13, 14) has four, category 20 (21) three, of six in all.
SHOP = products(
    (11, 10, True),
    (12, 10, True),
    (13, 10, True),
    (14, 10, True),
    (21, 20, True),
    (31, None, False),
)
HISTORY = orders(
    (1, 1, 0, [11, 12, 21]),
    (2, 2, 0, [11, 12]),
    (3, 3, 0, [11]),
    (4, 4, 0, [13, 21]),
    (5, 5, 0, [21]),
    (6, 6, 0, [31]),
    (7, None, 0, [14]),
)


def test_a_new_product_has_its_category_and_then_the_store() -> None:
    table = recommendations(PAIRS.to_frame(), HISTORY, SHOP)

    reasons = table.filter(pl.col("product_id") == 14).select(
        "rank", "other_id", "reason_kind", "count", "base", "score", "base_rate", "lift"
    )
    # Two of the five orders with category 10 have 12 beside another product of it, and two of
    # all seven have 12: lift 7/5. 11 has a lift of 14/15 that way, and comes by its buyers.
    # 12 weighs 1/sqrt(2) + 1: per order 1/5 of it in the category and 1/7 in the store.
    drawn = (2**-0.5 + 1) / 2**0.15 * (5 / 5 + 40 / 7) / (5 + 40)
    # Lift in the category: 3/4 over 3/6, and 6 / 4 = 1.5 for every product of it.
    assert list(reasons.iter_rows()) == [
        (1, 12, "with_category", 2, 5, pytest.approx(drawn * 40 / 41), pytest.approx(2 / 7), 1.4),
        (2, 11, "category", 3, 4, 0.75, 0.5, 1.5),
        (3, 13, "category", 1, 4, 0.25, pytest.approx(1 / 6), pytest.approx(1.5)),
        (4, 21, "popular", 3, 6, 0.5, 0.5, 1.0),
    ]


def test_a_product_is_never_its_own_recommendation() -> None:
    table = recommendations(PAIRS.to_frame(), HISTORY, SHOP, size=3)

    assert listed(table, 11) == [(1, 12, "with_category"), (2, 13, "category"), (3, 21, "popular")]
    assert listed(table, 21) == [(1, 11, "popular"), (2, 12, "popular"), (3, 13, "popular")]


def test_a_product_that_is_not_recommendable_has_a_list_and_is_on_none() -> None:
    table = recommendations(pairs(("next", 11, 31, 0.9, 2)), HISTORY, SHOP)

    assert listed(table, 31)[0] == (1, 11, "popular")
    assert 31 not in table["other_id"]


def test_nothing_comes_twice_and_the_reason_is_the_pair_where_there_is_one() -> None:
    table = recommendations(
        pairs(("next", 11, 21, 0.9, 2), ("next", 11, 13, 0.1, 2)), HISTORY, SHOP
    )

    assert listed(table, 11) == [(1, 12, "with_category"), (2, 21, "next"), (3, 13, "next")]


def test_products_the_store_does_not_list_take_no_part() -> None:
    table = recommendations(
        pairs(("next", 99, 11, 0.9, 2), ("next", 11, 99, 0.9, 2)), HISTORY, SHOP
    )

    assert 99 not in table["product_id"]
    assert 99 not in table["other_id"]


def test_the_most_bought_of_the_category_are_found_among_many() -> None:
    # 20 products of one category; product n was bought by n customers.
    catalogue = products(*((n, 1, True) for n in range(1, 21)))
    history = orders(*((c, c, 0, list(range(c, 21))) for c in range(1, 21)))
    table = recommendations(PAIRS.to_frame(), history, catalogue, size=3)

    assert [other for _, other, _ in listed(table, 19)] == [20, 18, 17]
    # 19 and 20 are in 19 orders of several each, and 20 in one more alone.
    assert [other for _, other, _ in listed(table, 1)] == [19, 20, 18]


def test_a_store_without_orders_recommends_nothing() -> None:
    table = recommendations(PAIRS.to_frame(), NO_LINES, SHOP)

    assert_frame_equal(table, RECOMMENDATIONS.to_frame())
    assert recommendations(PAIRS.to_frame(), HISTORY, PRODUCTS.to_frame()).is_empty()


def test_senseless_input_is_refused() -> None:
    with pytest.raises(ValueError, match="size is 0"):
        recommendations(PAIRS.to_frame(), NO_LINES, SHOP, size=0)
    with pytest.raises(ValueError, match="pairs: column 'kind' is missing"):
        recommendations(NO_LINES, NO_LINES, SHOP)


@st.composite
def stores(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    day = st.integers(0, 4)
    basket = st.lists(st.integers(1, 8), min_size=1, max_size=4)
    drawn = draw(st.lists(st.tuples(st.integers(1, 4), day, basket), max_size=12))
    catalogue = [
        (n, draw(st.sampled_from([None, 1, 2])), draw(st.booleans()))
        for n in draw(st.sets(st.integers(1, 9)))
    ]
    history = orders(*((number, *order) for number, order in enumerate(drawn)))
    return history, products(*catalogue)


@given(stores(), st.integers(1, 6))
def test_every_list_is_as_long_as_it_can_be_and_proper(
    store: tuple[pl.DataFrame, pl.DataFrame], size: int
) -> None:
    history, catalogue = store
    found = pl.concat([bought_together(history), bought_next(history)])
    table = recommendations(found, history, catalogue, size)

    recommendable = set(catalogue.filter("recommendable")["product_id"]) & set(
        history["product_id"]
    )
    for product in catalogue["product_id"]:
        rows = listed(table, product)
        others = [other for _, other, _ in rows]
        assert [rank for rank, _, _ in rows] == list(range(1, len(rows) + 1))
        assert len(set(others)) == len(others) == min(size, len(recommendable - {product}))
        assert set(others) <= recommendable - {product}
    assert_frame_equal(recommendations(found[::-1], history[::-1], catalogue[::-1], size), table)
