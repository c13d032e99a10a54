import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import click
import polars as pl
import pytest
from click.testing import CliRunner, Result

from bazgasht.cli import cli
from bazgasht.evaluate_commands import evaluate_command
from bazgasht.purchase_file import UnreadableFile, read_purchases

HEADER = "customer,order,time,product,category,quantity,price\n"


def written(folder: Path, *rows: str) -> Path:
    file = folder / "purchases.csv"
    file.write_text(HEADER + "".join(f"{row}\n" for row in rows), "utf-8")
    return file


def run(*words: str) -> Result:
    return CliRunner().invoke(evaluate_command, list(words))


def shop(orders: int) -> list[str]:
    """Ten customers in turn; every order holds the same two products and one of its own."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        f"c{number % 10},{number:04},{(start + timedelta(days=number)).isoformat()},{product},x,1,5"
        for number in range(orders)
        for product in ("tea", "cup", f"only{number}")
    ]


def test_a_file_becomes_lines_and_products(tmp_path: Path) -> None:
    lines, products = read_purchases(
        written(
            tmp_path,
            "anna,o2,2026-01-02T10:00:00+03:30,tea,drinks,2,12.50",
            "anna,o2,2026-01-02T10:00:00+03:30,cup,,1,3",
            ",o1,2026-01-01,tea,hot drinks,1,6.25",
        )
    )

    assert lines.rows() == [
        (2, 1, datetime(2026, 1, 2, 6, 30, tzinfo=UTC), 0, 2, 2, Decimal("12.5")),
        (2, 1, datetime(2026, 1, 2, 6, 30, tzinfo=UTC), 1, 1, 1, Decimal(3)),
        (1, None, datetime(2026, 1, 1, tzinfo=UTC), 0, 2, 1, Decimal("6.25")),
    ]
    # The first line of tea is of category "hot drinks", the second by name; cups have none.
    assert products.rows() == [(1, None, True), (2, 2, True)]


def test_a_parquet_file_is_the_same(tmp_path: Path) -> None:
    file = written(tmp_path, "1,7,2026-01-02 10:00:00,3,4,2,12.50")
    same = tmp_path / "purchases.parquet"
    pl.read_csv(file, try_parse_dates=True).write_parquet(same)

    for one, other in zip(read_purchases(file), read_purchases(same), strict=True):
        assert one.equals(other)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,1,yesterday,tea,x,1,5", "column 'time', line 3: 'yesterday' is no time"),
        ("a,1,2026-01-01,tea,x,one,5", "column 'quantity', line 3: 'one' is no whole number"),
        ("a,1,2026-01-01,tea,x,-1,5", "column 'quantity', line 3: '-1' is below 0"),
        ("a,1,2026-01-01,tea,x,1,free", "column 'price', line 3: 'free' is no amount"),
        ("a,,2026-01-01,tea,x,1,5", "column 'order', line 3 is empty"),
    ],
)
def test_what_cannot_be_taken_is_named(tmp_path: Path, row: str, message: str) -> None:
    file = written(tmp_path, "a,1,2026-01-01,tea,x,1,5", row)
    with pytest.raises(UnreadableFile) as refused:
        read_purchases(file)
    assert message in str(refused.value)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / "purchases.csv"
    file.write_text("customer,order\n1,2\n", "utf-8")
    result = run(str(file))
    assert result.exit_code == 1
    assert "column 'time' is missing; the file needs customer, order, time" in result.output


def test_too_little_says_so(tmp_path: Path) -> None:
    result = run(str(written(tmp_path, *shop(49))))
    assert result.exit_code == 1
    assert "have 49 orders, need 50" in result.output


def test_the_product_page_is_judged_and_the_rest_says_what_it_lacks(tmp_path: Path) -> None:
    result = run("--json", str(written(tmp_path, *shop(200))))
    found = json.loads(result.output)

    # Of each of the 40 last orders tea names cup and cup names tea, one of two others each; the
    # third product is new, has no list and is on none.
    assert found["product_page"]["ours"]["recall"]["value"] == pytest.approx(1 / 3)
    assert found["product_page"]["ours"]["recall"]["n"] == 40
    assert found["next_order"] == {
        "not_enough": {"what": "customers who bought before and after", "have": 10, "need": 30}
    }
    assert (found["from"], found["test_from"], found["to"]) == (
        "2026-01-01T00:00:00+00:00",
        "2026-06-10T00:00:00+00:00",
        "2026-07-19T00:00:00+00:00",
    )
    assert (found["known_orders"], found["test_orders"]) == (160, 40)
    text = run(str(written(tmp_path, *shop(200)))).output
    assert "200 orders, 2026-01-01 00:00 UTC to 2026-07-19 00:00 UTC." in text
    assert "Known until 2026-06-10 00:00 UTC, judged by the 40 orders from then on." in text
    assert "40 orders of 10 customers" in text
    assert "have 10 customers who bought before and after, need 30" in text


def test_the_second_category_says_of_how_many_customers(tmp_path: Path) -> None:
    # 150 customers one after another buy tea of a category, and the next time cups of another.
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        f"c{number // 2},{number},{(start + timedelta(hours=number)).isoformat()},{what},1,5"
        for number in range(300)
        for what in (("tea,drinks",) if number % 2 == 0 else ("cup,dishes",))
    ]
    file = str(written(tmp_path, *rows))
    text = run(file).output.splitlines()
    ours = next(line for line in text if line.startswith("  others   ours"))
    assert ours.endswith("first three 1.0000 (1.0000 to 1.0000), 150 customers")
    same = next(line for line in text if line.startswith("  others   same as first"))
    assert "ours better by 1.0000 (1.0000 to 1.0000), 0.0000 (0.0000 to 0.0000)" in same
    found = json.loads(run("--json", file).output)["second_category"]
    assert found["calibration_error"]["others"]["customers"] == 150
    scores = found["scores"]
    same = next(
        one for one in scores if (one["setting"], one["model"]) == ("others", "same as first")
    )
    assert same["ours_better_by"] == {"value": 1, "low": 1, "high": 1, "n": 150, "customers": 150}


def test_it_is_a_command() -> None:
    from bazgasht.cli import load_commands  # noqa: PLC0415

    load_commands()
    assert isinstance(cli.commands["evaluate"], click.Command)
