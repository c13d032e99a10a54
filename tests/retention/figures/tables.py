"""Purchases of a few customers, written so that they can be read by eye."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl

from retention.columns import PURCHASES
from retention.figures.period import Period
from tests.retention.tables import START

Bought = tuple[int, float, str] | tuple[int, float, str, int | None]
"""Customer, days after the start, net and, unless it is 1, the category."""


def bought(*rows: Bought) -> pl.DataFrame:
    """One row per purchase; they are numbered by customer and time."""
    ordered = sorted(rows, key=lambda row: (row[0], row[1]))
    counted: dict[int, int] = {}
    table = []
    for number, (customer, day, net, *category) in enumerate(ordered, 1):
        counted[customer] = counted.get(customer, 0) + 1
        table.append(
            (
                number,
                customer,
                at(day),
                counted[customer],
                category[0] if category else 1,
                Decimal(net),
            )
        )
    return pl.DataFrame(table, schema=PURCHASES, orient="row")


def at(day: float) -> datetime:
    """The moment so many days after the start."""
    return START + timedelta(days=day)


def period(first: float, end: float, zone: str = "UTC") -> Period:
    """The period from one day after the start to another."""
    return Period(at(first), at(end), zone)


def moment(text: str) -> datetime:
    """A moment in UTC from ISO form."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
