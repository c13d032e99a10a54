"""A report as text for a terminal, in English or in Persian."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from bazgasht.shown_report import Noted, Shown, Told
from retention.figures.catalogue import catalogue
from retention.figures.figure import Breakdown, Figure, Remark, Words
from retention.figures.period import day_name, month_name
from retention.figures.text import number, period_text, persian_digits, text
from retention.money import minor_digits

ROWS = 10
"""So many rows of each table are shown at first."""
CHANGES = 20


_NAMED = frozenset(
    {"part", "unit", "kind", "quadrant", "verdict", "segment", "to_segment", "main_factor"}
)
"""Columns of words of ours; those of other columns are the merchant's."""

_HEADINGS = {
    "figures": Words("Figures", "ارقام"),
    "compared": Words("Against the baseline", "در برابر خط پایه"),
    "sample": Words("In a random sample", "در یک نمونه تصادفی"),
    "predictions": Words("Predictions", "پیش‌بینی‌ها"),
    "tables": Words("Tables", "جدول‌ها"),
    "remarks": Words("Remarks", "یادداشت‌ها"),
    "stage": Words("Stage of the store", "مرحله فروشگاه"),
    "changes": Words("Changed since first computed", "تغییرها از نخستین محاسبه"),
}


def lines(shown: Shown) -> Iterator[str]:
    """The whole report: figures with definitions, tables by their beginnings, remarks."""
    language = shown.language
    yield f"{shown.store.name}  {period_text(shown.report.period, language)}"
    yield from _figures(shown, "figures", shown.report.figures)
    yield from _figures(shown, "compared", _changes_from_baseline(shown))
    yield from _figures(shown, "sample", shown.sample)
    if shown.predictions is not None:
        yield from _figures(shown, "predictions", shown.predictions.figures)
    yield from _heading(shown, "tables")
    for one in shown.breakdowns:
        yield from table(shown, one, ROWS)
    yield from _heading(shown, "stage")
    yield f"{_in(shown, shown.report.stage.label)}: {_in(shown, shown.report.stage.advice)}"
    yield from _remarks(shown)
    yield from _noted(shown)


def table(shown: Told, found: Breakdown, rows: int | None) -> Iterator[str]:
    """A table with label, definition, sample and period; all of its rows, or the first ones."""
    sample = f"{_number(shown, found.n, 0)} {_in(shown, found.sample)}"
    period = period_text(found.period, shown.language)
    yield ""
    yield f"{_in(shown, found.label)} [{found.name}]: {sample}, {period}"
    yield f"    {_in(shown, found.definition)}"
    columns = found.table.columns
    part = found.table if rows is None else found.table.head(rows)
    cells = [
        [_cell(shown, column, value) for column, value in zip(columns, row, strict=True)]
        for row in part.iter_rows()
    ]
    yield from _aligned([[_in(shown, _label(column)) for column in columns], *cells])
    left = found.table.height - part.height
    if left:
        shown_left = _number(shown, left, 0)
        yield (
            f"    … {shown_left} سطر دیگر: --table {found.name}"
            if shown.language == "fa"
            else f"    … {shown_left} more rows: --table {found.name}"
        )


def _figures(shown: Shown, heading: str, figures: Iterable[Figure]) -> Iterator[str]:
    listed = list(figures)
    if listed:
        yield from _heading(shown, heading)
    yield from figure_lines(shown, listed)


def figure_lines(shown: Told, figures: Iterable[Figure]) -> Iterator[str]:
    """Each figure with value, sample and period, and its definition below it."""
    for one in figures:
        yield text(one, shown.language)
        yield f"    {_in(shown, one.definition)}"


def _changes_from_baseline(shown: Shown) -> Iterator[Figure]:
    for one in shown.compared:
        yield one.baseline
        yield one.change


def _remarks(shown: Shown) -> Iterator[str]:
    said: tuple[Remark, ...] = shown.report.remarks
    if shown.predictions is not None:
        said += shown.predictions.remarks
    yield from _heading(shown, "remarks")
    yield from dict.fromkeys(f"- {_in(shown, one.words)}" for one in said)


def _noted(shown: Shown) -> Iterator[str]:
    if shown.changes:
        yield from _heading(shown, "changes")
    for noted in shown.changes:
        yield f"{_day(shown, noted.at.date())}:"
        yield from _changed(shown, noted)


def _changed(shown: Shown, noted: Noted) -> Iterator[str]:
    """The changes of figures' values; those of tables and intervals are counted."""
    told = [one for one in noted.changes if not one["row"] and one["column"] == "value"]
    labels = {one.name: one.label for one in shown.report.figures}
    for one in told[:CHANGES]:
        label = _in(shown, labels[one["name"]]) if one["name"] in labels else one["name"]
        yield f"    {label}: {one['before']} → {one['after']}"
    left = len(noted.changes) - len(told[:CHANGES])
    if left:
        count = _number(shown, left, 0)
        yield f"    … {count} عدد دیگر" if shown.language == "fa" else f"    … {count} more numbers"


def _heading(shown: Told, name: str) -> Iterator[str]:
    yield ""
    yield f"== {_in(shown, _HEADINGS[name])} =="


def _label(column: str) -> Words:
    known = catalogue()
    found = known["columns"].get(column) or known["prediction_columns"].get(column)
    return Words(**found) if found else Words(column, column)


def _cell(shown: Told, column: str, value: object) -> str:
    if isinstance(value, bool):
        return _in(shown, Words("yes", "بله") if value else Words("no", "نه"))
    if isinstance(value, date):
        return _month(shown, value) if column == "month" else _day(shown, value)
    if isinstance(value, int) and column.endswith("_id"):
        return shown.name(column, value)
    if isinstance(value, Decimal | float | int):
        return _number(shown, value, _decimals(shown, value))
    if column in _NAMED and value in catalogue()["values"]:
        return _in(shown, Words(**catalogue()["values"][value]))
    return "–" if value is None else str(value)


def _decimals(shown: Told, value: Decimal | float) -> int:
    """Amounts of money are decimals, and counts whole numbers."""
    if isinstance(value, Decimal):
        return minor_digits(shown.store.currency)
    return 3 if isinstance(value, float) else 0


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "    " + "  ".join(cells).rstrip()


def _number(shown: Told, value: float | Decimal, decimals: int) -> str:
    return number(value, decimals, shown.language)


def _month(shown: Told, day: date) -> str:
    return _digits(shown, month_name(day, shown.calendar))


def _day(shown: Told, day: date) -> str:
    return _digits(shown, day_name(day, shown.calendar))


def _digits(shown: Told, written: str) -> str:
    return persian_digits(written) if shown.language == "fa" else written


def _in(shown: Told, words: Words) -> str:
    return words.fa if shown.language == "fa" else words.en
