"""What is different in the figures of a past period since they were last computed.

A refund that comes late changes what a past period sold. The figures then follow the truth, and
the change is noted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isclose
from typing import Any

Cell = float | int | str | bool | None

TOLERANCE = 1e-9
"""Floats that differ by less than this part were added up in another order."""


@dataclass(frozen=True, slots=True)
class Change:
    """One number that changed: which figure or breakdown, in which row and column, by how much.

    `row` holds the keys of the breakdown's row and is empty for a figure. `before` or `after`
    is None where there was no number. `difference` is after - before, where both are numbers:
    as a
    fraction in text when they are exact.
    """

    name: str
    row: tuple[tuple[str, Cell], ...]
    column: str
    before: Cell
    after: Cell
    difference: float | int | str | None

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "name": self.name,
            "row": dict(self.row),
            "column": self.column,
            "before": self.before,
            "after": self.after,
            "difference": self.difference,
        }


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return every number that differs between two reports, as their `as_json` wrote them.

    Of a figure, value, sample size and interval are compared, of a breakdown every row. A figure
    that only one of them has is not a change of a number and is left out; a row is.
    Raises ValueError when the reports are not of one period.
    """
    if before["period"] != after["period"]:
        raise ValueError(
            f"the reports are of {before['period']} and {after['period']}; compare one period"
        )
    return [*_of_figures(before, after), *_of_breakdowns(before, after)]


def _of_figures(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    earlier = {record["name"]: record for record in before["figures"]}
    for record in after["figures"]:
        known = earlier.get(record["name"])
        if known is not None:
            yield from _differing(record["name"], (), _numbers(known), _numbers(record))


def _numbers(record: Mapping[str, Any]) -> dict[str, Cell]:
    low, high = record["interval"] or (None, None)
    exact = record["exact"]
    return {
        "value": record["value"] if exact is None else exact,
        "n": record["n"],
        "low": low,
        "high": high,
    }


def _of_breakdowns(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    earlier = {record["name"]: record for record in before["breakdowns"]}
    for record in after["breakdowns"]:
        known = earlier.get(record["name"])
        if known is None:
            continue
        keys = record["keys"]
        old, new = _rows(known["rows"], keys), _rows(record["rows"], keys)
        for key in {**old, **new}:
            row = tuple(zip(keys, key, strict=True))
            yield from _differing(record["name"], row, old.get(key, {}), new.get(key, {}))


def _rows(rows: list[dict[str, Cell]], keys: list[str]) -> dict[tuple[Cell, ...], dict[str, Cell]]:
    return {
        tuple(row[key] for key in keys): {
            column: cell for column, cell in row.items() if column not in keys
        }
        for row in rows
    }


def _differing(
    name: str,
    row: tuple[tuple[str, Cell], ...],
    before: Mapping[str, Cell],
    after: Mapping[str, Cell],
) -> Iterator[Change]:
    for column in {**before, **after}:
        old, new = before.get(column), after.get(column)
        if not _same(old, new):
            yield Change(name, row, column, old, new, _difference(old, new))


def _same(old: Cell, new: Cell) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return isclose(old, new, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return old == new


def _difference(old: Cell, new: Cell) -> float | int | str | None:
    if isinstance(old, str) and isinstance(new, str):
        return _exact_difference(old, new)
    if isinstance(old, bool) or isinstance(new, bool):
        return None
    if isinstance(old, float | int) and isinstance(new, float | int):
        return new - old
    return None


def _exact_difference(old: str, new: str) -> str | None:
    try:
        return str(Fraction(new) - Fraction(old))
    except ValueError:
        return None
