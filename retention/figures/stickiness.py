"""The stickiness rate: how many customers came back, from all of them or from a sample."""

from math import hypot

import numpy as np
import polars as pl

from retention.columns import CUSTOMER_ID
from retention.figures.catalogue import figure, lacking, share
from retention.figures.customers import REPEATED, RETURNING, customers_in
from retention.figures.figure import Figure
from retention.figures.period import Period


def stickiness(purchases: pl.DataFrame, period: Period, minimum: int = 30) -> list[Figure]:
    """Return repeat customers / all customers × 100 in both readings, with Wilson intervals.

    `purchases` has the columns `PURCHASES`. `stickiness_repeat` counts customers with two or
    more orders inside the period, `stickiness_returning` those with an order inside and any
    earlier one, inside or before; both are of all customers with an order inside. Fewer than
    `minimum` customers are not enough.
    """
    customers = customers_in(purchases, period)
    return [
        share(name, period, int(customers[reading].sum()), customers.height, minimum)
        for name, reading in (("stickiness_repeat", REPEATED), ("stickiness_returning", RETURNING))
    ]


def sample_of_customers(
    purchases: pl.DataFrame, period: Period, size: int, seed: int
) -> pl.DataFrame:
    """Return all purchases of `size` customers drawn at random from those who bought in the period.

    The same customers, size and seed draw the same sample, in whatever order the rows are. All
    purchases of the drawn customers are kept, those outside the period too.
    Raises ValueError when `size` is below 1 or above the number of customers.
    """
    known = customers_in(purchases, period)[CUSTOMER_ID].sort()
    if not 1 <= size <= known.len():
        raise ValueError(f"size is {size}; draw 1 to {known.len()} customers")
    drawn = np.random.default_rng(seed).choice(known.len(), size, replace=False)
    return purchases.filter(pl.col(CUSTOMER_ID).is_in(known.gather(np.sort(drawn)).implode()))


def change_from_baseline(baseline: Figure, current: Figure) -> Figure:
    """Return by how many percentage points a rate differs from a stored earlier one.

    The interval is Newcombe's from the two Wilson intervals (R. G. Newcombe, "Interval
    estimation for the difference between independent proportions", Statistics in Medicine 17
    (1998), 873-890, method 10). It takes the two groups of customers for independent; where many
    are in both, it is wider than it need be. The sample size is the smaller one.
    Raises ValueError when the figures are not percentages of one name.
    """
    if baseline.name != current.name or current.unit != "percent":
        raise ValueError(
            f"{baseline.name} and {current.name} cannot be compared; give one rate of two periods"
        )
    for one in (baseline, current):
        if one.not_enough is not None:
            return lacking("change_from_baseline", current.period, one)
    return _difference(baseline, current)


def _difference(baseline: Figure, current: Figure) -> Figure:
    before, now = _ends(baseline), _ends(current)
    value = (current.value or 0) - (baseline.value or 0)
    difference = float(value)
    return figure(
        "change_from_baseline",
        current.period,
        min(baseline.n, current.n),
        value,
        interval=(
            difference - hypot(now[1] - now[0], before[2] - before[1]),
            difference + hypot(now[2] - now[1], before[1] - before[0]),
        ),
    )


def _ends(rate: Figure) -> tuple[float, float, float]:
    """Return lower end, value and upper end."""
    low, high = rate.interval or (0.0, 100.0)
    return low, float(rate.value or 0), 100.0 if high is None else high
