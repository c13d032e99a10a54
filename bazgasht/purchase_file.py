"""A file of purchases, from anywhere, as the tables that everything is computed from."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import polars.selectors as cs

from bazgasht.purchase_columns import amounts, times, whole_numbers, words
from retention.columns import (
    CATEGORY_ID,
    CUSTOMER_ID,
    LINES,
    NET,
    ORDER_ID,
    PLACED_AT,
    POSITION,
    PRODUCT_ID,
    PRODUCTS,
    RECOMMENDABLE,
)

COLUMNS = ("customer", "order", "time", "product", "category", "quantity", "price")
EXAMPLES = {
    "order": "give it a value",
    "time": "write it as 2026-01-31T09:30:00",
    "product": "give it a value",
    "quantity": "write it as 2",
    "price": "write it as 12.50",
}
"""The columns that no line may leave empty, and how to mend one that does."""
FIRST_YEAR, LAST_YEAR = 1970, 2199
LINE = "line"
PARQUET = b"PAR1"


class UnreadableFile(ValueError):
    """The file says something that cannot be taken; the message names column and line."""


def read_purchases(file: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the columns `LINES` and `PRODUCTS` of a CSV or Parquet file of purchase lines.

    It has the columns customer, order, time, product, category, quantity and price (of the line).
    A customer or category may be empty. Times are ISO 8601, UTC when they name no zone. An order
    is of one customer. The product's category is the one of its first line that names any, so
    that nothing is known before it happened. Words are numbered in their own order; empty lines
    of a CSV file are passed over.
    Raises UnreadableFile naming the column and the line, of which a CSV's header is the first.
    """
    table = _read(file)
    typed = _typed(table)
    _refuse_senseless(table, typed)
    return _lines(typed), _products(typed)


def _read(file: Path) -> pl.DataFrame:
    """Return the columns of purchases as the file has them, and each row's `LINE`."""
    with file.open("rb") as opened:
        is_csv = opened.read(len(PARQUET)) != PARQUET
    try:
        table = pl.read_csv(file, infer_schema=False) if is_csv else pl.read_parquet(file)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        told = _wrong_line(file) if is_csv else None
        raise UnreadableFile(told or f"is no CSV or Parquet file: {reason}") from None
    _check_columns(table)
    kept = table.select(COLUMNS).with_columns(cs.float().fill_nan(None))
    numbered = kept.with_row_index(LINE, offset=2 if is_csv else 1)
    return numbered.filter(~pl.all_horizontal(pl.col(COLUMNS).is_null())) if is_csv else numbered


def _check_columns(table: pl.DataFrame) -> None:
    for name in COLUMNS:
        if name not in table.columns:
            found = ", ".join(repr(column) for column in table.columns)
            raise UnreadableFile(
                f"column {name!r} is missing; the file needs {', '.join(COLUMNS)}, "
                f"separated by commas in a CSV file, and has {found:.200}"
            )
        if f"{name}_duplicated_0" in table.columns:
            raise UnreadableFile(f"column {name!r} is there twice; leave one of them out")
        kind = table[name].dtype
        if kind.is_nested() or kind == pl.Duration:
            raise UnreadableFile(
                f"column {name!r} has values of type {kind}; give a word, a number or a time on "
                "each line"
            )


def _wrong_line(file: Path) -> str | None:
    """Say which line of a CSV file cannot be read, and how to mend it."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return f"line {line} is not in UTF-8; save the file as CSV in UTF-8, or as Parquet"
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(rows, None)
        if header is None:
            return (
                f"there is nothing in it; write a line of {', '.join(COLUMNS)}, then the purchases"
            )
        for row in rows:
            if len(row) > len(header):
                return (
                    f"line {rows.line_num} has {len(row)} values for {len(header)} columns; "
                    "put values that have commas in quotation marks"
                )
    except csv.Error as error:
        return f"line {rows.line_num}: {error}; close every quotation mark, and double those within"
    return None


def _typed(table: pl.DataFrame) -> pl.DataFrame:
    """Return words, times, whole quantities and exact prices, refusing what is none."""
    text = table.with_columns(words(table[name]) for name in COLUMNS)
    for name, fix in EXAMPLES.items():
        _refuse(text[name].is_null(), table, name, f"is empty; {fix}")
    read = {
        "time": (times(table["time"]), "is no time"),
        "quantity": (whole_numbers(table["quantity"]), "is no whole number, or too large"),
        "price": (amounts(table["price"]), "is no amount"),
    }
    for name, (values, what) in read.items():
        _refuse(values.is_null(), table, name, f"{what}; {EXAMPLES[name]}")
    return text.with_columns(values.alias(name) for name, (values, _) in read.items())


def _refuse_senseless(table: pl.DataFrame, typed: pl.DataFrame) -> None:
    gregorian = f"is not between {FIRST_YEAR} and {LAST_YEAR}; write years as 2026 (Gregorian)"
    likely = typed["time"].dt.year().is_between(FIRST_YEAR, LAST_YEAR)
    _refuse(~likely, table, "time", gregorian)
    _refuse(typed["quantity"] < 0, table, "quantity", "is below 0; leave out what was returned")
    _refuse(typed["price"] < 0, table, "price", "is below 0; write what was paid, 0 at least")
    same = pl.col("customer").eq_missing(pl.col("customer").first().over("order"))
    _refuse(
        ~typed.select(same).to_series(),
        table,
        "customer",
        "is another than in earlier lines of its order; give each order one customer, "
        "and an identifier of its own",
    )


def _refuse(wrong: pl.Series, table: pl.DataFrame, name: str, what: str) -> None:
    places = wrong.arg_true()
    if not len(places):
        return
    before = table.head(int(places[0]))
    # A value in quotation marks may go over several lines.
    texts = [column for column in before.iter_columns() if column.dtype == pl.String]
    more = sum(int(column.str.count_matches("\n", literal=True).sum()) for column in texts)
    row = table.row(int(places[0]), named=True)
    found = "" if row[name] is None else f": {str(row[name])!r}"
    raise UnreadableFile(f"column {name!r}, line {row[LINE] + more}{found} {what}")


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
        .agg(pl.col("category").drop_nulls().first())
        .sort("product")
        .select(
            pl.col("product").alias(PRODUCT_ID),
            pl.col("category").alias(CATEGORY_ID),
            pl.lit(value=True).alias(RECOMMENDABLE),
        )
        .cast(PRODUCTS)
    )
