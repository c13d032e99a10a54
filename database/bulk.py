"""Writing many rows in one statement.

PostgreSQL refuses COPY FROM into a table under row-level security, and a statement per row is
slow; one JSON parameter that the server turns into rows of the table's own types is neither.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ARRAY, ColumnElement, Row, func, literal, select, text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import InstrumentedAttribute, Session

from database.models import Base

ROWS_PER_STATEMENT = 20_000


def among(
    column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Iterable[Any]
) -> ColumnElement[bool]:
    """The column is one of the values, however many they are.

    They go as one array that is joined. PostgreSQL compares every row with every value of a long
    IN list as soon as it has not counted the table's rows lately, which is so in every burst.
    """
    return column.in_(select(func.unnest(literal(list(values), ARRAY(column.type)))))


def encoded(value: object) -> object:
    """A value that JSON does not know, as the text that PostgreSQL reads."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    return str(value)


def insert_rows(
    session: Session,
    table: type[Base],
    rows: Sequence[Mapping[str, Any]],
    *,
    unique: Iterable[str] = (),
    replace: Iterable[str] | None = None,
    returning: Sequence[str] = (),
) -> Sequence[Row[Any]]:
    """Insert rows (mappings with the same keys) and return the named columns of those written.

    The rows become the store's in scope.

    Args:
        unique: columns of the unique constraint that a row may already meet.
        replace: columns to overwrite then; None refuses such a row with an error, and an empty
            list leaves the row that is there (it is not returned).
    """
    if not rows:
        return []
    statement = text(_statement(table, list(rows[0]), unique, replace, returning))
    written: list[Row[Any]] = []
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        portion = _json(table, rows[start : start + ROWS_PER_STATEMENT])
        result = session.execute(statement, {"rows": portion})
        if returning:
            written.extend(result.all())
    return written


def _json(table: type[Base], rows: Sequence[Mapping[str, Any]]) -> str:
    try:
        return orjson.dumps(rows, default=encoded).decode()
    except orjson.JSONEncodeError as error:
        # Text that is no Unicode, or an integer that no column takes.
        raise DataError(f"INSERT INTO {table.__tablename__}", None, error) from None


def insert_json(
    session: Session,
    table: type[Base],
    columns: Sequence[str],
    rows: str,
    unique: Sequence[str] = (),
) -> None:
    """Insert rows that already are a JSON array of objects with at least these columns.

    With `unique`, names of such columns, a row takes the place of one that has the same in them.
    """
    keys = ("store_id", *unique)
    others = [name for name in columns if name not in keys] if unique else None
    session.execute(text(_statement(table, columns, keys, others, ())), {"rows": rows})


def delete_json(session: Session, table: type[Base], columns: Sequence[str], rows: str) -> None:
    """Delete the rows that have in these columns what a row of a JSON array has."""
    name = table.__tablename__
    same = " AND ".join(f'had."{column}" = gone."{column}"' for column in columns)
    session.execute(
        text(
            f"DELETE FROM {name} AS had USING json_populate_recordset(NULL::{name}, "  # noqa: S608
            f"CAST(:rows AS json)) AS gone WHERE {same}"
        ),
        {"rows": rows},
    )


def _statement(
    table: type[Base],
    columns: Sequence[str],
    unique: Iterable[str],
    replace: Iterable[str] | None,
    returning: Iterable[str],
) -> str:
    name, listed = table.__tablename__, ", ".join(f'"{column}"' for column in columns)
    parts = [
        f"INSERT INTO {name} (store_id, {listed})",
        f"SELECT current_setting('bazgasht.store')::uuid, {listed}",
        f"FROM json_populate_recordset(NULL::{name}, CAST(:rows AS json))",
    ]
    if replace is not None:
        assignments = ", ".join(f'"{column}" = EXCLUDED."{column}"' for column in replace)
        action = f"UPDATE SET {assignments}" if assignments else "NOTHING"
        parts.append(f"ON CONFLICT ({', '.join(unique)}) DO {action}")
    if returned := ", ".join(returning):
        parts.append(f"RETURNING {returned}")
    return " ".join(parts)
