"""One table, whole, in the form that was asked for, with the names of what it has as numbers."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

from bazgasht import report_csv, report_text
from bazgasht.shown_report import CUSTOMER, Told, mentioned
from database import customers
from database.session import store_transaction
from jobs.context import Context
from retention.figures.figure import Breakdown

AnyTold = TypeVar("AnyTold", bound=Told)


def with_customers(context: Context, told: AnyTold, table: Breakdown) -> AnyTold:
    """What is told, with the identities of the customers that the table lists."""
    numbers = mentioned(CUSTOMER, [table])
    if not numbers:
        return told
    with store_transaction(context.engine, told.store_id) as session:
        return replace(told, customers=customers.keys(session, numbers))


def table_lines(told: Told, table: Breakdown, form: str | None, rows: int | None) -> Iterator[str]:
    """The table as JSON or CSV, always whole, or as text, of which the first rows if limited."""
    if form == "json":
        content: dict[str, Any] = {**table.as_json(), "names": told.names_in(table)}
        yield json.dumps(content, ensure_ascii=False, indent=2)
    elif form == "csv":
        yield report_csv.table(told, table)
    else:
        yield from report_text.table(told, table, rows)
