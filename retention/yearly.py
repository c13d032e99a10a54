"""Days that come round every year, in the Gregorian or the Jalali calendar."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import jdatetime

from retention.figures.period import Calendar

NOTICE = timedelta(days=30)
"""A birthday that is told of less than this ahead is first celebrated a year later."""

LEAST_APART = timedelta(days=335)
"""Two celebrated birthdays of a person are at least so far apart, whatever date is told."""

_LEAP_YEARS = {"gregorian": 2024, "jalali": 1403}
_JALALI_YEARS = range(1200, 1600)
_WRITTEN = re.compile(r"(?:(\d{4})[-/.])?(\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")


@dataclass(frozen=True, slots=True)
class YearlyDay:
    """A month and a day of a calendar.

    29 February and 30 Esfand, which only leap years have, are 28 February and 29 Esfand in the
    other years: the last day of their month.
    """

    calendar: Calendar
    month: int
    day: int

    def __post_init__(self) -> None:
        try:
            _day(self.calendar, _LEAP_YEARS[self.calendar], self.month, self.day)
        except ValueError:
            raise ValueError(
                f"month {self.month}, day {self.day} is no day of the {self.calendar} calendar"
            ) from None

    @classmethod
    def of(cls, day: date, calendar: Calendar) -> Self:
        """Return the day that comes round every year since `day`."""
        shown = _shown(day, calendar)
        return cls(calendar, shown.month, shown.day)

    @classmethod
    def read(cls, text: str, calendar: Calendar) -> Self:
        """Return the day written as YYYY-MM-DD, or MM-DD in the calendar; also with / or dots.

        A year tells the calendar: from 1200 to 1599 it is a Jalali one, later a Gregorian one.
        Raises ValueError for any other text.
        """
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no birthday; write YYYY-MM-DD or MM-DD")
        year, month, day = (int(part) if part else None for part in found.groups())
        if year is None:
            return cls(calendar, month or 0, day or 0)
        calendar = "jalali" if year in _JALALI_YEARS else "gregorian"
        try:
            return cls.of(_day(calendar, year, month or 0, day or 0), calendar)
        except ValueError:
            raise ValueError(f"{text!r} is no day of the {calendar} calendar") from None

    def in_year(self, year: int) -> date:
        """Return the day in a year of its calendar."""
        try:
            return _day(self.calendar, year, self.month, self.day)
        except ValueError:
            return _day(self.calendar, year, self.month, self.day - 1)

    def days(self, first: date, last: date) -> Iterator[tuple[int, date]]:
        """Yield when it comes from the first to the last day, as the calendar's year and the day.

        Both bounds are included.
        """
        if last < first:
            return
        years = range(_shown(first, self.calendar).year, _shown(last, self.calendar).year + 1)
        for year in years:
            day = self.in_year(year)
            if first <= day <= last:
                yield year, day


def birthdays(
    birthday: YearlyDay, given: date, since: date, last: date | None, today: date
) -> list[tuple[int, date]]:
    """Return the birthdays to be celebrated by `today`, as the calendar's year and the day.

    They are on or after `since`, at least 30 days after the date was given, and at least 335
    after the `last` one that was celebrated, which only matters when the date was changed.
    """
    first = max(since, given + NOTICE)
    if last is not None:
        first = max(first, last + LEAST_APART)
    return list(birthday.days(first, today))


def anniversaries(
    first: date, calendar: Calendar, since: date, today: date
) -> list[tuple[int, date]]:
    """Return the anniversaries of the day `first` from `since` to `today`, numbered from 1."""
    begin = max(since, first + timedelta(days=1))
    year = _shown(first, calendar).year
    return [(n - year, day) for n, day in YearlyDay.of(first, calendar).days(begin, today)]


def _shown(day: date, calendar: Calendar) -> date:
    shown: date = jdatetime.date.fromgregorian(date=day) if calendar == "jalali" else day
    return shown


def _day(calendar: Calendar, year: int, month: int, day: int) -> date:
    if calendar == "jalali":
        found: date = jdatetime.date(year, month, day).togregorian()
        return found
    return date(year, month, day)
