"""Columns of a file of purchases as words, times, whole numbers and amounts.

Whatever cannot be read as such becomes null.
"""

import polars as pl

from retention.columns import LINES, MONEY, QUANTITY, TIME

NO_SECONDS = r"^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(Z|[+-]\d{2}:?\d{2})?$"


def words(values: pl.Series) -> pl.Series:
    """Return the values as text without blanks around it, null where nothing is left."""
    text = values.cast(pl.String, strict=False).str.strip_chars()
    return text.set(text == "", None)


def times(values: pl.Series) -> pl.Series:
    """Return the moments (`TIME`) of ISO 8601 texts, dates or times, UTC where no zone is named."""
    if isinstance(values.dtype, pl.Date):
        values = values.cast(pl.Datetime("us"))
    if isinstance(values.dtype, pl.Datetime):
        zoned = values if values.dtype.time_zone else values.dt.replace_time_zone("UTC")
        return zoned.cast(TIME)
    text = words(values).str.replace(r"\s+", "T").str.replace(NO_SECONDS, "${1}:00${2}")
    zoned = text.str.to_datetime("%+", time_zone="UTC", time_unit="us", strict=False)
    plain = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    days = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    read = pl.DataFrame({"zoned": zoned, "plain": plain, "days": days})
    given = pl.coalesce("plain", "days").dt.replace_time_zone("UTC")
    return read.select(pl.coalesce("zoned", given)).to_series()


def whole_numbers(values: pl.Series) -> pl.Series:
    """Return the numbers that have no fraction, 2.0 among them, as a line's quantity has them."""
    numbers = _numbers(values).cast(pl.Float64, strict=False)
    return numbers.set(numbers != numbers.floor(), None).cast(LINES[QUANTITY], strict=False)


def amounts(values: pl.Series) -> pl.Series:
    """Return exact amounts (`MONEY`), rounded where they have more decimals than that."""
    return _numbers(values).cast(MONEY, strict=False)


def _numbers(values: pl.Series) -> pl.Series:
    """Return numbers as they are and anything else as text."""
    return values if values.dtype.is_numeric() else words(values)
