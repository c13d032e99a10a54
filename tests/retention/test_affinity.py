from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention import affinity, pair_counting
from retention.affinity import bought_next, bought_together
from retention.columns import LINES, PAIRS
from tests.retention.tables import lines, orders

Order = tuple[int, int | None, float, Sequence[int | None]]

# Products 1, 2 and 3 are in 4, 3 and 3 of the 5 orders.
BASKETS = orders(
    (1, 1, 0, [1, 2]), (2, 1, 1, [1, 2, 3]), (3, 2, 0, [1]), (4, 3, 0, [3, 2, 1]), (5, 3, 1, [3])
)


def row(table: pl.DataFrame, product: int, other: int) -> dict[str, float | str]:
    found = table.filter(pl.col("product_id") == product, pl.col("other_id") == other)
    [answer] = found.iter_rows(named=True)
    return answer


def counted(table: pl.DataFrame) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """Count, base, other base and total of each pair."""
    columns = table.select("product_id", "other_id", "count", "base", "other_base", "total")
    return {(row[0], row[1]): row[2:] for row in columns.iter_rows()}


def ranked(table: pl.DataFrame, product: int) -> list[int]:
    return table.filter(pl.col("product_id") == product)["other_id"].to_list()


def test_together_counts_orders() -> None:
    table = bought_together(BASKETS)

    assert table.schema == PAIRS
    # 1 and 2 share orders 1, 2 and 4; 1 and 3, and 2 and 3, share orders 2 and 4.
    assert counted(table) == {
        (1, 2): (3, 4, 3, 5),
        (2, 1): (3, 3, 4, 5),
        (1, 3): (2, 4, 3, 5),
        (3, 1): (2, 3, 4, 5),
        (2, 3): (2, 3, 3, 5),
        (3, 2): (2, 3, 3, 5),
    }


def test_together_says_how_often_and_how_much_more_than_usual() -> None:
    # Weights: 1 in the order of two, 1 / sqrt(2) in both orders of three: 1 + sqrt(2) = 2.414214.
    # 4^0.85 = 3.249010, 3^0.15 = 1.179148: 2.414214 / (3.249010 * 1.179148) = 0.630168.
    assert row(bought_together(BASKETS), 1, 2) == {
        "kind": "together",
        "product_id": 1,
        "other_id": 2,
        "count": 3,
        "base": 4,
        "other_base": 3,
        "total": 5,
        "support": 0.6,
        "confidence": 0.75,
        "base_rate": 0.6,
        "lift": 1.25,
        "score": pytest.approx(0.630168, abs=1e-6),
    }


def test_a_pair_in_a_short_list_says_more_than_one_in_a_long_list() -> None:
    long = [1, 3, 4, 5, 6]
    table = bought_together(
        orders((1, 1, 0, [1, 2]), (2, 1, 0, [1, 2]), (3, 1, 0, long), (4, 1, 0, long))
    )

    assert ranked(table, 1) == [2, 3, 4, 5, 6]


def test_a_product_counts_once_per_order_and_returned_lines_never() -> None:
    table = lines(
        (1, 1, 0, 1, "5"),
        (1, 1, 0, 1, "5"),
        (1, 1, 0, 2, "5"),
        (2, 1, 0, 1, "5"),
        (2, 1, 0, 2, "5"),
        (3, 1, 0, 1, "5"),
        (3, 1, 0, 2, "-1"),
    )

    assert counted(bought_together(table)) == {(1, 2): (2, 3, 2, 3), (2, 1): (2, 2, 3, 3)}


def test_lost_products_and_unknown_customers_still_make_an_order() -> None:
    table = orders((1, None, 0, [1, 2]), (2, None, 0, [2, 1, None]), (3, 1, 0, [None]))

    assert counted(bought_together(table))[1, 2] == (2, 2, 2, 3)
    assert bought_next(table).is_empty()


def test_a_pair_seen_once_is_left_out() -> None:
    assert bought_together(orders((1, 1, 0, [1, 2]), (2, 1, 0, [1, 3]))).is_empty()


def test_rare_pairs_of_high_lift_do_not_come_first() -> None:
    # 1 is in 22 of 42 orders. With 2 it shares both orders of 2: lift 42 / 22 = 1.9.
    # With 3 it shares 20 of 40: lift 20 / 22 / (40 / 42) = 0.95.
    table = bought_together(
        orders(
            *((n, 1, 0, [1, 3]) for n in range(20)),
            *((n, 1, 0, [3]) for n in range(20, 40)),
            (40, 1, 0, [1, 2]),
            (41, 1, 0, [1, 2]),
        )
    )

    assert ranked(table, 1) == [3, 2]
    assert row(table, 1, 2)["lift"] == pytest.approx(42 / 22)
    assert row(table, 1, 3)["lift"] == pytest.approx(20 / 22 * 42 / 40)


def test_the_best_pairs_are_kept_and_equal_ones_go_by_identifier() -> None:
    table = orders(
        *((n, 1, 0, [1, 9, 8, 7]) for n in range(2)), (5, 1, 0, [1, 8]), (6, 1, 0, [1, 8])
    )

    assert ranked(bought_together(table), 1) == [8, 7, 9]
    assert ranked(bought_together(table, top=2), 1) == [8, 7]


def test_a_very_long_order_counts_only_in_its_products_popularity() -> None:
    longest = list(range(1, affinity.LONGEST_ORDER + 1))
    short: list[Order] = [(3, 2, 5, [1, 2]), (4, 2, 6, [1, 2]), (5, 3, 0, [1]), (6, 3, 1, [2])]
    too_long: list[Order] = [(1, 1, 0, [*longest, 999]), (2, 1, 1, [*longest, 999])]

    # 1 and 2 are in both long orders: base 2 + 3, of 6 orders.
    assert counted(bought_together(orders(*short, *too_long))) == {
        (1, 2): (2, 5, 5, 6),
        (2, 1): (2, 5, 5, 6),
    }
    # Customers 2 and 3 bought 2 after 1; customer 1 is only a buyer of both.
    assert counted(bought_next(orders(*short, *too_long))) == {(1, 2): (2, 3, 3, 3)}
    allowed: list[Order] = [(1, 1, 0, longest), (2, 1, 1, longest)]
    assert counted(bought_together(orders(*allowed), top=200))[1, 200] == (2, 2, 2, 2)


LATER = orders(
    # 1 buys 2 after ten days, 2 too late, 3 on the last day.
    (1, 1, 0, [1]),
    (2, 1, 10, [2]),
    (3, 2, 0, [1, 3]),
    (4, 2, 181, [2]),
    (5, 3, 0, [1]),
    (6, 3, 180, [2]),
    # 4 had bought 2 before 1, and buys it again after.
    (7, 4, 0, [2]),
    (8, 4, 5, [1]),
    (9, 4, 9, [2]),
    # 5 bought both at one moment, in one order 6 did; 7 never bought either.
    (10, 5, 0, [1]),
    (11, 5, 0, [2]),
    (12, 6, 0, [1, 2]),
    (13, 7, 0, [3]),
)


def test_next_leaves_out_the_pairs_of_a_till(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affinity, "LONGEST_HISTORY", 3)
    shoppers = [(10 * who + n, who, n, [n]) for who in (1, 2) for n in (1, 2, 3)]
    till = [(100 + n, 9, n, [n]) for n in (1, 2, 3)]

    # Three orders are a shopper's yet, a fourth one is a till's: 9 is a buyer all the same.
    assert counted(bought_next(orders(*shoppers, *till)))[(1, 2)] == (3, 3, 3, 3)
    till.append((104, 9, 4, [7]))
    assert counted(bought_next(orders(*shoppers, *till))) == {
        (1, 2): (2, 3, 3, 3),
        (1, 3): (2, 3, 3, 3),
        (2, 3): (2, 3, 3, 3),
    }


def test_next_counts_customers() -> None:
    table = bought_next(LATER, 180)

    # Six of seven customers bought 1, six bought 2; 1, 3 and 4 bought 2 later.
    assert counted(table) == {(1, 2): (3, 6, 6, 7)}
    # 3 / (6^0.85 * 6^0.15) = 3 / 6.
    assert row(table, 1, 2) == {
        "kind": "next",
        "product_id": 1,
        "other_id": 2,
        "count": 3,
        "base": 6,
        "other_base": 6,
        "total": 7,
        "support": pytest.approx(3 / 7),
        "confidence": 0.5,
        "base_rate": pytest.approx(6 / 7),
        "lift": pytest.approx(7 / 12),
        "score": pytest.approx(0.5),
    }
    assert table.schema == PAIRS


def test_the_window_ends_with_its_last_microsecond() -> None:
    def shifted(microseconds: int) -> pl.DataFrame:
        return LATER.with_columns(
            pl.when(pl.col("order_id") == 6)
            .then(pl.col("placed_at") + timedelta(microseconds=microseconds))
            .otherwise("placed_at")
        )

    assert counted(bought_next(shifted(0), 180))[1, 2][0] == 3
    assert counted(bought_next(shifted(1), 180))[1, 2][0] == 2
    assert counted(bought_next(LATER, 181))[1, 2][0] == 4


def test_the_window_begins_with_the_first_purchase_of_a_product() -> None:
    # Both buy 1 again on day 100, from which day 250 would be within 180 days.
    table = orders(
        *((10 * c, c, 0, [1]) for c in (1, 2)),
        *((10 * c + 1, c, 100, [1]) for c in (1, 2)),
        *((10 * c + 2, c, 250, [2]) for c in (1, 2)),
    )

    assert (1, 2) not in counted(bought_next(table, 180))
    assert counted(bought_next(table, 250)) == {(1, 2): (2, 2, 2, 2)}


def test_a_customer_counts_once_however_often_the_other_is_bought() -> None:
    table = orders(
        *((10 * c + day, c, day, [1] if day == 0 else [2]) for c in (1, 2) for day in range(5))
    )

    assert counted(bought_next(table)) == {(1, 2): (2, 2, 2, 2)}


@pytest.mark.parametrize("count", [bought_together, bought_next])
def test_no_lines_give_no_pairs(count: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    assert_frame_equal(count(LINES.to_frame()), PAIRS.to_frame())


def test_senseless_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="top is 0"):
        bought_together(BASKETS, top=0)
    with pytest.raises(ValueError, match="window_days is 0"):
        bought_next(BASKETS, 0)
    with pytest.raises(ValueError, match="lines: column 'placed_at' is missing"):
        bought_next(BASKETS.drop("placed_at"))


@st.composite
def stores(draw: st.DrawFn) -> list[Order]:
    day = st.sampled_from([0, 0, 1, 2, 5, 9, 10, 11])
    basket = st.lists(st.sampled_from([1, 2, 3, 4, 5, None]), min_size=1, max_size=4)
    customer = st.sampled_from([1, 2, 3, 4, None])
    drawn = draw(st.lists(st.tuples(customer, day, basket), max_size=14))
    return [(number, *order) for number, order in enumerate(drawn)]


def common(pairs: Counter[tuple[int, int]]) -> dict[tuple[int, int], int]:
    return {pair: count for pair, count in pairs.items() if count >= 2}


@given(stores(), st.sampled_from([1, 3, 10_000]))
def test_together_equals_a_count_by_hand(store: list[Order], held: int) -> None:
    pairs: Counter[tuple[int, int]] = Counter()
    weights: defaultdict[tuple[int, int], float] = defaultdict(float)
    base: Counter[int] = Counter()
    for _, _, _, products in store:
        basket = {product for product in products if product is not None}
        base.update(basket)
        for one in basket:
            for other in basket - {one}:
                pairs[one, other] += 1
                weights[one, other] += 1 / (len(basket) - 1) ** 0.5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_counting, "PAIRS_AT_ONCE", held)
        table = bought_together(orders(*store))

    assert counted(table) == {
        (x, y): (count, base[x], base[y], len(store)) for (x, y), count in common(pairs).items()
    }
    for x, y, score in table.select("product_id", "other_id", "score").iter_rows():
        assert score == pytest.approx(weights[x, y] / (base[x] ** 0.85 * base[y] ** 0.15))


@given(stores(), st.sampled_from([1, 5, 10]))
def test_next_equals_a_count_by_hand(store: list[Order], window: int) -> None:
    pairs: Counter[tuple[int, int]] = Counter()
    base: Counter[int] = Counter()
    customers = {customer for _, customer, _, _ in store if customer is not None}
    for customer in customers:
        history = [(day, set(products)) for _, c, day, products in store if c == customer]
        for x in {p for _, basket in history for p in basket if p is not None}:
            base[x] += 1
            first = min(day for day, basket in history if x in basket)
            later = [basket for day, basket in history if first < day <= first + window]
            pairs.update((x, y) for y in set().union(*later) - {x, None} if y is not None)
    table = bought_next(orders(*store), window)

    assert counted(table) == {
        (x, y): (count, base[x], base[y], len(customers)) for (x, y), count in common(pairs).items()
    }


@given(stores(), st.randoms())
def test_the_sequence_of_rows_does_not_matter(store: list[Order], random: Random) -> None:
    table = orders(*store)
    shuffled = list(range(table.height))
    random.shuffle(shuffled)

    assert_frame_equal(bought_together(table[shuffled]), bought_together(table))
    assert_frame_equal(bought_next(table[shuffled]), bought_next(table))
