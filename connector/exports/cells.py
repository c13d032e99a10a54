"""What cells of exported files hold, read exactly: identifiers, amounts, quantities and times.

Digits of every script are read, and Persian dates where the year says so. What can be meant in
two ways is refused with what to write instead, never guessed.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jdatetime

from connector.values import LARGEST_AMOUNT

CENT_OF_CENT = Decimal("0.0001")
LARGEST_QUANTITY = 2_147_483_647
# Persian years that cannot be meant as years of the common era: 1921 to 2121.
PERSIAN_YEARS = range(1300, 1500)
# From the zeros of the Persian and of the Arabic digits on.
_DIGITS = {ord(zero) + value: str(value) for zero in "۰٠" for value in range(10)}
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"\d+,\d+|\d{1,3}(?:\.\d{3})+,\d+")
_MOMENT = re.compile(
    r"(?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2})"
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
    r"\s*(?P<half>[AaPp][Mm])?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


def latin(text: str) -> str:
    """The text with Persian and Arabic digits and separators as the usual ones."""
    if text.isascii():
        return text
    return text.translate(_DIGITS).replace("٫", ".").replace("٬", ",").replace("\xa0", " ")


def read_amount(text: str, *, decimal_comma: bool) -> Decimal:
    """An amount of money; nothing is 0. `decimal_comma` says what a file with semicolons means.

    Raises:
        ValueError: the message says what is wrong and how to write it.
    """
    plain = latin(text).replace(" ", "").replace("'", "")
    sign, plain = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
    if "," in plain:
        plain = _without_commas(plain, decimal_comma=decimal_comma)
    try:
        amount = Decimal(sign + plain) if plain else Decimal(0)
    except InvalidOperation:
        raise ValueError("is not an amount; write it like 1234.50, without a currency") from None
    if not amount.is_finite() or abs(amount) > LARGEST_AMOUNT:
        raise ValueError(f"must be an amount of at most {LARGEST_AMOUNT:,}")
    exact = amount.quantize(CENT_OF_CENT, ROUND_HALF_UP)
    return amount if amount == exact else exact


def _without_commas(text: str, *, decimal_comma: bool) -> str:
    is_grouped, is_decimal = _GROUPED.fullmatch(text), _DECIMAL_COMMA.fullmatch(text)
    if is_grouped and is_decimal and decimal_comma:
        raise ValueError("can be read in two ways; write thousands without a comma")
    if is_grouped:
        return text.replace(",", "")
    return text.replace(".", "").replace(",", ".") if is_decimal else text


def read_quantity(text: str) -> int:
    """A number of pieces; a part of one counts as one more, as from the store itself.

    Raises:
        ValueError: the message says what is wrong and how to write it.
    """
    try:
        amount = Decimal(latin(text).strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= LARGEST_QUANTITY:
        raise ValueError("is not a quantity; write a number like 2")
    return int(amount.to_integral_value("ROUND_UP"))


def read_identifier(text: str) -> str:
    """The number by which the store knows an object.

    Raises:
        ValueError: the message says what is wrong and how to mend it.
    """
    plain = latin(text).strip()
    if not plain.isdecimal() or not 0 < int(plain) < 2**63:
        shortened = "E+" in plain.upper()
        raise ValueError(
            "was shortened by a spreadsheet program; import the file as it was exported"
            if shortened
            else "is not the number of an object; import the file as it was exported"
        )
    return str(int(plain))


def read_moment(text: str, zone: tzinfo) -> datetime:
    """A moment in UTC; one that names no offset is on the clock of `zone`.

    A year from 1300 to 1499 is of the Persian calendar. The year comes first: 04/05/2023 is
    May in one country and April in another.

    Raises:
        ValueError: the message says what is wrong and how to write it.
    """
    found = _MOMENT.fullmatch(latin(text).strip())
    if found is None:
        raise ValueError("is not a time; write it year first, like 2024-05-31 18:30 +03:30")
    hour = int(found["hour"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    year, month, day = (int(part) for part in re.split(r"[-/.]", found["date"]))
    clock = (hour, int(found["minute"] or 0), int(found["second"] or 0))
    try:
        if year in PERSIAN_YEARS:
            day_there = jdatetime.date(year, month, day).togregorian()
            year, month, day = day_there.year, day_there.month, day_there.day
        where = time_zone(found["zone"]) if found["zone"] else zone
        return datetime(year, month, day, *clock, tzinfo=where).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is a day or hour that does not exist; correct it") from None


@lru_cache(maxsize=64)
def time_zone(name: str) -> tzinfo:
    """The zone of an IANA name or of a fixed offset such as "+03:30"; UTC for any other text."""
    if offset := _OFFSET.fullmatch(name):
        shift = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-shift if offset[1] == "-" else shift)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
