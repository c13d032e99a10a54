"""One comparison: a reference, ours, and whether ours is good enough."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; `holds` says whether ours is as near or as good as it must be."""

    name: str
    reference: str
    ours: str
    difference: str
    holds: bool


def near(name: str, reference: float, ours: float, within: float, digits: int = 3) -> Row:
    """Ours must not differ from the reference by more than `within`."""
    return _row(name, reference, ours, "", digits, holds=abs(ours - reference) <= within)


def at_most(name: str, reference: float, ours: float, digits: int = 2) -> Row:
    """Ours must not exceed the reference."""
    return _row(name, reference, ours, "≤ ", digits, holds=ours <= reference)


def at_least(name: str, reference: float, ours: float, digits: int = 2) -> Row:
    """Ours must reach the reference."""
    return _row(name, reference, ours, "≥ ", digits, holds=ours >= reference)


def _row(name: str, reference: float, ours: float, sign: str, digits: int, *, holds: bool) -> Row:
    return Row(
        name,
        f"{sign}{reference:,.{digits}f}",
        f"{ours:,.{digits}f}",
        f"{ours - reference:+.{digits}f}" if digits < 6 else f"{ours - reference:+.1e}",
        holds,
    )
