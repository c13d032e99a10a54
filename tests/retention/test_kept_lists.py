from collections.abc import Iterator, Mapping, Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention import affinity, pair_index
from retention.affinity import bought_next, bought_together
from retention.columns import LINES
from retention.kept_lists import LIST_KEY, PAIR_KEY, Difference, KeptLists, Options
from retention.recommend import Rules, listed, orders_with
from retention.surroundings import surroundings
from tests.retention.tables import orders, products

OPTIONS = Options(
    next_purchase_days=30, recommendations_per_product=2, largest_category_percent=100
)
CATALOGUE = products(*((n, 50 + n % 2, n != 6) for n in range(1, 8)))
NO_LINES = LINES.to_frame()

Basket = tuple[int | None, int, list[int]]
"""Customer, day and products of an order."""


def store(held: Mapping[int, Basket]) -> pl.DataFrame:
    nothing: list[int | None] = [None]
    return orders(
        *((number, who, day, has or nothing) for number, (who, day, has) in sorted(held.items()))
    )


def lists(kept: KeptLists) -> dict[int, list[int]]:
    table = kept.recommendations.sort("product_id", "rank")
    return dict(table.group_by("product_id", maintain_order=True).agg("other_id").iter_rows())


def test_an_order_that_comes_twice_recommends_its_products_to_each_other() -> None:
    # Of each category 20 orders' worth are bought, so that what one order says is little.
    catalogue = products(*((n, None, True) for n in range(1, 5)))
    held: dict[int, Basket] = {1: (1, 0, [1, 2]), 2: (2, 0, [3, 4]), 3: (3, 0, [3, 4])}
    kept = KeptLists(store(held), catalogue, OPTIONS)
    assert lists(kept)[3][0] == 4
    assert kept.pairs["product_id"].to_list() == [3, 4]

    changed = kept.take_in([4], store({4: (4, 1, [1, 2])}), catalogue)

    assert sorted(changed.pairs.put.select("product_id", "other_id", "count").rows()) == [
        (1, 2, 2),
        (2, 1, 2),
    ]
    assert changed.pairs.drop.is_empty()
    assert lists(kept)[1][0] == 2
    assert kept.lines["order_id"].unique().sort().to_list() == [1, 2, 3, 4]
    assert kept.taken_in == 1

    changed = kept.take_in([1], NO_LINES, catalogue)

    assert changed.pairs.put.is_empty()
    assert sorted(changed.pairs.drop.rows()) == [("together", 1, 2), ("together", 2, 1)]
    assert kept.pairs["product_id"].to_list() == [3, 4]


def test_the_same_again_changes_nothing() -> None:
    held: dict[int, Basket] = {1: (1, 0, [1, 2]), 2: (2, 0, [1, 2])}
    kept = KeptLists(store(held), CATALOGUE, OPTIONS)

    changed = kept.take_in([2], store({2: held[2]}), CATALOGUE)

    assert changed.pairs.is_empty
    assert changed.recommendations.is_empty


def test_the_size_grows_with_what_is_kept() -> None:
    few = KeptLists(store({1: (1, 0, [1, 2])}), CATALOGUE, OPTIONS)
    many = KeptLists(store({n: (n, 0, [1, 2]) for n in range(500)}), CATALOGUE, OPTIONS)
    assert many.nbytes() > few.nbytes() + 500 * 2 * 8


@pytest.fixture
def short_orders() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(affinity, "LONGEST_ORDER", 4)
        patch.setattr(pair_index, "LONGEST_ORDER", 4)
        patch.setattr(affinity, "LONGEST_HISTORY", 4)
        yield


baskets = st.tuples(
    st.none() | st.integers(1, 3),
    st.integers(0, 60),
    st.lists(st.integers(1, 7), max_size=6, unique=True),
)
histories = st.dictionaries(st.integers(1, 9), baskets, max_size=9)
happenings = st.lists(
    st.dictionaries(st.integers(1, 9), st.none() | baskets, min_size=1, max_size=3), max_size=6
)


def applied(table: pl.DataFrame, difference: Difference, key: Sequence[str]) -> pl.DataFrame:
    put, drop = difference.put, difference.drop
    assert drop.join(table, on=key, how="anti").is_empty()
    left = table.join(drop, on=key, how="anti").join(put, on=key, how="anti")
    return pl.concat([left, put])


@pytest.mark.usefixtures("short_orders")
@settings(max_examples=25)
@given(histories, happenings)
def test_whatever_happens_lists_are_those_of_all_orders(
    held: dict[int, Basket], happened: list[dict[int, Basket | None]]
) -> None:
    kept = KeptLists(store(held), CATALOGUE, OPTIONS)
    around = surroundings(store(held), CATALOGUE)
    pairs, recommendations = kept.pairs, kept.recommendations
    for changes in happened:
        held = {number: basket for number, basket in (held | changes).items() if basket}
        now = {number: held[number] for number in changes if number in held}
        changed = kept.take_in(changes.keys(), store(now), CATALOGUE)

        lines = store(held)
        expected = pl.concat(
            [
                bought_together(lines, total=around.orders),
                bought_next(lines, OPTIONS.next_purchase_days, total=around.customers),
            ]
        )
        rules = Rules(2, kept.rules.choices, 100)
        expected_lists = listed(expected, orders_with(lines), CATALOGUE, around, rules)
        same(kept.pairs, expected, PAIR_KEY)
        same(kept.recommendations, expected_lists, LIST_KEY)
        # Positions of these tables are their rows'.
        kept_lines, all_lines = kept.lines.drop("position"), lines.drop("position")
        assert_frame_equal(kept_lines, all_lines, check_row_order=False)
        # What is said to differ makes the tables of before those of now.
        pairs = applied(pairs, changed.pairs, PAIR_KEY)
        same(pairs, expected, PAIR_KEY)
        recommendations = applied(recommendations, changed.recommendations, LIST_KEY)
        same(recommendations, expected_lists, LIST_KEY)


def same(found: pl.DataFrame, expected: pl.DataFrame, key: Sequence[str]) -> None:
    assert_frame_equal(found.sort(key), expected.sort(key), check_exact=True)
