"""What keeping customers cost: what was given with their orders, and what a merchant entered."""

from datetime import date, datetime
from fractions import Fraction

import polars as pl

from retention.columns import MONEY, PLACED_AT, SEQUENCE
from retention.figures.catalogue import breakdown, figure
from retention.figures.columns import (
    AMOUNT,
    DISCOUNTS,
    ENTERED_KINDS,
    FIRST_DAY,
    GIVEN_KINDS,
    LAST_DAY,
)
from retention.figures.figure import Breakdown, Figure, as_decimal
from retention.figures.history import History, inside
from retention.figures.period import Period, day_of
from retention.figures.retained import Movement

Spent = dict[str, tuple[int, Fraction]]
"""By kind: how many entries or orders, and what they add up to."""


def retention_cost(
    spent: Spent, moved: Movement | None, period: Period, currency: str
) -> tuple[list[Figure], Breakdown]:
    """Return what was spent in the period to keep customers, in all and per retained customer.

    `spent` is what `given` and `entered` return, joined. A retained customer was one at the
    start and still is at the end. Breakdown: kind, entries, amount (rounded at four decimals).
    """
    entries = sum(count for count, _ in spent.values())
    total = sum((amount for _, amount in spent.values()), Fraction(0))
    stayed = 0 if moved is None else moved.stayed
    table = pl.DataFrame(
        [(kind, count, as_decimal(amount)) for kind, (count, amount) in sorted(spent.items())],
        schema={"kind": pl.String(), "entries": pl.Int64(), AMOUNT: MONEY},
        orient="row",
    )
    return [
        figure("retention_cost", period, entries, total, currency=currency, need=1),
        figure(
            "retention_cost_per_customer",
            period,
            stayed if entries else 0,
            total / stayed if stayed else None,
            currency=currency,
            need=1,
        ),
    ], breakdown("costs_by_kind", period, entries, table)


def given(gifts: pl.DataFrame, history: History, period: Period) -> Spent:
    """Return what was given with the orders of the period (`gifts` has the columns `GIVEN`).

    The discount on a first purchase wins a customer and keeps none, so discounts count from the
    second purchase on; points count with every one. Raises ValueError for a kind that is not in
    `GIVEN_KINDS` or a negative amount.
    """
    _refuse(gifts, GIVEN_KINDS)
    bought = inside(history.purchases, period).select("purchase_id", PLACED_AT, SEQUENCE)
    counted = (
        gifts.join(history.order_purchases, on="order_id")
        .join(bought, on="purchase_id")
        .filter((pl.col("kind") != DISCOUNTS) | (pl.col(SEQUENCE) > 1), pl.col(AMOUNT) > 0)
        .group_by("kind")
        .agg(pl.len().cast(pl.Int64), pl.col(AMOUNT).sum())
    )
    return {kind: (count, Fraction(amount)) for kind, count, amount in counted.iter_rows()}


def entered(costs: pl.DataFrame, period: Period, until: datetime) -> Spent:
    """Return what entries (columns `COSTS`) come to in the days of the period, as far as observed.

    An entry is spread evenly over its days. Raises ValueError for a kind that is not in
    `ENTERED_KINDS` or a negative amount.
    """
    _refuse(costs, ENTERED_KINDS)
    last_seen = min(period.last_day, day_of(until, period.zone))
    spent: Spent = {}
    for first, last, kind, amount in costs.select(FIRST_DAY, LAST_DAY, "kind", AMOUNT).iter_rows():
        shared = _days(max(first, period.first_day), min(last, last_seen))
        if shared > 0:
            count, before = spent.get(kind, (0, Fraction(0)))
            part = Fraction(amount) * shared / _days(first, last)
            spent[kind] = (count + 1, before + part)
    return spent


def _days(first: date, last: date) -> int:
    return (last - first).days + 1


def _refuse(table: pl.DataFrame, kinds: tuple[str, ...]) -> None:
    for kind in table["kind"].unique().sort():
        if kind not in kinds:
            raise ValueError(f"costs: kind is {kind!r}; give one of {', '.join(kinds)}")
    if table.filter(pl.col(AMOUNT) < 0).height:
        raise ValueError("costs: amount is negative; give what was spent as a positive number")
