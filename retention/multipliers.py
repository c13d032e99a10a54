"""What earns more or less than plain: multipliers by product, category and period.

An order's points are multiplied by all of its kinds of multipliers: a line's, the period's, and
the tier's. Of several of one kind 0 wins, because what is excluded anywhere is excluded, and else
the highest.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Self

from retention.figures.period import day_of, read_day

ONE = Fraction(1)
LAST_JALALI_YEAR = 1699

_DAY = r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
_PERIOD = re.compile(rf"({_DAY})\.\.({_DAY})=(\d{{1,4}}(?:\.\d{{1,4}})?)")


@dataclass(frozen=True, slots=True)
class Multipliers:
    """Multipliers by the store's identifiers of products and categories; 0 excludes."""

    products: Mapping[str, Fraction] = field(default_factory=dict)
    categories: Mapping[str, Fraction] = field(default_factory=dict)

    @classmethod
    def parse(cls, words: Iterable[str]) -> Self:
        """Return the multipliers that words like `category:5=2` and `product:70=0` give.

        Raises ValueError for any other word.
        """
        found: dict[str, dict[str, Fraction]] = {"product": {}, "category": {}}
        for word in words:
            name, _, number = word.rpartition("=")
            kind, _, identifier = name.partition(":")
            if kind not in found or not identifier:
                raise ValueError(f"multiplier {word!r}: write it like category:5=2 or product:70=0")
            found[kind][identifier] = Fraction(number)
        return cls(found["product"], found["category"])

    def of(self, product_id: str, category_ids: Iterable[str]) -> Fraction:
        """Return a product's multiplier: its own, else the one of its categories.

        `category_ids` are its categories with all those above them; 1 without any multiplier.
        """
        if product_id in self.products:
            return self.products[product_id]
        return _counting(self.categories[name] for name in category_ids if name in self.categories)


@dataclass(frozen=True, slots=True)
class Span:
    """A multiplier from the first to the last day, both included."""

    first: date
    last: date
    multiplier: Fraction


@dataclass(frozen=True, slots=True)
class Periods:
    """Multipliers by the day on which an order was paid."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def parse(cls, words: Iterable[str]) -> Self:
        """Return the periods that words like `2026-11-25..2026-11-30=2` give.

        Days may be Jalali, like `1405/09/04..1405/09/10=1.5`: a year up to 1699 is.
        Raises ValueError for any other word, for a day that there is not, and when the last day
        is before the first.
        """
        return cls(tuple(map(_span, words)))

    def at(self, moment: datetime, zone: str) -> Fraction:
        """Return the multiplier at a moment, by the day in that time zone; 1 outside all."""
        if not self.spans:
            return ONE
        day = day_of(moment, zone)
        return _counting(span.multiplier for span in self.spans if span.first <= day <= span.last)


def _span(word: str) -> Span:
    found = _PERIOD.fullmatch(word)
    if found is None:
        raise ValueError(
            f"{word!r} must be written like 2026-11-25..2026-11-30=2 or 1405/09/04..1405/09/10=1.5"
        )
    first, last = _day(found[1], int(found[2])), _day(found[5], int(found[6]))
    if last < first:
        raise ValueError(f"{word!r}: the last day is before the first; exchange them")
    return Span(first, last, Fraction(found[9]))


def _day(text: str, year: int) -> date:
    return read_day(text.replace("/", "-"), "jalali" if year <= LAST_JALALI_YEAR else "gregorian")


def _counting(multipliers: Iterable[Fraction]) -> Fraction:
    found = list(multipliers)
    return Fraction(0) if 0 in found else max(found, default=ONE)
