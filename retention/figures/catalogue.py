"""What every figure is called and means, read from the JSON files beside this one."""

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, cast

import polars as pl

from retention.figures.figure import (
    Breakdown,
    Figure,
    Interval,
    NotEnough,
    Remark,
    Unit,
    Value,
    Words,
)
from retention.figures.period import Period
from retention.figures.text import persian_digits
from retention.intervals import wilson


@cache
def catalogue() -> dict[str, Any]:
    """Return the whole catalogue: samples, figures, breakdowns, columns, remarks, stages, plans,
    and of predictions their figures, tables, columns and the evidence they may lack.
    """
    whole: dict[str, Any] = {}
    for name in ("catalogue.json", "predictions.json"):
        part = json.loads(files("retention.figures").joinpath(name).read_text("utf-8"))
        for section, entries in part.items():
            whole.setdefault(section, {}).update(entries)
    return whole


def words(section: str, name: str) -> Words:
    """Return a text that is filed under a name, in both languages."""
    return Words(**catalogue()[section][name])


def figure(
    name: str,
    period: Period,
    n: int,
    value: Value | None,
    *,
    interval: Interval | None = None,
    currency: str | None = None,
    need: int = 0,
) -> Figure:
    """Return the figure of this name, which says "not enough data" when `n` is below `need`."""
    entry = _entry(name, "figures", "predictions")
    enough = n >= need
    return Figure(
        name=name,
        label=Words(**entry["label"]),
        definition=Words(**entry["definition"]),
        unit=cast(Unit, entry["unit"]),
        period=period,
        n=n,
        sample=words("samples", entry["sample"]),
        value=value if enough else None,
        interval=interval if enough else None,
        not_enough=None if enough else NotEnough(n, need),
        currency=currency,
    )


def without_value(known: Figure, note: str) -> Figure:
    """Return the figure with a note (of that name) in place of a value, if it had enough data."""
    if known.not_enough is not None:
        return known
    return replace(known, value=None, interval=None, note=words("notes", note))


def lacking(name: str, period: Period, basis: Figure) -> Figure:
    """Return a figure that cannot be told because the one it rests on has not enough data."""
    short = basis.not_enough or NotEnough(0, 1)
    return figure(name, period, short.have, None, need=short.need)


def share(name: str, period: Period, count: int, base: int, need: int) -> Figure:
    """Return `count` of `base` as a percentage with its Wilson interval.

    At least one of the base is needed, whatever `need` says.
    """
    low, high = wilson(count, base)
    return figure(
        name,
        period,
        base,
        percent(count, base) if base else None,
        interval=(float(low) * 100, float(high) * 100),
        need=max(1, need),
    )


def percent(count: Value, base: Value) -> Value:
    """Return `count` / `base` × 100, exactly unless one of them is a float."""
    if isinstance(count, float) or isinstance(base, float):
        return float(count) / float(base) * 100
    return Fraction(count) * 100 / Fraction(base)


def breakdown(name: str, period: Period, n: int, table: pl.DataFrame) -> Breakdown:
    """Return the breakdown of this name; every column of the table is in the catalogue."""
    entry = _entry(name, "breakdowns", "prediction_tables")
    return Breakdown(
        name=name,
        label=Words(**entry["label"]),
        definition=Words(**entry["definition"]),
        period=period,
        n=n,
        sample=words("samples", entry["sample"]),
        keys=tuple(cast("Sequence[str]", entry["keys"])),
        table=table,
    )


def remark(name: str, **numbers: str) -> Remark:
    """Return the remark of this name with numbers filled in, in each language's digits."""
    entry = catalogue()["remarks"][name]
    persian = {key: persian_digits(number) for key, number in numbers.items()}
    return Remark(
        name,
        entry["kind"],
        Words(entry["en"].format(**numbers), entry["fa"].format(**persian)),
    )


def _entry(name: str, *sections: str) -> dict[str, Any]:
    known = catalogue()
    section = next((one for one in sections if name in known[one]), sections[0])
    return cast("dict[str, Any]", known[section][name])
