import numpy as np
import pytest

from retention import kept_sums
from retention.affinity import LONGEST_ORDER
from retention.kept_sums import KeptSumsNext
from retention.kernels.buyers import Bought


def bought_nothing(lines: int = 0) -> Bought:
    """No orders, in arrays with room for so many lines."""
    none, nothing = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
    products = (none, np.zeros(4, dtype=np.int32), np.empty(lines, dtype=np.int32))
    rows = (np.zeros(4, dtype=np.int32), np.zeros(4, dtype=np.int32), none)
    return products, products, rows, (none, none, none), none, nothing, none


def test_counts_take_more_room_once_there_are_more_customers_than_they_can_tell() -> None:
    sums = KeptSumsNext(np.zeros(2, dtype=np.int64), bought_nothing(), (1, LONGEST_ORDER), 65_535)

    assert [table.dtype for table in sums.tables] == [np.uint16, np.uint16]
    sums.widen(65_535)
    assert [table.dtype for table in sums.tables] == [np.uint16, np.uint16]
    sums.widen(65_536)
    assert [table.dtype for table in sums.tables] == [np.int32, np.int32]


def test_there_is_room_for_products_to_come() -> None:
    sums = KeptSumsNext(np.zeros(100, dtype=np.int64), bought_nothing(), (1, LONGEST_ORDER), 100)

    # 2 of 100 more, and one: rows of 103 products; none is chosen.
    assert [table.shape for table in sums.tables] == [(0, 103), (0, 103)]
    sums.lengthen(103)
    assert len(sums.slots) == 103
    sums.lengthen(150)
    assert len(sums.slots) == 154
    assert [table.shape for table in sums.tables] == [(0, 154), (0, 154)]
    assert sums.slots.tolist() == [-1] * 154


def test_the_more_lines_orders_have_the_fewer_products_have_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # 4 products: rows of 5 places, 2 bytes each, for before and for later: 20 bytes a product.
    base = np.array([3, 2, 2, 0])
    monkeypatch.setattr(kept_sums, "ROOM", 640)

    kept = [KeptSumsNext(base, bought_nothing(n), (1, LONGEST_ORDER), 9).chosen for n in (0, 2, 3)]

    # 640, 40 and no bytes are left: all that anybody bought, the two most bought, and none.
    assert [chosen.tolist() for chosen in kept] == [[0, 1, 2], [0, 1], []]
