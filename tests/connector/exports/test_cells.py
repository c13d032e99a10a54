"""Amounts, quantities and times as people and programs write them."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from connector.exports.cells import (
    read_amount,
    read_identifier,
    read_moment,
    read_quantity,
    time_zone,
)

TEHRAN = ZoneInfo("Asia/Tehran")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.50", "12.50"),
        ("-3", "-3"),
        ("", "0"),
        ("1,234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("۱۲۳٬۴۵۶٫۵", "123456.5"),
        ("٤٥", "45"),
        ("1 234.5", "1234.5"),
        ("0.12345", "0.1235"),
        ("12,5", "12.5"),
    ],
)
def test_an_amount_is_exact(text: str, amount: str) -> None:
    assert read_amount(text, decimal_comma=False) == Decimal(amount)


def test_a_comma_is_the_decimal_point_where_semicolons_separate_cells() -> None:
    assert read_amount("12,50", decimal_comma=True) == Decimal("12.50")
    assert read_amount("1.234,50", decimal_comma=True) == Decimal("1234.50")
    assert read_amount("1,234.50", decimal_comma=True) == Decimal("1234.50")
    with pytest.raises(ValueError, match="two ways"):
        read_amount("1,500", decimal_comma=True)
    assert read_amount("1,500", decimal_comma=False) == Decimal(1500)


@pytest.mark.parametrize("text", ["abc", "$12", "NaN", "1e99", "1,2,3", "--1"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        read_amount(text, decimal_comma=False)


@pytest.mark.parametrize(("text", "count"), [("2", 2), ("۳", 3), ("0", 0), ("1.5", 2)])
def test_a_part_of_a_piece_counts_as_one_more(text: str, count: int) -> None:
    assert read_quantity(text) == count


@pytest.mark.parametrize("text", ["", "two", "-1", "99999999999"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantity"):
        read_quantity(text)


def test_an_identifier_is_a_number_and_a_shortened_one_is_told() -> None:
    assert read_identifier("۵۰۵۱۲۳۴۵۶۷۸۹۰") == "5051234567890"
    with pytest.raises(ValueError, match="shortened by a spreadsheet"):
        read_identifier("5.05123E+12")
    for text in ("0", "#1001", "99999999999999999999"):
        with pytest.raises(ValueError, match="not the number"):
            read_identifier(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-05-04 10:12:33 +0200", datetime(2023, 5, 4, 8, 12, 33, tzinfo=UTC)),
        ("2023-05-04T10:12:33-04:00", datetime(2023, 5, 4, 14, 12, 33, tzinfo=UTC)),
        ("2023-05-04T10:12:33.250Z", datetime(2023, 5, 4, 10, 12, 33, tzinfo=UTC)),
        ("2023-05-04 10:12:33 UTC", datetime(2023, 5, 4, 10, 12, 33, tzinfo=UTC)),
        ("2023/5/4 10:12 PM +00:00", datetime(2023, 5, 4, 22, 12, tzinfo=UTC)),
        # Tehran was at +04:30 in the summer of 2021, and is at +03:30 since 2022.
        ("2021-07-01 12:00", datetime(2021, 7, 1, 7, 30, tzinfo=UTC)),
        ("2023-07-01 12:00", datetime(2023, 7, 1, 8, 30, tzinfo=UTC)),
        ("2023-07-01", datetime(2023, 6, 30, 20, 30, tzinfo=UTC)),
        # 14 Ordibehesht 1402 is 4 May 2023.
        ("1402/02/14 10:12", datetime(2023, 5, 4, 6, 42, tzinfo=UTC)),
        ("۱۴۰۲/۰۲/۱۴ ۱۰:۱۲", datetime(2023, 5, 4, 6, 42, tzinfo=UTC)),
        ("1402-02-14 10:12:33 +00:00", datetime(2023, 5, 4, 10, 12, 33, tzinfo=UTC)),
        # 30 Esfand is in leap years only, of which 1399 is one.
        ("1399-12-30 00:00 Z", datetime(2021, 3, 20, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_utc(text: str, moment: datetime) -> None:
    assert read_moment(text, TEHRAN) == moment


@pytest.mark.parametrize("text", ["04/05/2023", "yesterday", "2023-05", "", "1402 02 14"])
def test_what_could_be_another_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="year first"):
        read_moment(text, UTC)


@pytest.mark.parametrize("text", ["2023-02-30", "1400-12-30", "2023-05-04 25:00"])
def test_a_day_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        read_moment(text, UTC)


def test_a_stores_zone_is_a_name_or_an_offset() -> None:
    noon = datetime(2026, 1, 1, 12)  # noqa: DTZ001
    for name, hour in (("+03:30", 8), ("-02:00", 14), ("Asia/Tehran", 8), ("nowhere", 12)):
        assert noon.replace(tzinfo=time_zone(name)).astimezone(UTC).hour == hour
