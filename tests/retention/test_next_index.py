from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention import affinity, kept_next_sums
from retention.affinity import bought_next
from retention.columns import PRODUCT_ID
from retention.next_index import Bought, NextIndex
from tests.retention.tables import START, orders

Basket = tuple[int, int, list[int]]
"""Customer, day and products."""


def store(held: Mapping[int, Basket]) -> pl.DataFrame:
    # An order of which no product is known is an order all the same.
    nothing: list[int | None] = [None]
    return orders(*((number, who, day, has or nothing) for number, (who, day, has) in held.items()))


def bought(basket: Basket | None) -> Bought | None:
    if basket is None:
        return None
    moment = START + timedelta(days=basket[1])
    return Bought(basket[0], int(moment.timestamp()) * 1_000_000, basket[2])


def pairs(index: NextIndex) -> dict[tuple[int, int], int]:
    return {
        (product, other): count
        for product, other, count in index.pairs()
        .select("product_id", "other_id", "count")
        .iter_rows()
    }


def test_a_later_order_makes_pairs_with_what_was_bought_before() -> None:
    index = NextIndex(store({1: (1, 0, [1]), 2: (1, 5, [2]), 3: (2, 0, [1])}))
    assert pairs(index) == {}

    assert index.replace(4, bought((2, 1, [2]))) == [2, 1]

    assert pairs(index) == {(1, 2): 2}
    assert index.pairs().select("base", "other_base", "total").rows() == [(2, 2, 2)]
    assert index.replace(4, bought((2, 1, [2, 2]))) == []
    assert index.replace(4, None) == [2, 1]
    assert pairs(index) == {}


def test_an_order_before_all_others_takes_first_purchases_away() -> None:
    index = NextIndex(store({n: (n // 2, n % 2, [1 + n % 2]) for n in range(4)}), 30)
    assert pairs(index) == {(1, 2): 2}

    # Customer 0 bought both at first; 1 was bought first 40 days before 2 by customer 1.
    index.replace(9, bought((0, -1, [1, 2])))
    assert pairs(index) == {
        (1, 2): 2,
    }
    index.replace(10, bought((1, -40, [1])))
    assert pairs(index) == {}


def test_a_line_that_comes_and_goes_changes_the_pairs_of_its_product_alone() -> None:
    index = NextIndex(store({n: (n // 2, n % 2, [1 + n % 2]) for n in range(4)}))
    assert pairs(index) == {(1, 2): 2}

    # One customer buys 3 after 1; with the second it is a pair, and 1 and 2 stay as they are.
    assert index.replace(1, bought((0, 1, [2, 3]))) == [3]
    assert pairs(index) == {(1, 2): 2}
    assert index.replace(3, bought((1, 1, [2, 3]))) == [3, 1]
    assert pairs(index) == {(1, 2): 2, (1, 3): 2}

    assert index.replace(3, bought((1, 1, [2]))) == [3, 1]
    assert pairs(index) == {(1, 2): 2}


def test_who_bought_an_order_may_change() -> None:
    index = NextIndex(store({1: (1, 0, [1]), 2: (2, 0, [1]), 3: (1, 1, [2]), 4: (1, 1, [2])}))
    assert pairs(index) == {}

    index.replace(4, bought((2, 1, [2])))

    assert pairs(index) == {(1, 2): 2}


@pytest.fixture
def small_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(affinity, "LONGEST_ORDER", 4)
        patch.setattr(affinity, "LONGEST_HISTORY", 4)
        yield


baskets = st.tuples(
    st.integers(1, 4), st.integers(0, 20), st.lists(st.integers(1, 7), max_size=6, unique=True)
)
changes = st.lists(st.tuples(st.integers(1, 14), st.none() | baskets), max_size=25)


@pytest.mark.usefixtures("small_limits")
@given(
    st.dictionaries(st.integers(1, 14), baskets, max_size=14),
    changes,
    st.sampled_from([1, 5]),
    st.sampled_from([0, 40, 10_000]),
    st.sampled_from([1, 200]),
)
def test_whatever_happens_the_lists_are_those_of_a_full_count(
    held: dict[int, Basket],
    happened: list[tuple[int, Basket | None]],
    top: int,
    bytes_of_sums: int,
    most_in_short: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # Counts are kept of no product, of one or two, or of all, in rows of either kind.
        patch.setattr(kept_next_sums, "MOST_BYTES", bytes_of_sums)
        patch.setattr(kept_next_sums, "MOST_IN_SHORT", most_in_short)
        index = NextIndex(store(held), 9, top)
    for order, wanted in happened:
        before = index.pairs()
        revised = index.replace(order, bought(wanted))
        held.pop(order, None)
        if wanted is not None:
            held[order] = wanted

        after = index.pairs()
        assert_frame_equal(after, bought_next(store(held), 9, top), check_exact=True)
        untouched = ~pl.col(PRODUCT_ID).is_in(revised)
        told = ["product_id", "other_id", "count", "base", "other_base", "score"]
        assert_frame_equal(*(table.filter(untouched).select(told) for table in (before, after)))


@pytest.mark.parametrize(("products_with_sums", "most"), [(0, 60), (4, 60), (60, 60), (500, 500)])
def test_many_orders_later_the_lists_are_still_those_of_a_full_count(
    products_with_sums: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Rows have a byte for each product and, of products that more than ten bought, two.
    monkeypatch.setattr(kept_next_sums, "MOST_BYTES", products_with_sums * 2 * 2 * most)
    monkeypatch.setattr(kept_next_sums, "MOST_IN_SHORT", 10)
    random = Random(5)

    def drawn() -> Basket:
        # Some are bought far more often than others, and some customers buy more.
        products = [int(most * random.random() ** 3) for _ in range(random.randint(1, 9))]
        return int(40 * random.random() ** 2), random.randrange(300), sorted(set(products))

    held: dict[int, Basket] = {number: drawn() for number in range(300)}
    index = NextIndex(store(held), 90, 5)
    for _ in range(600):
        order = random.randrange(400)
        wanted = None if random.random() < 0.2 else drawn()
        index.replace(order, bought(wanted))
        held.pop(order, None)
        if wanted is not None:
            held[order] = wanted

    assert_frame_equal(index.pairs(), bought_next(store(held), 90, 5), check_exact=True)
