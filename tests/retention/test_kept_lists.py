from collections.abc import Iterator, Mapping, Sequence
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention import affinity, offer, pair_index
from retention.affinity import bought_next, bought_together
from retention.columns import CHOICES, LINES
from retention.kept_lists import LIST_KEY, PAIR_KEY, KeptLists, Options
from retention.kept_table import Difference
from retention.recommend import Rules, listed, orders_with
from retention.surroundings import surroundings
from tests.retention.tables import orders, products

OPTIONS = Options(
    next_purchase_days=30, recommendations_per_product=2, largest_category_percent=100
)
CATALOGUE = products(*((n, 50 + n % 2, n != 6) for n in range(1, 8)), (8, None, True))
NO_LINES, NO_CHOICES = LINES.to_frame(), CHOICES.to_frame()

Choice = tuple[int, int, str]
"""List (0 for every one), product, kind."""

Basket = tuple[int | None, int, list[int]]
"""Customer, day and products of an order."""


def store(held: Mapping[int, Basket]) -> pl.DataFrame:
    nothing: list[int | None] = [None]
    return orders(
        *((number, who, day, has or nothing) for number, (who, day, has) in sorted(held.items()))
    )


def some_choices(*rows: Choice) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=CHOICES, orient="row")


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
def small_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(affinity, "LONGEST_ORDER", 4)
        patch.setattr(pair_index, "LONGEST_ORDER", 4)
        patch.setattr(affinity, "LONGEST_HISTORY", 4)
        patch.setattr(offer, "SMALLEST_STORE_COUNT", 2)
        yield


baskets = st.tuples(
    st.none() | st.integers(1, 3),
    st.integers(0, 60),
    st.lists(st.integers(1, 8), max_size=6, unique=True),
)
histories = st.dictionaries(st.integers(1, 9), baskets, max_size=9)
Happening = tuple[dict[int, Basket | None], set[int], dict[int, int | None], list[Choice] | None]
"""Orders' change, products sold out or back, products' categories, and choices if they change."""

choices = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 8), st.sampled_from(["pin", "ban"])),
    max_size=4,
    unique_by=lambda one: one[:2],
)
happenings = st.lists(
    st.tuples(
        st.dictionaries(st.integers(1, 9), st.none() | baskets, max_size=3),
        st.sets(st.integers(1, 8), max_size=2),
        st.dictionaries(st.integers(1, 8), st.sampled_from([None, 50, 51, 52]), max_size=1),
        st.none() | choices,
    ),
    max_size=6,
)


def applied(table: pl.DataFrame, difference: Difference, key: Sequence[str]) -> pl.DataFrame:
    put, drop = difference.put, difference.drop
    assert drop.join(table, on=key, how="anti").is_empty()
    left = table.join(drop, on=key, how="anti").join(put, on=key, how="anti")
    return pl.concat([left, put])


@pytest.mark.usefixtures("small_limits")
@settings(max_examples=40)
@given(histories, st.sampled_from([1, 2, 4]), st.sampled_from([50, 100]), happenings)
def test_whatever_happens_lists_are_those_of_all_orders(
    held: dict[int, Basket],
    size: int,
    percent: int,
    happened: list[Happening],
) -> None:
    options = Options(30, size, percent)
    catalogue, chosen = CATALOGUE, NO_CHOICES
    kept = KeptLists(store(held), catalogue, options)
    first = store(held)
    pairs, recommendations = kept.pairs, kept.recommendations
    for changes, switched, moved, now_chosen in happened:
        held = {number: basket for number, basket in (held | changes).items() if basket}
        now = {number: held[number] for number in changes if number in held}
        catalogue = with_changes(catalogue, switched, moved)
        chosen = chosen if now_chosen is None else some_choices(*now_chosen)
        changed = kept.take_in(changes.keys(), store(now), catalogue, chosen)

        lines, around = store(held), surroundings(first, catalogue)
        expected = pl.concat(
            [
                bought_together(lines, total=around.orders),
                bought_next(lines, OPTIONS.next_purchase_days, total=around.customers),
            ]
        )
        rules = Rules(size, chosen, percent)
        expected_lists = listed(expected, orders_with(lines), catalogue, around, rules)
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


def with_changes(
    catalogue: pl.DataFrame, switched: set[int], moved: dict[int, int | None]
) -> pl.DataFrame:
    """The catalogue with products sold out if they can be bought, else back, and others moved."""
    product, category = pl.col("product_id"), pl.col("category_id")
    return catalogue.with_columns(
        category_id=product.replace_strict(moved, default=category, return_dtype=pl.Int64),
        recommendable=pl.col("recommendable") ^ product.is_in(list(switched)),
    )


def same(found: pl.DataFrame, expected: pl.DataFrame, key: Sequence[str]) -> None:
    assert_frame_equal(found.sort(key), expected.sort(key), check_exact=True)


@pytest.mark.parametrize(("seed", "size", "percent"), [(5, 3, 50), (9, 2, 100), (6, 3, 34)])
def test_many_changes_of_products_later_the_lists_are_those_of_all_products(
    seed: int, size: int, percent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offer, "SMALLEST_STORE_COUNT", 4)
    random = Random(seed)

    def basket() -> list[int]:
        # Some are bought far more often than others.
        return sorted({1 + int(40 * random.random() ** 2) for _ in range(random.randint(1, 4))})

    held = {n: (random.randrange(60), random.randrange(90), basket()) for n in range(250)}
    categories = (None, 1, 2, 3, 4)
    catalogue = products(*((n, random.choice(categories), n % 5 > 0) for n in range(1, 41)))
    kept = KeptLists(store(held), catalogue, Options(60, size, percent))
    chosen: dict[tuple[int, int], str] = {}
    for _ in range(30):
        product, change = random.randint(1, 40), random.random()
        if change < 0.5:
            catalogue = with_changes(catalogue, {product}, {})
        elif change < 0.75:
            catalogue = with_changes(catalogue, set(), {product: random.choice(categories)})
        elif chosen.pop(of := (random.choice([0, random.randint(1, 40)]), product), None) is None:
            chosen[of] = random.choice(["pin", "ban", "ban"])
        choices = some_choices(*((*of, kind) for of, kind in chosen.items()))
        kept.take_in([], NO_LINES, catalogue, choices)

        around, rules = surroundings(store(held), catalogue), Rules(size, choices, percent)
        bases = orders_with(store(held))
        expected = listed(kept.pairs, bases, catalogue, around, rules)
        same(kept.recommendations, expected, LIST_KEY)
