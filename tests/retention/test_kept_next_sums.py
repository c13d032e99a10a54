import numpy as np
import pytest
from polars.testing import assert_frame_equal

from retention import kept_next_sums
from retention.affinity import LONGEST_ORDER, MICROSECONDS_PER_DAY, bought_next
from retention.kept_next_sums import KeptNextSums
from retention.kernels import buyers
from retention.next_index import Bought, NextIndex
from tests.retention.tables import START, orders

Basket = tuple[int, int, int, list[int]]
"""Order, customer, day and products."""


def bought_nothing(lines: int) -> buyers.Bought:
    """No orders, in arrays with room for so many lines."""
    none, nothing = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
    products = (none, np.zeros(4, dtype=np.int32), np.empty(lines, dtype=np.int32))
    rows = (np.zeros(4, dtype=np.int32), np.zeros(4, dtype=np.int32), none)
    return products, products, rows, (none, none, none), none, nothing, none


def take_in(index: NextIndex, held: list[Basket], more: list[Basket]) -> None:
    """Let an index take in more orders; its pairs are then those of a full count."""
    start = int(START.timestamp()) * 1_000_000
    for order, customer, day, products in more:
        moment = start + day * MICROSECONDS_PER_DAY
        index.replace(order, Bought(customer, moment, products))
    expected = bought_next(orders(*held, *more))
    assert_frame_equal(index.pairs(), expected, check_exact=True)


def in_two_days(customers: range) -> list[Basket]:
    """Each of these buys 1 and, a day later, 2."""
    return [(2 * who + day, who, day, [1 + day]) for who in customers for day in (0, 1)]


def test_a_row_that_has_no_room_for_more_buyers_is_kept_no_longer() -> None:
    held = in_two_days(range(190))
    index = NextIndex(orders(*held))
    index.replace(0, None)
    assert index.pairs()["count"].to_list() == [189]

    take_in(index, held[1:], [held[0], *in_two_days(range(190, 260))])

    assert index.pairs()["count"].to_list() == [260]


def test_long_rows_get_more_room_once_there_are_more_buyers_than_they_can_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept_next_sums, "MOST_IN_SHORT", 1)
    monkeypatch.setattr(kept_next_sums, "LONG", np.uint8)
    held = in_two_days(range(190))
    index = NextIndex(orders(*held))

    take_in(index, held, in_two_days(range(190, 260)))

    assert index.pairs()["count"].to_list() == [260]


def test_products_that_get_a_second_buyer_get_columns_however_many() -> None:
    # Forty products of one buyer each, who has bought 1 before, as five others have.
    rare = range(100, 140)
    held: list[Basket] = [(n, 1, n, [n]) for n in rare]
    held += [(n, n, 0, [1]) for n in range(1, 7)]
    index = NextIndex(orders(*held))
    assert index.pairs().is_empty()

    take_in(index, held, [(1000 + n, 2, 200 + n, [n]) for n in rare])
    # Within the window of 180 days after 1 only the first customer bought any of them.
    assert index.pairs().filter(product_id=1).is_empty()
    assert set(index.pairs()["count"]) == {2}


def test_the_more_lines_orders_have_the_fewer_products_have_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Of 4 products two or more bought 3: rows of 4 columns, 1 byte each, before and later.
    base = np.array([3, 2, 2, 1])
    monkeypatch.setattr(kept_next_sums, "ROOM", 616)

    kept = [
        KeptNextSums(base, bought_nothing(lines), (1, LONGEST_ORDER)).sums[0][0].tolist()
        for lines in (0, 2, 3)
    ]

    # 616, 16 and no bytes are left: all that two bought, the two most bought, and none.
    assert kept == [[0, 1, 2, -1], [0, 1, -1, -1], [-1, -1, -1, -1]]
