"""What people bring as a file of purchases, and what they are told of it."""

import datetime as dt
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bazgasht.purchase_file import UnreadableFile, read_purchases

HEADER = "customer,order,time,product,category,quantity,price\n"
GOOD = "a,1,2026-01-01,tea,x,1,5\n"


def csv_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "purchases.csv"
    file.write_bytes(text.encode(encoding))
    return file


def parquet_file(folder: Path, **columns: list[Any]) -> Path:
    given: dict[str, list[Any]] = {
        "customer": ["a", "b"],
        "order": [1, 2],
        "time": [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)],
        "product": ["tea", "cup"],
        "category": ["x", None],
        "quantity": [1, 2],
        "price": [Decimal("5.00"), Decimal("2.50")],
    }
    file = folder / "purchases.parquet"
    pl.DataFrame(given | columns).write_parquet(file)
    return file


def refusal(file: Path) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read_purchases(file)
    return str(refused.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,2,2026-01-01,tea,x,-2,5", "column 'quantity', line 3: '-2' is below 0; leave out"),
        ("a,2,2026-01-01,tea,x,2,-5", "column 'price', line 3: '-5' is below 0; write what"),
        ("a,2,2026-01-01,tea,x,2.5,5", "column 'quantity', line 3: '2.5' is no whole number"),
        ("a,2,2026-01-01,tea,x,99999999999,5", "'99999999999' is no whole number, or too large"),
        ("a,2,2026-01-01,tea,x,2,NaN", "column 'price', line 3: 'NaN' is no amount; write it as"),
        ("a,2,2026-01-01,tea,x,2,inf", "column 'price', line 3: 'inf' is no amount; write it as"),
        ("a,2,2026-01-01,tea,x,2,", "column 'price', line 3 is empty; write it as 12.50"),
        ("a,2,2026-01-01,tea", "column 'quantity', line 3 is empty; write it as 2"),
        ("a,2,1404-11-11,tea,x,1,5", "'1404-11-11' is not between 1970 and 2199; write years"),
        ("a,2,31/01/2026,tea,x,1,5", "'31/01/2026' is no time; write it as 2026-01-31T09:30:00"),
        ("b,1,2026-01-01,tea,x,1,5", "column 'customer', line 3: 'b' is another than in earlier"),
        (",1,2026-01-01,tea,x,1,5", "column 'customer', line 3 is another than in earlier lines"),
        ("a,2,2026-01-01,tea,x,1,5,6", "line 3 has 8 values for 7 columns; put values that have"),
        ('a,2,2026-01-01,"tea,x,1,5', "line 3: unexpected end of data; close every quotation"),
    ],
)
def test_what_a_line_lacks_is_told_with_how_to_mend_it(
    tmp_path: Path, row: str, message: str
) -> None:
    assert message in refusal(csv_file(tmp_path, f"{HEADER}{GOOD}{row}\n"))


def test_lines_are_those_of_the_file_whatever_lies_in_them(tmp_path: Path) -> None:
    text = f'{HEADER}a,1,2026-01-01,"tea\n(green)",x,1,5\n\n,,,,,,\na,2,2026-01-01,tea,x,1,free\n'
    assert "column 'price', line 6: 'free' is no amount" in refusal(csv_file(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "encoding", "message"),
    [
        ("", "utf-8", "there is nothing in it; write a line of customer, order, time"),
        (HEADER + "علي,1,2026-01-01,tea,x,1,5\n", "cp1256", "line 2 is not in UTF-8; save"),
        ("customer;order\n1;2\n", "utf-8", "by commas in a CSV file, and has 'customer;order'"),
        (HEADER.strip() + ",price\n", "utf-8", "column 'price' is there twice; leave one"),
    ],
)
def test_a_file_that_is_no_such_table_is_told_why(
    tmp_path: Path, text: str, encoding: str, message: str
) -> None:
    assert message in refusal(csv_file(tmp_path, text, encoding))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"quantity": [2.5, 1.0]}, "column 'quantity', line 1: '2.5' is no whole number"),
        ({"quantity": [1.0, float("nan")]}, "column 'quantity', line 2 is empty"),
        ({"quantity": [True, True]}, "column 'quantity', line 1: 'True' is no whole number"),
        ({"price": [1.0, float("inf")]}, "column 'price', line 2: 'inf' is no amount"),
        ({"time": [dt.time(9), dt.time(9)]}, "column 'time', line 1: '09:00:00' is no time"),
        ({"time": [dt.timedelta(9), None]}, "column 'time' has values of type Duration"),
        ({"product": [["tea"], ["cup"]]}, "column 'product' has values of type List(String); give"),
        ({"category": [{"a": 1}, {"a": 2}]}, "column 'category' has values of type Struct"),
    ],
)
def test_columns_of_other_types_are_refused(
    tmp_path: Path, columns: dict[str, list[Any]], message: str
) -> None:
    assert message in refusal(parquet_file(tmp_path, **columns))


def test_a_broken_parquet_file_is_told_as_such(tmp_path: Path) -> None:
    file = tmp_path / "purchases.parquet"
    file.write_bytes(b"PAR1 and nothing else")
    assert "parquet" in refusal(file).lower()


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-31T09:30Z",
        "2026-01-31 09:30",
        "2026-01-31 09:30:00",
        "2026-01-31T13:00:00+03:30",
        " 2026-01-31  13:00+0330 ",
    ],
)
def test_times_are_iso_8601(tmp_path: Path, time: str) -> None:
    lines, _ = read_purchases(csv_file(tmp_path, f"{HEADER}a,1,{time},tea,x,1,5\n"))
    assert lines["placed_at"].to_list() == [datetime(2026, 1, 31, 9, 30, tzinfo=UTC)]


def test_a_spreadsheets_numbers_are_read(tmp_path: Path) -> None:
    lines, _ = read_purchases(csv_file(tmp_path, f"{HEADER}a,1,2026-01-01,tea,x, 2.0 , 12.5 \n"))
    assert lines["quantity"].to_list() == [2]
    assert lines["net"].to_list() == [Decimal("12.5")]


def test_columns_of_a_parquet_file_may_have_any_plain_type(tmp_path: Path) -> None:
    file = parquet_file(
        tmp_path,
        customer=[7.0, float("nan")],
        time=[dt.date(2026, 1, 1), dt.date(2026, 1, 2)],
        quantity=[1.0, 2.0],
        price=["5", "2.50"],
    )
    other = file.rename(tmp_path / "purchases.pq")
    lines, _ = read_purchases(other)
    assert lines["customer_id"].to_list() == [1, None]
    assert lines["placed_at"].to_list() == [
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 2, tzinfo=UTC),
    ]
    assert lines["quantity"].to_list() == [1, 2]
    assert lines["net"].to_list() == [Decimal(5), Decimal("2.5")]


def test_a_category_is_the_one_known_first(tmp_path: Path) -> None:
    # What was sold well is put among the best sellers later, which nobody knew before.
    text = (
        f"{HEADER}a,1,2026-01-01,tea,,1,5\nb,3,2026-01-03,tea,best sellers,1,5\n"
        "a,2,2026-01-02,tea,drinks,1,5\nb,3,2026-01-03,cup,best sellers,1,5\n"
    )
    _, products = read_purchases(csv_file(tmp_path, text))
    assert products.rows() == [(1, 1, True), (2, 2, True)]
