"""All rows of the database, kept beside it and put back before each story."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString, NamedTuple

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Engine

from database.models import Base

TABLES = [table.name for table in Base.metadata.sorted_tables]


class KeptTables:
    """What the tables held when this was made; `put_back` gives it to them again.

    Only a superuser may: neither triggers nor foreign keys are asked.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._rows = connection.cursor(row_factory=namedtuple_row)
        filled = [name for name in TABLES if _has_rows(connection, name)]
        connection.execute("CREATE SCHEMA kept")
        for name in filled:
            connection.execute(f"CREATE TABLE kept.{name} AS TABLE public.{name}".encode())
        self._putting_back = "".join(
            [
                "SET LOCAL session_replication_role = replica;",
                *(f"DELETE FROM public.{name};" for name in TABLES),  # noqa: S608 -- our own names
                *(
                    f"INSERT INTO public.{name} OVERRIDING SYSTEM VALUE TABLE kept.{name};"
                    for name in filled
                ),
                *(f"SELECT setval('{name}', {at}, true);" for name, at in _sequences(connection)),
            ]
        ).encode()

    def put_back(self) -> None:
        """Let the tables, and the numbers given next, be as they were."""
        # Several statements that are sent at once are one transaction.
        self._connection.execute(self._putting_back, prepare=False)

    def rows(self, query: LiteralString) -> list[NamedTuple]:
        """Rows as they are committed now, of all stores."""
        return self._rows.execute(query).fetchall()


def _has_rows(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute(f"SELECT FROM public.{name} LIMIT 1".encode()).fetchone() is not None


def _sequences(connection: psycopg.Connection) -> list[tuple[str, int]]:
    return connection.execute(
        "SELECT schemaname || '.' || sequencename, coalesce(last_value, 1) FROM pg_sequences"
        " WHERE schemaname = 'public'"
    ).fetchall()


@contextmanager
def keeping_tables(superuser: Engine) -> Iterator[KeptTables]:
    """Keep the tables as they are now, for as long as the block runs."""
    with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        try:
            yield KeptTables(driver)
        finally:
            driver.execute("DROP SCHEMA IF EXISTS kept CASCADE")
