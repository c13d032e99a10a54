"""Exact numbers as typed on the command line."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import click


class Number(click.ParamType[Fraction]):
    """An exact number between two bounds, both allowed, with at most so many decimals.

    The digits of every script are read, and the Persian decimal separator.
    """

    name = "number"

    def __init__(self, low: int, high: int, decimals: int = 4) -> None:
        self._low, self._high, self._decimals = low, high, decimals

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        """The number, or a refusal that names the bounds."""
        try:
            found = Fraction(Decimal(str(value).strip().replace("٫", ".")))
        except (ArithmeticError, ValueError):
            found = None
        if found is None or not self._low <= found <= self._high:
            self.fail(f"{value!r} must be a number from {self._low} to {self._high}", param, ctx)
        if (found * 10**self._decimals).denominator != 1:
            self.fail(f"{value!r} must have at most {self._decimals} decimals", param, ctx)
        return found
