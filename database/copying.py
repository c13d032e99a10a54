"""Reading many rows by COPY, as a table: fast, and allowed under row-level security."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, cast

import polars as pl
from sqlalchemy.orm import Session


def copied(
    session: Session, query: str, parameters: Mapping[str, Any], schema: pl.Schema
) -> pl.DataFrame:
    """Return the rows of a query, whose columns are those of `schema` in the same order.

    Times must be written as whole microseconds since 1970.
    """
    buffer = BytesIO()
    connection = cast(Any, session.connection().connection)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)", parameters) as copy,
    ):
        for portion in copy:
            buffer.write(portion)
    if not buffer.tell():
        return pl.DataFrame(schema=schema)
    buffer.seek(0)
    times = [name for name, kind in schema.items() if isinstance(kind, pl.Datetime)]
    table = pl.read_csv(
        buffer, has_header=False, schema=pl.Schema({**schema, **dict.fromkeys(times, pl.Int64())})
    )
    return table.with_columns(
        pl.from_epoch(name, time_unit="us").dt.replace_time_zone("UTC") for name in times
    )
