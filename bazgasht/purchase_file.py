"""A file of purchases, from anywhere, as the tables that everything is computed from."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from retention.columns import (
    CATEGORY_ID,
    CUSTOMER_ID,
    LINES,
    MONEY,
    NET,
    ORDER_ID,
    PLACED_AT,
    POSITION,
    PRODUCT_ID,
    PRODUCTS,
    RECOMMENDABLE,
    TIME,
)

COLUMNS = ("customer", "order", "time", "product", "category", "quantity", "price")
NEEDED = ("order", "time", "product")
HEADER_LINES = 1


class UnreadableFile(ValueError):
    """The file says something that cannot be taken; the message names column and line."""


def read_purchases(file: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the columns `LINES` and `PRODUCTS` of a CSV or Parquet file of purchase lines.

    It has the columns customer, order, time, product, category, quantity and price (of the line).
    A customer or category may be empty. Times are ISO 8601, UTC when they name no zone. The
    product's category is the one of its last line. Words are numbered in their own order.
    Raises UnreadableFile naming the column and the line, of which a CSV's header is the first.
    """
    table = _read(file)
    if missing := [name for name in COLUMNS if name not in table.columns]:
        raise UnreadableFile(
            f"column {missing[0]!r} is missing; the file needs {', '.join(COLUMNS)}"
        )
    first = 1 + HEADER_LINES if _is_csv(file) else 1
    typed = _typed(table.select(COLUMNS), first)
    for name in NEEDED:
        _refuse(typed[name].is_null(), table, name, "is empty; give it a value", first)
    _refuse(typed["quantity"] < 0, table, "quantity", "is below 0", first)
    _refuse(typed["price"] < 0, table, "price", "is below 0", first)
    return _lines(typed), _products(typed)


def _is_csv(file: Path) -> bool:
    return file.suffix.lower() != ".parquet"


def _read(file: Path) -> pl.DataFrame:
    try:
        if _is_csv(file):
            return pl.read_csv(file, infer_schema=False)
        return pl.read_parquet(file)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UnreadableFile(f"{file.name} is no CSV or Parquet file: {reason}") from None


def _typed(table: pl.DataFrame, first: int) -> pl.DataFrame:
    """Return words, times, whole quantities and exact prices, refusing what is none."""
    words = {name: _words(table[name]) for name in ("customer", "order", "product", "category")}
    read = {
        "time": (_times(table["time"]), "is no time; write it as 2026-01-31T09:30:00"),
        "quantity": (
            table["quantity"].cast(pl.Int32, strict=False),
            "is no whole number; write it as 2",
        ),
        "price": (table["price"].cast(MONEY, strict=False), "is no amount; write it as 12.50"),
    }
    for name, (values, fix) in read.items():
        _refuse(values.is_null(), table, name, fix, first)
    return pl.DataFrame({**words, **{name: values for name, (values, _) in read.items()}})


def _words(values: pl.Series) -> pl.Series:
    text = values.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)


def _times(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is None:
        return values.dt.replace_time_zone("UTC").cast(TIME)
    if values.dtype.is_temporal():
        return values.cast(TIME)
    text = values.cast(pl.String).str.strip_chars().str.replace(" ", "T", literal=True)
    zoned = text.str.to_datetime("%+", time_zone="UTC", time_unit="us", strict=False)
    plain = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    days = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    given = plain.to_frame("plain").select(pl.col("plain").fill_null(days)).to_series()
    return (
        zoned.to_frame("zoned")
        .select(pl.col("zoned").fill_null(given.dt.replace_time_zone("UTC")))
        .to_series()
    )


def _refuse(wrong: pl.Series, table: pl.DataFrame, name: str, what: str, first: int) -> None:
    places = wrong.fill_null(value=False).arg_true()
    if len(places):
        place = int(places[0])
        found = table[name][place]
        raise UnreadableFile(f"column {name!r}, line {place + first}: {found!r} {what}")


def _number(typed: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return typed.with_columns(pl.col(name).rank("dense").cast(pl.Int64) for name in names)


def _lines(typed: pl.DataFrame) -> pl.DataFrame:
    return (
        _number(typed, ("customer", "order", "product"))
        .rename(
            {
                "customer": CUSTOMER_ID,
                "order": ORDER_ID,
                "time": PLACED_AT,
                "product": PRODUCT_ID,
                "price": NET,
            }
        )
        .with_columns(pl.int_range(pl.len()).over(ORDER_ID).alias(POSITION))
        .select(pl.col(name) for name in LINES)
        .cast(LINES)
    )


def _products(typed: pl.DataFrame) -> pl.DataFrame:
    return (
        _number(typed, ("product", "category"))
        .sort("time", maintain_order=True)
        .group_by("product")
        .agg(pl.col("category").drop_nulls().last())
        .sort("product")
        .select(
            pl.col("product").alias(PRODUCT_ID),
            pl.col("category").alias(CATEGORY_ID),
            pl.lit(value=True).alias(RECOMMENDABLE),
        )
        .cast(PRODUCTS)
    )
