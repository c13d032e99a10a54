"""The records that every number is wrapped in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, Self, cast

import polars as pl

from retention.figures.period import Period

Value = Fraction | float | int
"""Exact as a fraction (money, shares), a whole number (counts), or a float (an estimate)."""

Unit = Literal["percent", "points", "money", "count", "days", "ratio"]
"""`percent` is of 100; `points` are percentage points, the difference of two percentages."""

Interval = tuple[float, float | None]
"""The ends of a 95 % interval; a None says that the upper end is beyond what was observed."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text in English and in Persian."""

    en: str
    fa: str

    def as_json(self) -> dict[str, str]:
        """Return both texts."""
        return {"en": self.en, "fa": self.fa}


@dataclass(frozen=True, slots=True)
class NotEnough:
    """That `have` were there where `need` are needed before a number means anything."""

    have: int
    need: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a store, with everything needed to judge it.

    `name` is stable. `n` is the sample size and `sample` says of what. Either `value` is there,
    or `not_enough`, or a `note` that says why there is no value; `interval` is there where the
    value is an estimate. `currency` is there when the unit is money.
    """

    name: str
    label: Words
    definition: Words
    unit: Unit
    period: Period
    n: int
    sample: Words
    value: Value | None
    interval: Interval | None = None
    not_enough: NotEnough | None = None
    note: Words | None = None
    currency: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold: money as text, and fractions exactly beside their value."""
        return {
            "name": self.name,
            "label": self.label.as_json(),
            "definition": self.definition.as_json(),
            "unit": self.unit,
            "currency": self.currency,
            "period": period_as_json(self.period),
            "n": self.n,
            "sample": self.sample.as_json(),
            "value": _plain(self.value, self.unit),
            "exact": str(self.value) if isinstance(self.value, Fraction) else None,
            "interval": None if self.interval is None else list(self.interval),
            "not_enough": None
            if self.not_enough is None
            else {"have": self.not_enough.have, "need": self.not_enough.need},
            "note": None if self.note is None else self.note.as_json(),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the figure that `as_json` wrote down."""
        short, note, interval = record["not_enough"], record["note"], record["interval"]
        return cls(
            name=record["name"],
            label=Words(**record["label"]),
            definition=Words(**record["definition"]),
            unit=record["unit"],
            period=period_from_json(record["period"]),
            n=record["n"],
            sample=Words(**record["sample"]),
            value=record["value"] if record["exact"] is None else Fraction(record["exact"]),
            interval=None if interval is None else (interval[0], interval[1]),
            not_enough=None if short is None else NotEnough(**short),
            note=None if note is None else Words(**note),
            currency=record["currency"],
        )


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Numbers by month, category, product and the like: a table, one row for each.

    The columns in `keys` tell the rows apart. `n` is the sample size of the whole table; rows
    that rest on few have their own `base` or `n`, interval and `enough`.
    """

    name: str
    label: Words
    definition: Words
    period: Period
    n: int
    sample: Words
    keys: tuple[str, ...]
    table: pl.DataFrame

    def as_json(self, most_rows: int | None = None) -> dict[str, Any]:
        """Return what JSON can hold; `rows` are records by column, the first ones if limited."""
        shown = self.table if most_rows is None else self.table.head(most_rows)
        return {
            "name": self.name,
            "label": self.label.as_json(),
            "definition": self.definition.as_json(),
            "period": period_as_json(self.period),
            "n": self.n,
            "sample": self.sample.as_json(),
            "keys": list(self.keys),
            "rows": [
                {column: _cell(value) for column, value in row.items()}
                for row in shown.iter_rows(named=True)
            ],
        }


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about figures: an explanation, a warning or advice."""

    name: str
    kind: Literal["explanation", "warning", "advice"]
    words: Words

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {"name": self.name, "kind": self.kind, "words": self.words.as_json()}


def as_decimal(amount: Fraction) -> Decimal:
    """Return an amount of money rounded half to even at four decimals, as tables hold it."""
    return Decimal(round(amount * 10_000)).scaleb(-4)


def period_as_json(period: Period) -> dict[str, str]:
    """Return the period's bounds in ISO form and its zone."""
    return {
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "zone": period.zone,
    }


def period_from_json(record: Mapping[str, str]) -> Period:
    """Return the period that `period_as_json` wrote down."""
    return Period(
        datetime.fromisoformat(record["start"]),
        datetime.fromisoformat(record["end"]),
        record["zone"],
    )


def _plain(value: Value | None, unit: Unit) -> float | int | str | None:
    if unit == "money" and value is not None:
        return str(as_decimal(Fraction(value)))
    return float(value) if isinstance(value, Fraction) else value


def _cell(value: object) -> float | int | str | bool | None:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return cast("float | int | str | bool | None", value)
