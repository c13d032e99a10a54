from collections.abc import Iterator, Mapping, Sequence
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention import affinity, kept_sums, pair_index, ranked_lists
from retention.affinity import bought_together
from retention.columns import LINES, PRODUCT_ID
from retention.pair_index import PairIndex
from tests.retention.tables import orders

Change = tuple[int, list[int] | None]


def store(held: Mapping[int, Sequence[int]]) -> pl.DataFrame:
    # An order of which no product is known is an order all the same.
    nothing: list[int | None] = [None]
    return orders(*((number, 1, 0, has or nothing) for number, has in held.items()))


def lists(table: pl.DataFrame) -> dict[int, list[int]]:
    return dict(table.group_by("product_id").agg("other_id").iter_rows())


@pytest.fixture
def short_orders() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(affinity, "LONGEST_ORDER", 4)
        patch.setattr(pair_index, "LONGEST_ORDER", 4)
        patch.setattr(ranked_lists, "SPARE_PAIRS", 12)
        yield


def test_an_order_that_arrives_changes_the_lists_of_its_products() -> None:
    index = PairIndex(store({1: [1, 2], 2: [3, 4], 3: [3, 4]}))
    assert lists(index.pairs()) == {3: [4], 4: [3]}

    assert index.replace(4, [2, 1]) == [1, 2]

    assert lists(index.pairs()) == {1: [2], 2: [1], 3: [4], 4: [3]}
    assert lists(index.pairs([2, 3])) == {2: [1], 3: [4]}
    assert index.pairs([1]).select("count", "base", "total").rows() == [(2, 2, 4)]


def test_a_line_returned_and_an_order_erased_take_their_pairs_back() -> None:
    index = PairIndex(store({1: [1, 2, 3], 2: [1, 2, 3]}))

    assert index.replace(1, [1, 2]) == [1, 2, 3]
    assert lists(index.pairs()) == {1: [2], 2: [1]}
    assert index.replace(2, None) == [1, 2, 3]
    assert index.pairs().is_empty()


def test_the_same_again_and_what_was_never_there_change_nothing() -> None:
    index = PairIndex(store({1: [1, 2]}))

    assert index.replace(1, [2, 1, 1]) == []
    assert index.replace(9, None) == []


def test_a_list_is_revised_when_the_other_product_becomes_more_common() -> None:
    # 1 has both 2 and 3 twice; alone, 2 is bought once more and then ranks behind 3.
    held: dict[int, list[int]] = {1: [1, 2], 2: [1, 2], 3: [1, 3], 4: [1, 3]}
    index = PairIndex(store(held))
    assert lists(index.pairs([1])) == {1: [2, 3]}

    assert index.replace(5, [2]) == [2, 1]

    assert lists(index.pairs([1])) == {1: [3, 2]}


def test_products_never_seen_before_find_room() -> None:
    index = PairIndex(LINES.to_frame())

    for number in range(60):
        index.replace(number, [number // 2, 1000 - number // 2])

    expected = store({n: [n // 2, 1000 - n // 2] for n in range(60)})
    assert_frame_equal(index.pairs(), bought_together(expected))


products = st.lists(st.integers(1, 7), max_size=6, unique=True)
changes = st.lists(st.tuples(st.integers(1, 9), st.none() | products), max_size=30)


@pytest.mark.usefixtures("short_orders")
@given(
    st.dictionaries(st.integers(1, 9), products, max_size=9),
    changes,
    st.sampled_from([1, 2, 5]),
    st.sampled_from([0, 150, 10_000]),
)
def test_whatever_happens_the_lists_are_those_of_a_full_count(
    held: dict[int, list[int]], happened: list[Change], top: int, bytes_of_sums: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # Sums are kept of no product, of one or two, or of all.
        patch.setattr(kept_sums, "MOST_BYTES", bytes_of_sums)
        index = PairIndex(store(held), top)
    for order, wanted in happened:
        before = index.pairs()
        revised = index.replace(order, wanted)
        held.pop(order, None)
        if wanted is not None:
            held[order] = wanted

        after = index.pairs()
        assert_frame_equal(after, bought_together(store(held), top))
        untouched = ~pl.col(PRODUCT_ID).is_in(revised)
        told = ["product_id", "other_id", "count", "base", "other_base", "score"]
        assert_frame_equal(*(table.filter(untouched).select(told) for table in (before, after)))


@pytest.mark.parametrize("products_with_sums", [0, 4])
def test_many_orders_later_the_lists_are_still_those_of_a_full_count(
    products_with_sums: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_sums, "MOST_BYTES", products_with_sums * 12 * 62)
    random = Random(5)

    def drawn() -> list[int]:
        # Some are bought far more often than others.
        return [int(60 * random.random() ** 3) for _ in range(random.randint(1, 9))]

    held: dict[int, list[int]] = {number: drawn() for number in range(300)}
    index = PairIndex(store(held), 5)
    for _ in range(600):
        order = random.randrange(400)
        if random.random() < 0.2:
            held.pop(order, None)
            index.replace(order, None)
        else:
            held[order] = drawn()
            index.replace(order, held[order])

    assert_frame_equal(index.pairs(), bought_together(store(held), 5))
