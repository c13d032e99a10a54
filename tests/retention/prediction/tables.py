"""Small tables of days with a purchase, and a made-up store large enough for the models."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl

from retention.prediction.columns import PRODUCT_DAYS, PURCHASE_DAYS

FIRST = date(2026, 1, 1)


def day(number: int) -> date:
    """The day so many days after the first one."""
    return FIRST + timedelta(days=number)


Bought = tuple[int, int] | tuple[int, int, str] | tuple[int, int, str, int | None]


def days(*rows: Bought) -> pl.DataFrame:
    """Customer, days after the first, net (10 unless told) and category (1 unless told)."""
    filled = [(*row, *("10", 1)[len(row) - 2 :]) for row in rows]
    return pl.DataFrame(
        [(row[0], day(row[1]), row[3], Decimal(row[2])) for row in filled],
        schema=PURCHASE_DAYS,
        orient="row",
    ).sort("customer_id", "day")


def rhythm(customer: int, gaps: Iterable[int], begin: int = 0) -> list[tuple[int, int]]:
    """The rows of a customer who buys first on `begin` and then after each of the gaps."""
    return [(customer, int(number)) for number in np.cumsum([begin, *gaps])]


def product_days(*rows: tuple[int, int, int, int | None]) -> pl.DataFrame:
    """Customer, product, days after the first and the product's category."""
    return pl.DataFrame(
        [
            (customer, product, day(number), category)
            for customer, product, number, category in rows
        ],
        schema=PRODUCT_DAYS,
        orient="row",
    ).sort("customer_id", "product_id", "day")


def store(customers: int = 400, length: int = 360, seed: int = 7) -> pl.DataFrame:
    """A store of customers who buy at rates and prices of their own for so many days.

    At each purchase a fifth of them leave for good.
    """
    random = np.random.default_rng(seed)
    rows = []
    for customer in range(1, customers + 1):
        gap, price = random.uniform(10, 60), random.uniform(5, 50)
        now = float(random.integers(0, length))
        while now < length:
            net = f"{price * random.uniform(0.5, 1.5):.2f}"
            rows.append((customer, int(now), net, int(random.integers(1, 4))))
            if random.random() < 0.2:
                break
            now += 1 + random.exponential(gap)
    return days(*{row[:2]: row for row in rows}.values())


def shuffled(rows: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Deal each customer's gaps, amounts and categories anew, and end at the end of a gap.

    Each customer is moved in time so that the last gap ends on the same day, 5000; the purchase
    that ended it is taken away: the last gap has become a silence, as long as a gap can be.
    """
    parts = []
    for _, own in rows.group_by("customer_id", maintain_order=True):
        numbers = own["day"].to_physical().to_numpy()
        gaps = random.permutation(np.diff(numbers))
        ends = pl.Series("day", [day(int(5000 - gaps[place:].sum())) for place in range(len(gaps))])
        dealt = [
            own[name].gather(random.permutation(own.height)) for name in ("category_id", "net")
        ]
        parts.append(own.with_columns(dealt).head(len(gaps)).with_columns(ends))
    return pl.concat(parts)
