import numpy as np

from retention.kept_sums import KeptSumsNext


def test_counts_take_more_room_once_there_are_more_customers_than_they_can_tell() -> None:
    none, nothing = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
    held = (none, none, none)
    bought = (held, held, held, held, none, nothing, none)
    sums = KeptSumsNext(np.zeros(2, dtype=np.int64), bought, (1, 200), 65_535)

    assert [table.dtype for table in sums.tables] == [np.uint16, np.uint16]
    sums.widen(65_535)
    assert [table.dtype for table in sums.tables] == [np.uint16, np.uint16]
    sums.widen(65_536)
    assert [table.dtype for table in sums.tables] == [np.int32, np.int32]


def test_there_is_room_for_products_to_come() -> None:
    none, nothing = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
    held = (none, none, none)
    bought = (held, held, held, held, none, nothing, none)
    sums = KeptSumsNext(np.zeros(100, dtype=np.int64), bought, (1, 200), 100)

    # 2 of 100 more, and one: rows of 103 products; none is chosen.
    assert [table.shape for table in sums.tables] == [(0, 103), (0, 103)]
    sums.lengthen(103)
    assert len(sums.slots) == 103
    sums.lengthen(150)
    assert len(sums.slots) == 154
    assert [table.shape for table in sums.tables] == [(0, 154), (0, 154)]
    assert sums.slots.tolist() == [-1] * 154
