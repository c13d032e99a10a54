"""Figures as a person reads them, in English and in Persian."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Literal

import jdatetime

from retention.figures.figure import Figure, Unit, Value, Words
from retention.figures.period import Period
from retention.money import minor_digits

Language = Literal["en", "fa"]

DECIMALS: dict[Unit, int] = {
    "percent": 1,
    "points": 1,
    "count": 0,
    "days": 0,
    "ratio": 2,
}

_PERSIAN_DIGITS = str.maketrans("0123456789,.", "۰۱۲۳۴۵۶۷۸۹٬٫")

_UNITS: dict[Unit, Words] = {
    "percent": Words(" %", "٪"),
    "points": Words(" points", " واحد درصد"),
    "money": Words("", ""),
    "count": Words("", ""),
    "days": Words(" days", " روز"),
    "ratio": Words("", ""),
}


def text(figure: Figure, language: Language) -> str:
    """Return one line: label, value with interval, sample size and period."""
    label = _in(figure.label, language)
    sample = f"{number(figure.n, 0, language)} {_in(figure.sample, language)}"
    period = period_text(figure.period, language)
    if language == "fa":
        return f"{label}: {value_text(figure, language)}؛ از {sample}، {period}"
    return f"{label}: {value_text(figure, language)}; of {sample}, {period}"


def value_text(figure: Figure, language: Language) -> str:
    """Return the value with unit and interval, or why there is none."""
    if figure.not_enough is not None:
        have = number(figure.not_enough.have, 0, language)
        need = number(figure.not_enough.need, 0, language)
        if language == "fa":
            return f"داده کافی نیست (موجود {have}، لازم {need})"
        return f"not enough data (have {have}, need {need})"
    if figure.value is None:
        return _in(figure.note, language) if figure.note is not None else "–"
    shown = _with_unit(_digits(figure.value, figure, language), figure, language)
    return shown if figure.interval is None else f"{shown} ({interval_text(figure, language)})"


def interval_text(figure: Figure, language: Language) -> str:
    """Return the 95 % interval with its unit; an open end is written as such."""
    if figure.interval is None:
        return ""
    low, high = figure.interval
    first = _digits(low, figure, language)
    if high is None:
        open_end = "یا بیشتر" if language == "fa" else "or more"
        return f"{_with_unit(first, figure, language)} {open_end}"
    between = " تا " if language == "fa" else "–"
    return _with_unit(f"{first}{between}{_digits(high, figure, language)}", figure, language)


def number(value: Value | Decimal, decimals: int, language: Language) -> str:
    """Return a number with grouped digits, rounded half up at so many decimals."""
    scaled = floor(Fraction(value) * 10**decimals + Fraction(1, 2))
    shown = f"{Decimal(scaled).scaleb(-decimals):,f}"
    return persian_digits(shown) if language == "fa" else shown


def persian_digits(text: str) -> str:
    """Return the text with Persian digits and separators of numbers."""
    return text.translate(_PERSIAN_DIGITS)


def period_text(period: Period, language: Language) -> str:
    """Return the first and last day; Persian readers get them in the Jalali calendar."""
    first, last = (_day(day, language) for day in (period.first_day, period.last_day))
    if language == "fa":
        return f"{first} تا {last}"
    return f"{first} to {last} ({period.zone})"


def _day(day: date, language: Language) -> str:
    if language == "en":
        return day.isoformat()
    jalali: str = jdatetime.date.fromgregorian(date=day).strftime("%Y/%m/%d")
    return persian_digits(jalali)


def _digits(value: Value, figure: Figure, language: Language) -> str:
    if figure.unit == "money":
        return number(value, minor_digits(figure.currency or ""), language)
    return number(value, DECIMALS[figure.unit], language)


def _with_unit(digits: str, figure: Figure, language: Language) -> str:
    if figure.unit == "money":
        return f"{digits} {figure.currency}"
    return digits + _in(_UNITS[figure.unit], language)


def _in(words: Words, language: Language) -> str:
    return words.fa if language == "fa" else words.en
