"""Days that come round every year, with leap years of both calendars."""

from datetime import date

import pytest

from retention.yearly import YearlyDay, anniversaries, birthdays

# 1403 and 1408 are leap years of the Jalali calendar: 30 Esfand 1403 is 20 March 2025.
NOWRUZ = YearlyDay("jalali", 1, 1)
SINCE = date(2020, 1, 1)


def test_a_day_in_a_year() -> None:
    assert NOWRUZ.in_year(1403) == date(2024, 3, 20)
    assert NOWRUZ.in_year(1404) == date(2025, 3, 21)
    assert YearlyDay("gregorian", 5, 17).in_year(2026) == date(2026, 5, 17)


def test_a_leap_day_is_the_last_day_of_its_month() -> None:
    february = YearlyDay("gregorian", 2, 29)
    assert february.in_year(2024) == date(2024, 2, 29)
    assert february.in_year(2025) == date(2025, 2, 28)
    assert february.in_year(2100) == date(2100, 2, 28)
    esfand = YearlyDay("jalali", 12, 30)
    assert esfand.in_year(1403) == date(2025, 3, 20)
    assert esfand.in_year(1404) == date(2026, 3, 20)  # 29 Esfand; 1 Farvardin 1405 is the 21st.
    assert esfand.in_year(1408) == date(2030, 3, 20)


def test_the_last_day_of_esfand_is_not_the_leap_day() -> None:
    esfand = YearlyDay("jalali", 12, 29)
    assert (esfand.in_year(1403), esfand.in_year(1404)) == (date(2025, 3, 19), date(2026, 3, 20))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1990-05-17", YearlyDay("gregorian", 5, 17)),
        ("1369/02/27", YearlyDay("jalali", 2, 27)),
        ("۱۳۶۹/۲/۲۷", YearlyDay("jalali", 2, 27)),
        ("1399-12-30", YearlyDay("jalali", 12, 30)),
        ("2000-02-29T00:00:00", YearlyDay("gregorian", 2, 29)),
        (" 12.30 ", YearlyDay("jalali", 12, 30)),
    ],
)
def test_a_birthday_is_read(text: str, wanted: YearlyDay) -> None:
    assert YearlyDay.read(text, "jalali") == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1400-12-30", "no day of the jalali calendar"),
        ("1990-02-29", "no day of the gregorian calendar"),
        ("07-31", "month 7, day 31 is no day of the jalali calendar"),
        ("0-1", "month 0, day 1"),
        ("17 May", "write YYYY-MM-DD or MM-DD"),
        ("", "write YYYY-MM-DD or MM-DD"),
    ],
)
def test_what_is_no_birthday_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        YearlyDay.read(text, "jalali")


def test_a_day_comes_once_in_each_year_with_both_bounds() -> None:
    may = YearlyDay("gregorian", 5, 17)
    assert list(may.days(date(2024, 5, 17), date(2026, 5, 17))) == [
        (2024, date(2024, 5, 17)),
        (2025, date(2025, 5, 17)),
        (2026, date(2026, 5, 17)),
    ]
    assert list(may.days(date(2024, 5, 18), date(2025, 5, 16))) == []
    assert list(may.days(date(2026, 1, 1), date(2025, 1, 1))) == []


def test_two_jalali_birthdays_may_lie_in_one_gregorian_year() -> None:
    # 11 Dey 1402 is 1 January 2024, and 11 Dey 1403, behind a leap day, 31 December 2024.
    dey = YearlyDay("jalali", 10, 11)
    assert list(dey.days(date(2024, 1, 1), date(2024, 12, 31))) == [
        (1402, date(2024, 1, 1)),
        (1403, date(2024, 12, 31)),
    ]


@pytest.mark.parametrize(
    ("given", "celebrated"),
    [
        (date(2026, 4, 17), [(2026, date(2026, 5, 17))]),  # 30 days ahead
        (date(2026, 4, 18), []),  # 29 days ahead
        (date(2026, 5, 17), []),  # on the day
        (date(2026, 5, 18), []),
    ],
)
def test_a_birthday_given_late_counts_next_year(
    given: date, celebrated: list[tuple[int, date]]
) -> None:
    birthday = YearlyDay("gregorian", 5, 17)
    assert birthdays(birthday, given, SINCE, None, date(2026, 12, 31)) == celebrated
    assert birthdays(birthday, given, SINCE, None, date(2027, 5, 17))[-1] == (
        2027,
        date(2027, 5, 17),
    )


def test_birthdays_before_the_rule_are_not_celebrated_and_none_is_lost_after_it() -> None:
    birthday = YearlyDay("gregorian", 5, 17)
    given = date(2020, 1, 1)
    assert birthdays(birthday, given, date(2025, 5, 18), None, date(2027, 6, 1)) == [
        (2026, date(2026, 5, 17)),
        (2027, date(2027, 5, 17)),
    ]


def test_a_changed_birthday_is_celebrated_no_sooner_than_eleven_months_after_the_last() -> None:
    changed = YearlyDay("gregorian", 1, 25)
    given, last = date(2026, 12, 1), date(2026, 11, 20)
    # 25 January 2027 is 55 days after the change, but 66 after the birthday that was celebrated.
    assert birthdays(changed, given, SINCE, last, date(2028, 1, 31)) == [(2028, date(2028, 1, 25))]
    assert birthdays(changed, given, SINCE, date(2026, 2, 24), date(2027, 1, 25)) == [
        (2027, date(2027, 1, 25))
    ]
    assert birthdays(changed, given, SINCE, date(2026, 2, 25), date(2027, 1, 25)) == []


def test_anniversaries_begin_a_year_after_the_first_day() -> None:
    first = date(2024, 2, 29)
    assert anniversaries(first, "gregorian", SINCE, date(2026, 3, 1)) == [
        (1, date(2025, 2, 28)),
        (2, date(2026, 2, 28)),
    ]
    assert anniversaries(first, "gregorian", date(2026, 1, 1), date(2026, 2, 27)) == []
    # 30 Esfand 1403 is the eve of 1404, whose own last day is 20 March 2026.
    assert anniversaries(date(2025, 3, 20), "jalali", SINCE, date(2026, 3, 20)) == [
        (1, date(2026, 3, 20))
    ]
    assert anniversaries(date(2025, 3, 20), "gregorian", SINCE, date(2026, 3, 20)) == [
        (1, date(2026, 3, 20))
    ]
