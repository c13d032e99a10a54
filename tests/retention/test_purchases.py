from decimal import Decimal
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from retention.columns import CONTENTS, PURCHASES
from retention.purchases import JoinedOrders, purchases
from tests.retention.tables import Bought, lines, products

# Categories 10, 20 and 30; product 4 has none.
CATALOGUE = products((1, 10, True), (2, 20, True), (3, 30, False), (4, None, True))
MINUTE = 1 / 1440


def bought(*rows: Bought, joining_minutes: int = 0) -> list[tuple[int, int, int, int | None, str]]:
    """Purchase, customer, sequence, category, net."""
    table = purchases(lines(*rows), CATALOGUE, joining_minutes)
    assert table.schema == PURCHASES
    chosen = table.select("purchase_id", "customer_id", "sequence", "category_id", "net")
    return [(*row[:4], f"{row[4]:.0f}") for row in chosen.iter_rows()]


def test_the_category_is_that_of_the_largest_summed_net() -> None:
    # Category 20 has the dearest line, 12, but category 10 has 7 + 6 = 13.
    assert bought((5, 1, 0, 2, "12"), (5, 1, 0, 1, "7"), (5, 1, 0, 1, "6")) == [(5, 1, 1, 10, "25")]


def test_of_equal_categories_that_of_the_first_line_counts() -> None:
    assert bought((5, 1, 0, 2, "7"), (5, 1, 0, 1, "7")) == [(5, 1, 1, 20, "14")]
    assert bought((5, 1, 0, 1, "7"), (5, 1, 0, 2, "7")) == [(5, 1, 1, 10, "14")]
    # Category 10 reaches 8 with its second line and is still the one that came first.
    assert bought((5, 1, 0, 1, "3"), (5, 1, 0, 2, "8"), (5, 1, 0, 1, "5")) == [(5, 1, 1, 10, "16")]


def test_no_category_counts_only_when_there_is_no_other() -> None:
    assert bought((5, 1, 0, 4, "90"), (5, 1, 0, None, "90"), (5, 1, 0, 2, "1")) == [
        (5, 1, 1, 20, "181")
    ]
    assert bought((5, 1, 0, 4, "90"), (5, 1, 0, None, "9")) == [(5, 1, 1, None, "99")]
    # Product 77 is not among the store's products.
    assert bought((5, 1, 0, 77, "90")) == [(5, 1, 1, None, "90")]


def test_a_free_line_is_a_purchase() -> None:
    assert bought((5, 1, 0, 1, "0")) == [(5, 1, 1, 10, "0")]


def test_purchases_are_numbered_by_time_then_by_order() -> None:
    assert bought(
        (9, 1, 3, 1, "1"),
        (8, 1, 1, 2, "1"),
        (7, 1, 1, 3, "1"),
        (2, 2, 5, 1, "1"),
    ) == [(7, 1, 1, 30, "1"), (8, 1, 2, 20, "1"), (9, 1, 3, 10, "1"), (2, 2, 1, 10, "1")]


def test_an_order_with_nothing_kept_is_no_purchase() -> None:
    # A net below 0 marks a returned line, see `lines`.
    assert bought((1, 1, 0, 1, "-1"), (2, 1, 1, 2, "5"), (2, 1, 1, 1, "-1")) == [(2, 1, 1, 20, "5")]


def test_lines_without_a_customer_are_left_out() -> None:
    assert bought((1, None, 0, 1, "1"), (2, 3, 0, 1, "1")) == [(2, 3, 1, 10, "1")]


def test_orders_are_joined_from_one_to_the_next() -> None:
    rows: list[Bought] = [
        (1, 1, 0, 1, "4"),
        (2, 1, 30 * MINUTE, 2, "5"),
        (3, 1, 60 * MINUTE, 1, "4"),
        (4, 1, 91 * MINUTE, 3, "1"),
        (5, 2, 0, 3, "1"),
    ]
    # 30 minutes join orders 1, 2 and 3: category 10 has 8, category 20 has 5.
    assert bought(*rows, joining_minutes=30) == [
        (1, 1, 1, 10, "13"),
        (4, 1, 2, 30, "1"),
        (5, 2, 1, 30, "1"),
    ]
    assert len(bought(*rows, joining_minutes=29)) == 5


def test_joining_by_zero_minutes_joins_nothing() -> None:
    assert len(bought((1, 1, 0, 1, "1"), (2, 1, 0, 1, "1"), joining_minutes=0)) == 2


def test_a_negative_time_is_refused() -> None:
    with pytest.raises(ValueError, match="joining_minutes is -1"):
        purchases(lines(), CATALOGUE, -1)


def test_a_table_in_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="lines: column 'net' is Float64"):
        purchases(lines().cast({"net": pl.Float64}), CATALOGUE)


def test_no_lines_give_no_purchases() -> None:
    assert bought() == []


@st.composite
def stores(draw: st.DrawFn) -> list[Bought]:
    """Lines of up to five orders of two customers at close times."""
    rows: list[Bought] = []
    for number in range(draw(st.integers(0, 5))):
        customer = draw(st.sampled_from([1, 2, None]))
        minutes = draw(st.sampled_from([0, 0, 10, 15, 40, 90]))
        for _ in range(draw(st.integers(1, 3))):
            product = draw(st.sampled_from([1, 2, 3, 4, 77, None]))
            net = draw(st.sampled_from(["-1", "0", "1", "2", "3.5"]))
            rows.append((number, customer, minutes * MINUTE, product, net))
    return rows


@given(stores(), st.sampled_from([0, 10, 30]), st.randoms())
def test_the_sequence_of_rows_does_not_matter(
    rows: list[Bought], minutes: int, random: Random
) -> None:
    table = lines(*rows)
    order = list(range(table.height))
    random.shuffle(order)

    assert_frame_equal(
        purchases(table[order], CATALOGUE[::-1], minutes), purchases(table, CATALOGUE, minutes)
    )


@given(stores(), st.sampled_from([0, 10, 30]), st.integers(0, 4))
def test_returning_all_of_an_order_is_as_if_it_never_was(
    rows: list[Bought], minutes: int, returned: int
) -> None:
    refunded = [(*row[:4], "-1") if row[0] == returned else row for row in rows]
    positions = lines(*rows).filter(pl.col("order_id") != returned)

    assert_frame_equal(
        purchases(lines(*refunded), CATALOGUE, minutes), purchases(positions, CATALOGUE, minutes)
    )


@given(stores(), st.sampled_from([0, 10, 30]))
def test_purchases_hold_all_that_was_kept(rows: list[Bought], minutes: int) -> None:
    kept = sum((Decimal(row[4]) for row in rows if row[1] and Decimal(row[4]) >= 0), Decimal(0))
    table = purchases(lines(*rows), CATALOGUE, minutes)

    assert sum(table["net"].to_list(), Decimal(0)) == kept
    for _, customer in table.group_by("customer_id", maintain_order=True):
        assert customer["sequence"].to_list() == list(range(1, customer.height + 1))
        assert customer["placed_at"].is_sorted()


def test_contents_are_shares_of_what_was_spent_on_known_categories() -> None:
    # Order 5 spends 6 + 3 on category 10 and 3 on 20, besides 100 on a product of no category.
    # Order 6 of a few minutes later is joined to it; the free order 7 counts its two alike.
    rows: list[Bought] = [
        (5, 1, 0, 1, "6"), (5, 1, 0, 1, "3"), (5, 1, 0, 2, "3"), (5, 1, 0, 4, "100"),
        (6, 1, MINUTE, 3, "4"),
        (7, 1, 1, 1, "0"), (7, 1, 1, 2, "0"),
        (8, None, 1, 1, "5"), (9, 2, 1, 4, "5"), (9, 2, 1, 1, "-1"),
    ]  # fmt: skip
    held = JoinedOrders(lines(*rows), CATALOGUE, joining_minutes=5).contents()

    assert held.schema == CONTENTS
    assert held.rows() == [
        (5, 10, 9 / 16),
        (5, 20, 3 / 16),
        (5, 30, 4 / 16),
        (7, 10, 0.5),
        (7, 20, 0.5),
    ]
    with pytest.raises(ValueError, match="joining_minutes is -1"):
        JoinedOrders(lines(*rows), CATALOGUE, joining_minutes=-1)
