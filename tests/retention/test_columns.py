import polars as pl
import pytest

from retention.columns import LINES, NET, PRODUCTS, require
from tests.retention.tables import lines


def test_a_table_with_more_columns_passes() -> None:
    require(lines((1, 1, 0, 1, "5")).with_columns(note=pl.lit("kept")), LINES, "lines")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="lines: column 'net' is missing; add it as Decimal"):
        require(lines().drop(NET), LINES, "lines")


def test_a_wrong_type_is_named() -> None:
    table = PRODUCTS.to_frame().cast({"category_id": pl.String})

    with pytest.raises(ValueError, match="products: column 'category_id' is String; cast it to"):
        require(table, PRODUCTS, "products")
