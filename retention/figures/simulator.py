"""What a higher retention rate is worth, under three readings of the same question."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from typing import Literal, get_args

import polars as pl

from retention.columns import CUSTOMER_ID, MONEY, NET, PLACED_AT
from retention.figures.catalogue import breakdown, figure, share
from retention.figures.figure import Breakdown, Figure, as_decimal
from retention.figures.period import Calendar, Period, day_of, month_starts, with_month
from retention.figures.sales import money

Reading = Literal["compounding", "plateau", "first_customers_only"]
"""`compounding`: each month the customers grow by the rate. `plateau`: each month as many new
customers come as at the start and the rate of last month's is kept. `first_customers_only`: no
new ones come and the rate of last month's is kept."""

MONTHS = 12


def simulate(
    reading: Reading,
    rate: Fraction,
    customers: Fraction | int = 100,
    revenue_per_customer: Fraction | int = 10,
    months: int = MONTHS,
) -> pl.DataFrame:
    """Return the customers and the revenue of each month from 0, the start, to `months`.

    `rate` is a month's share, 1/20 for 5 %. Columns: month_number, customers (not whole: it is
    an expectation), revenue and cumulative_revenue, the start's included (rounded at four
    decimals).
    Raises ValueError for an unknown reading, a rate outside 0 to 1 or a negative number.
    """
    if reading not in get_args(Reading):
        raise ValueError(f"reading is {reading!r}; give one of {', '.join(get_args(Reading))}")
    if not 0 <= rate <= 1:
        raise ValueError(f"rate is {rate}; give a share between 0 and 1")
    if customers < 0 or revenue_per_customer < 0 or months < 1:
        raise ValueError("customers, revenue and months cannot be negative; months is at least 1")
    path = list(_path(reading, rate, Fraction(customers), months))
    revenue = [each * revenue_per_customer for each in path]
    summed = accumulate(revenue)
    return pl.DataFrame(
        {
            "month_number": pl.Series(range(months + 1), dtype=pl.Int32),
            "customers": [float(each) for each in path],
            "revenue": pl.Series(map(as_decimal, revenue), dtype=MONEY),
            "cumulative_revenue": pl.Series(map(as_decimal, summed), dtype=MONEY),
        }
    )


def what_if(
    purchases: pl.DataFrame,
    whole: Period,
    currency: str,
    calendar: Calendar = "gregorian",
    points: Fraction | int = 5,
    minimum: int = 30,
) -> tuple[list[Figure], Breakdown | None]:
    """Return what `points` more percentage points of monthly retention would bring the store.

    `purchases` has the columns `PURCHASES`. From its last twelve complete months: the share of
    a month's buyers who buy in the next month too, the other buyers of an average month (new or
    back after a pause), and the revenue per buyer of a month. Under the plateau reading the next
    twelve months are computed with the present rate and with the higher one (at most 100 %),
    their amounts rounded at four decimals.
    Without two complete months or `minimum` buyers to keep there is no answer.
    """
    months = _complete_months(purchases, whole, calendar)
    base, kept = int(months["base"].sum()), int(months["kept"].sum())
    follow = months.height - 1
    retention = share("monthly_retention", whole, kept, max(base, 0), minimum)
    if retention.not_enough is not None or follow < 1:
        return [retention], None
    rate = Fraction(kept, base)
    later = months.tail(follow)
    inflow = Fraction(int(later["buyers"].sum()) - kept, follow)
    spend = money(months) / int(months["buyers"].sum())
    higher = min(Fraction(1), rate + Fraction(points) / 100)
    now, then = (_plateau(inflow, each, int(months["buyers"][-1])) for each in (rate, higher))
    return [
        retention,
        figure("monthly_inflow", whole, follow, inflow),
        figure("revenue_per_buyer", whole, months.height, spend, currency=currency),
        *(
            figure(name, whole, base, Fraction(as_decimal(amount)), currency=currency)
            for name, amount in (
                ("what_if_revenue_now", now[-1] * spend),
                ("what_if_revenue_then", then[-1] * spend),
                ("what_if_gain", (sum(then) - sum(now)) * spend),
            )
        ),
    ], breakdown("what_if_months", whole, base, _months_table(now, then, spend))


def _path(reading: Reading, rate: Fraction, start: Fraction, months: int) -> Iterator[Fraction]:
    customers = start
    yield customers
    for _ in range(months):
        if reading == "compounding":
            customers *= 1 + rate
        else:
            customers = customers * rate + (start if reading == "plateau" else 0)
        yield customers


def _plateau(inflow: Fraction, rate: Fraction, start: int) -> list[Fraction]:
    """Return the buyers of the next twelve months."""
    buyers, path = Fraction(start), []
    for _ in range(MONTHS):
        buyers = inflow + buyers * rate
        path.append(buyers)
    return path


def _months_table(now: list[Fraction], then: list[Fraction], spend: Fraction) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "month_number": pl.Series(range(1, MONTHS + 1), dtype=pl.Int32),
            "customers": [float(each) for each in now],
            "revenue": pl.Series([as_decimal(each * spend) for each in now], dtype=MONEY),
            "customers_then": [float(each) for each in then],
            "revenue_then": pl.Series([as_decimal(each * spend) for each in then], dtype=MONEY),
        }
    )


def _complete_months(purchases: pl.DataFrame, whole: Period, calendar: Calendar) -> pl.DataFrame:
    """Return the last twelve complete months: month_number, buyers, net, base and kept.

    Of the `base` buyers of the month before, `kept` bought in this one; the first month has none.
    """
    starts = month_starts(whole.first_day, whole.last_day, calendar)
    end = day_of(whole.end, whole.zone)
    complete = [number for number, start in enumerate(starts[1:]) if start <= end][-MONTHS:]
    bought = with_month(purchases, PLACED_AT, whole.zone, calendar, whole.first_day)
    buyers = (
        bought.filter(pl.col("month_number").is_in(complete))
        .group_by("month_number", CUSTOMER_ID)
        .agg(pl.col(NET).sum().cast(MONEY))
    )
    before = buyers.select(
        CUSTOMER_ID, pl.col("month_number") + 1, pl.lit(value=True).alias("kept")
    )
    counted = (
        buyers.join(before, on=["month_number", CUSTOMER_ID], how="left")
        .group_by("month_number")
        .agg(
            pl.len().cast(pl.Int64).alias("buyers"),
            pl.col(NET).sum().cast(MONEY),
            pl.col("kept").sum().cast(pl.Int64),
        )
    )
    return (
        pl.DataFrame({"month_number": complete}, schema={"month_number": pl.Int32()})
        .join(counted, on="month_number", how="left")
        .with_columns(
            pl.col("buyers", "kept").fill_null(0), pl.col(NET).fill_null(pl.lit(0, MONEY))
        )
        .sort("month_number")
        .with_columns(pl.col("buyers").shift(fill_value=0).alias("base"))
    )
