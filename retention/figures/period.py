"""Periods in a store's own time zone, in Gregorian or Jalali months, with their bounds in UTC."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jdatetime
import polars as pl

Calendar = Literal["gregorian", "jalali"]

_OFFSET = re.compile(r"(?:UTC)?([+-])(\d{1,2}):?(\d{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` on and before `end`, both in UTC; `zone` is the store's, whose days it follows.

    Raises ValueError when a bound is not in UTC, the end is not after the start, or the zone is
    unknown.
    """

    start: datetime
    end: datetime
    zone: str

    def __post_init__(self) -> None:
        zone_of(self.zone)
        for name, bound in (("start", self.start), ("end", self.end)):
            if bound.utcoffset() != timedelta(0):
                raise ValueError(f"{name} is {bound}; give it in UTC")
        if self.end <= self.start:
            raise ValueError(f"end {self.end} is not after start {self.start}; exchange them")

    @property
    def first_day(self) -> date:
        """The first day, in the store's time zone."""
        return day_of(self.start, self.zone)

    @property
    def last_day(self) -> date:
        """The last day that is in it at least in part, in the store's time zone."""
        return day_of(self.end - timedelta(microseconds=1), self.zone)


def zone_of(name: str) -> tzinfo:
    """Return the time zone of an IANA name ("Asia/Tehran") or a fixed offset ("+03:30").

    Raises ValueError when it is neither.
    """
    if offset := _OFFSET.fullmatch(name):
        sign, hours, minutes = offset.groups(default="0")
        length = timedelta(hours=int(hours), minutes=int(minutes))
        if length < timedelta(days=1):
            return timezone(-length if sign == "-" else length)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise ValueError(
            f"time zone {name!r} is unknown; give an IANA name or an offset as +03:30"
        ) from problem


def day_of(moment: datetime, zone: str) -> date:
    """Return the day of the zone in which a moment lies."""
    return moment.astimezone(zone_of(zone)).date()


def beginning_of(day: date, zone: str) -> datetime:
    """Return the moment, in UTC, at which a day of the zone begins."""
    return datetime.combine(day, time(), tzinfo=zone_of(zone)).astimezone(UTC)


def days(first: date, last: date, zone: str) -> Period:
    """Return the period from the beginning of the first day to the end of the last one."""
    return Period(beginning_of(first, zone), beginning_of(last + timedelta(days=1), zone), zone)


def month(year: int, number: int, zone: str, calendar: Calendar = "gregorian") -> Period:
    """Return a month, for example 1405, 1 of the Jalali calendar (Farvardin)."""
    following = divmod(year * 12 + number, 12)
    return Period(
        beginning_of(_first_day(year, number, calendar), zone),
        beginning_of(_first_day(following[0], following[1] + 1, calendar), zone),
        zone,
    )


def read_day(text: str, calendar: Calendar = "gregorian") -> date:
    """Return the day that is written as YYYY-MM-DD in a calendar; ValueError when there is none."""
    try:
        year, number, day = (int(part) for part in text.split("-"))
        if calendar == "jalali":
            shown: date = jdatetime.date(year, number, day).togregorian()
            return shown
        return date(year, number, day)
    except ValueError:
        raise ValueError(
            f"{text!r} is no day of the {calendar} calendar; write YYYY-MM-DD"
        ) from None


def read_month(text: str, zone: str, calendar: Calendar = "gregorian") -> Period:
    """Return the month that is written as YYYY-MM in a calendar; ValueError when there is none."""
    try:
        year, number = (int(part) for part in text.split("-"))
        return month(year, number, zone, calendar)
    except ValueError:
        raise ValueError(f"{text!r} is no month; write YYYY-MM") from None


def month_containing(day: date, zone: str, calendar: Calendar = "gregorian") -> Period:
    """Return the month in which a day lies."""
    return month(*_year_and_month(day, calendar), zone, calendar)


def day_name(day: date, calendar: Calendar) -> str:
    """Return a day as year, month and day, such as 1405-01-31."""
    shown = jdatetime.date.fromgregorian(date=day) if calendar == "jalali" else day
    return f"{shown.year:04d}-{shown.month:02d}-{shown.day:02d}"


def month_name(first_day: date, calendar: Calendar) -> str:
    """Return the month that begins on this day as year and number, such as 1405-01."""
    year, number = _year_and_month(first_day, calendar)
    return f"{year:04d}-{number:02d}"


def month_starts(first: date, last: date, calendar: Calendar) -> list[date]:
    """Return the first days of the months from that of `first` to the one after that of `last`."""
    return list(_month_starts(first, last, calendar))


def local(moment: pl.Expr, zone: str) -> pl.Expr:
    """Return a column of UTC times as the store's wall clock shows them, without a zone."""
    found = zone_of(zone)
    if isinstance(found, timezone):
        return moment.dt.replace_time_zone(None) + pl.lit(found.utcoffset(None))
    return moment.dt.convert_time_zone(zone).dt.replace_time_zone(None)


def with_month(
    table: pl.DataFrame, moment: str, zone: str, calendar: Calendar, since: date | None = None
) -> pl.DataFrame:
    """Add to each row the month of its time column `moment`.

    New columns: `month`, the month's first day, and `month_number`, which counts months from 0,
    the month of the day `since` or else of the earliest row.
    """
    day = table.select(local(pl.col(moment), zone).dt.date()).to_series()
    first, last = day.min(), day.max()
    if not isinstance(first, date) or not isinstance(last, date):
        return table.with_columns(
            pl.lit(None, dtype=pl.Date).alias("month"),
            pl.lit(None, dtype=pl.Int32).alias("month_number"),
        )
    starts = pl.Series("month", month_starts(since or first, last, calendar), dtype=pl.Date)
    number = starts.to_physical().search_sorted(day.to_physical(), side="right").cast(pl.Int32) - 1
    return table.with_columns(starts.gather(number).alias("month"), number.alias("month_number"))


def _month_starts(first: date, last: date, calendar: Calendar) -> Iterator[date]:
    year, number = _year_and_month(first, calendar)
    while True:
        start = _first_day(year, number, calendar)
        yield start
        if start > last:
            return
        year, number = (year + 1, 1) if number == 12 else (year, number + 1)


def _year_and_month(day: date, calendar: Calendar) -> tuple[int, int]:
    shown = jdatetime.date.fromgregorian(date=day) if calendar == "jalali" else day
    return shown.year, shown.month


def _first_day(year: int, number: int, calendar: Calendar) -> date:
    if calendar == "jalali":
        first: date = jdatetime.date(year, number, 1).togregorian()
        return first
    return date(year, number, 1)
