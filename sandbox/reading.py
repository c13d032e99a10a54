"""Dates and numbers as readers of a language write them."""

from datetime import datetime

import jdatetime

_PERSIAN_DIGITS = str.maketrans("0123456789,", "۰۱۲۳۴۵۶۷۸۹٬")


def shown_number(text: object, language: str) -> str:
    """A number, or a text with numbers in it, in the language's digits."""
    return str(text).translate(_PERSIAN_DIGITS) if language == "fa" else str(text)


def shown_date(text: str, language: str) -> str:
    """A moment in ISO form as day and minute, in the Jalali calendar for Persian readers."""
    moment = datetime.fromisoformat(text)
    if language != "fa":
        return f"{moment:%Y-%m-%d %H:%M}"
    jalali = jdatetime.datetime.fromgregorian(datetime=moment)
    return shown_number(jalali.strftime("%Y/%m/%d %H:%M"), language)
