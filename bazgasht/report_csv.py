"""A report as comma-separated values: a row for each figure, or the rows of one table."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

from bazgasht.shown_report import CATEGORY, CUSTOMER, PRODUCT, Shown, Told
from retention.figures.figure import Breakdown, Figure, Words

COLUMNS = (
    "section", "name", "label", "definition", "unit", "currency", "period_start", "period_end",
    "zone", "n", "sample", "value", "exact", "interval_low", "interval_high", "have", "need",
    "note",
)  # fmt: skip


def figures(shown: Shown) -> str:
    """Every figure of the period, of the predictions, and what was compared or drawn."""
    rows = [_row(shown, section, one) for section, one in _sections(shown)]
    return _written(COLUMNS, ([row[name] for name in COLUMNS] for row in rows))


def table(told: Told, found: Breakdown) -> str:
    """The rows of a table; a column of products, categories or customers has their names next."""
    record = found.as_json()
    columns = found.table.columns
    header: list[str] = []
    for column in columns:
        header += [column, _name_column(column)] if _is_named(column) else [column]
    return _written(
        header, ([cell for column in columns for cell in _cells(told, column, row)]
                 for row in record["rows"])
    )  # fmt: skip


def _cells(told: Told, column: str, row: dict[str, Any]) -> list[Any]:
    value = row[column]
    if not _is_named(column):
        return [value]
    return [value, None if value is None else told.name(column, value)]


def _is_named(column: str) -> bool:
    return column.endswith((PRODUCT, CATEGORY, CUSTOMER))


def _name_column(column: str) -> str:
    return column.removesuffix("_id") + "_name"


def _sections(shown: Shown) -> Iterator[tuple[str, Figure]]:
    yield from (("period", one) for one in shown.report.figures)
    for compared in shown.compared:
        yield "baseline", compared.baseline
        yield "change", compared.change
    yield from (("sample", one) for one in shown.sample)
    if shown.predictions is not None:
        yield from (("predictions", one) for one in shown.predictions.figures)


def _row(shown: Shown, section: str, one: Figure) -> dict[str, Any]:
    record = one.as_json()
    low, high = record["interval"] or (None, None)
    short = record["not_enough"] or {"have": None, "need": None}

    def told(words: Words | None) -> str | None:
        return None if words is None else words.fa if shown.language == "fa" else words.en

    return {
        "section": section,
        **{name: record[name] for name in ("name", "unit", "currency", "n", "value", "exact")},
        "label": told(one.label),
        "definition": told(one.definition),
        "period_start": record["period"]["start"],
        "period_end": record["period"]["end"],
        "zone": record["period"]["zone"],
        "sample": told(one.sample),
        "interval_low": low,
        "interval_high": high,
        **short,
        "note": told(one.note),
    }


def _written(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().removesuffix("\n")
