import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from retention.kept_table import KeptTable

KEY = ("product_id", "rank")


def rows(*of: tuple[int, int, int]) -> pl.DataFrame:
    columns = dict.fromkeys(("product_id", "rank", "other_id"), pl.Int64)
    return pl.DataFrame(list(of), schema=columns, orient="row")


def some(*products: int) -> pl.Series:
    return pl.Series(products, dtype=pl.Int64)


def tens(*products: int) -> pl.DataFrame:
    """Two rows for each product, whose others are ten and eleven times its number."""
    return rows(*((n, rank, n * (9 + rank)) for n in products for rank in (1, 2)))


def test_the_rows_of_some_products_are_found_wherever_they_lie() -> None:
    table = KeptTable(tens(*range(1, 41)), KEY)
    assert_frame_equal(table.of(some(40, 7)), tens(40, 7))
    assert table.of(some(99)).is_empty()

    table.replace(some(7, 50), rows((7, 1, 3), (50, 1, 8)))

    assert sorted(table.of(some(7, 50, 8)).rows()) == [
        (7, 1, 3), (8, 1, 80), (8, 2, 88), (50, 1, 8),
    ]  # fmt: skip
    expected = pl.concat([tens(*range(1, 7)), rows((7, 1, 3)), tens(*range(8, 41))])
    assert_frame_equal(table.whole(), pl.concat([expected, rows((50, 1, 8))]))
    assert sorted(table.of(some(7, 50)).rows()) == [(7, 1, 3), (50, 1, 8)]


def test_what_differs_are_rows_that_are_new_and_keys_that_have_gone() -> None:
    table = KeptTable(tens(1, 2, 3), KEY)
    changed = table.replace(some(1, 2), rows((1, 1, 10), (1, 2, 5), (2, 1, 20)))
    assert changed.put.rows() == [(1, 2, 5)]
    assert changed.drop.rows() == [(2, 2)]
    again = table.replace(some(1, 2), rows((1, 1, 10), (1, 2, 5), (2, 1, 20)))
    assert again.is_empty
    assert sorted(table.replace(some(3, 1), rows()).drop.rows()) == [(1, 1), (1, 2), (3, 1), (3, 2)]
    assert table.whole().rows() == [(2, 1, 20)]


def test_products_are_found_by_what_stands_in_their_rows() -> None:
    table = KeptTable(tens(*range(1, 41)), KEY)
    assert sorted(table.products_with(np.array([30, 33, 40]))) == [3, 4]
    table.replace(some(3, 5), rows((3, 1, 1), (5, 1, 40)))
    assert sorted(table.products_with(np.array([30, 33, 40]))) == [4, 5]


def test_a_table_without_rows_takes_some() -> None:
    table = KeptTable(rows(), KEY)
    table.replace(some(1), rows((1, 1, 2)))
    assert table.whole().rows() == [(1, 1, 2)]
    assert table.nbytes() > 0
