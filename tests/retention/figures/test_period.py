from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest

from retention.figures.period import (
    Period,
    day_name,
    days,
    local,
    month,
    month_name,
    month_starts,
    read_day,
    read_month,
    with_month,
    zone_of,
)
from tests.retention.figures.tables import moment


def test_days_begin_and_end_at_the_stores_midnight() -> None:
    found = days(date(2026, 1, 1), date(2026, 1, 2), "Asia/Tehran")

    assert found.start == moment("2025-12-31T20:30")
    assert found.end == moment("2026-01-02T20:30")
    assert (found.first_day, found.last_day) == (date(2026, 1, 1), date(2026, 1, 2))


def test_a_fixed_offset_is_a_zone() -> None:
    assert days(date(2026, 1, 1), date(2026, 1, 1), "+03:30").start == moment("2025-12-31T20:30")
    assert zone_of("-05:00") == timezone(-timedelta(hours=5))
    assert zone_of("UTC+3") == timezone(timedelta(hours=3))
    assert zone_of("UTC").utcoffset(datetime(2026, 1, 1)) == timedelta(0)  # noqa: DTZ001


def test_a_day_of_changing_clocks_is_23_hours_long() -> None:
    found = days(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")

    assert found.end - found.start == timedelta(hours=23)


def test_gregorian_and_jalali_months() -> None:
    assert month(2026, 12, "UTC") == Period(moment("2026-12-01"), moment("2027-01-01"), "UTC")
    # 1 Farvardin 1405 is 21 March 2026, and the month has 31 days.
    assert month(1405, 1, "Asia/Tehran", "jalali") == Period(
        moment("2026-03-20T20:30"), moment("2026-04-20T20:30"), "Asia/Tehran"
    )
    # 1404 is no leap year: Esfand has 29 days.
    last = month(1404, 12, "UTC", "jalali")
    assert (last.first_day, last.last_day) == (date(2026, 2, 20), date(2026, 3, 20))


def test_month_starts_and_names() -> None:
    assert month_starts(date(2025, 12, 5), date(2026, 1, 1), "gregorian") == [
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
    ]
    assert month_starts(date(2026, 3, 20), date(2026, 3, 21), "jalali") == [
        date(2026, 2, 20),
        date(2026, 3, 21),
        date(2026, 4, 21),
    ]
    assert month_name(date(2026, 3, 21), "jalali") == "1405-01"
    assert month_name(date(2026, 3, 1), "gregorian") == "2026-03"


@pytest.mark.parametrize("zone", ["Asia/Tehran", "+03:30"])
def test_months_follow_the_stores_clock(zone: str) -> None:
    table = pl.DataFrame(
        {"at": [moment("2026-01-31T20:29"), moment("2026-01-31T20:30"), moment("2026-03-01")]},
        schema={"at": pl.Datetime("us", "UTC")},
    )

    found = with_month(table, "at", zone, "gregorian")

    assert found["month"].to_list() == [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
    assert found["month_number"].to_list() == [0, 1, 2]
    since = with_month(table, "at", zone, "gregorian", date(2025, 11, 30))
    assert since["month_number"].to_list() == [2, 3, 4]
    assert table.select(local(pl.col("at"), zone)).to_series().to_list()[1] == datetime(2026, 2, 1)  # noqa: DTZ001


def test_jalali_months_of_a_table() -> None:
    table = pl.DataFrame(
        {"at": [moment("2026-03-20T12:00"), moment("2026-03-21T12:00")]},
        schema={"at": pl.Datetime("us", "UTC")},
    )

    assert with_month(table, "at", "UTC", "jalali")["month"].to_list() == [
        date(2026, 2, 20),
        date(2026, 3, 21),
    ]


def test_no_rows_have_no_months() -> None:
    table = pl.DataFrame(schema={"at": pl.Datetime("us", "UTC")})

    assert with_month(table, "at", "UTC", "gregorian").columns == ["at", "month", "month_number"]


def test_senseless_periods_are_refused() -> None:
    start, end = moment("2026-01-01"), moment("2026-01-02")
    with pytest.raises(ValueError, match="is not after start"):
        Period(end, start, "UTC")
    with pytest.raises(ValueError, match="give it in UTC"):
        Period(start.astimezone(timezone(timedelta(hours=1))), end, "UTC")
    for zone in ("Mars/Olympus", "+99:00", "../etc/passwd", ""):
        with pytest.raises(ValueError, match="is unknown; give an IANA name"):
            Period(start.astimezone(UTC), end, zone)


def test_days_and_months_are_read_as_they_are_written() -> None:
    assert read_day("2026-03-21") == date(2026, 3, 21)
    assert read_day("1405-01-01", "jalali") == date(2026, 3, 21)
    assert read_day("۱۴۰۵-۰۱-۰۱", "jalali") == date(2026, 3, 21)
    assert day_name(date(2026, 3, 21), "jalali") == "1405-01-01"
    assert day_name(date(2026, 3, 21), "gregorian") == "2026-03-21"
    assert read_month("1405-01", "Asia/Tehran", "jalali") == month(1405, 1, "Asia/Tehran", "jalali")
    # 1405 is no leap year: its last month has 29 days.
    for text in ("1405-12-30", "2026-02-29", "2026-02", "yesterday"):
        with pytest.raises(ValueError, match="is no day of the"):
            read_day(text, "jalali" if text.startswith("14") else "gregorian")
    for text in ("2026-00", "2026-13", "2026", "2026-01-01"):
        with pytest.raises(ValueError, match="is no month"):
            read_month(text, "UTC")
