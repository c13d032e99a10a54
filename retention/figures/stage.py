"""In which stage of its life a store is, by thresholds that everybody can see and change."""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Literal

import polars as pl

from retention.columns import CUSTOMER_ID, PLACED_AT, SEQUENCE
from retention.figures.catalogue import figure, percent, words
from retention.figures.customers import RETURNING, customers_in
from retention.figures.figure import Figure, Words
from retention.figures.history import inside
from retention.figures.period import Period
from retention.figures.sales import money

StageName = Literal["just_started", "gaining", "consistent", "established", "settled"]

WEEKS = 26

HALF_YEAR = timedelta(weeks=WEEKS)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where one stage ends and the next begins; they are conventions of ours, to be changed.

    Below `customers_to_estimate` customers or `returners_to_estimate` who came back, nothing can
    be estimated: just started. Orders in a smaller percentage of weeks than `regular_weeks`:
    gaining. Fewer customers than `large_base`: consistent. Settled are stores with at least
    `settled_repeat_revenue` percent of revenue from returning customers whose revenue grew by
    less than `settled_growth` percent in half a year; the other large ones are established.
    """

    customers_to_estimate: int = 100
    returners_to_estimate: int = 30
    regular_weeks: int = 90
    large_base: int = 1000
    settled_repeat_revenue: int = 50
    settled_growth: int = 10


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage with what it was judged by, the thresholds, and the advice that belongs to it."""

    name: StageName
    label: Words
    advice: Words
    measures: tuple[Figure, ...]
    thresholds: Thresholds


def stage(purchases: pl.DataFrame, whole: Period, thresholds: Thresholds | None = None) -> Stage:
    """Return the stage at the end of the whole history (`PURCHASES`).

    Measured are all customers and those who came back, the share of the last 26 weeks (or of
    all, in a younger store) that had orders, the revenue of these weeks against that of the 26
    before, and the share of it from returning customers.
    """
    limits = thresholds or Thresholds()
    measures = _measures(purchases, whole)
    name = _judged({one.name: one for one in measures}, limits)
    return Stage(name, words("stages", name), words("stage_advice", name), tuple(measures), limits)


def _judged(measures: dict[str, Figure], limits: Thresholds) -> StageName:
    def at_least(name: str, threshold: int) -> bool:
        value = measures[name].value
        return value is not None and value >= threshold

    if not (
        at_least("stage_customers", limits.customers_to_estimate)
        and at_least("stage_returners", limits.returners_to_estimate)
    ):
        return "just_started"
    if not at_least("stage_weeks_with_orders", limits.regular_weeks):
        return "gaining"
    if not at_least("stage_customers", limits.large_base):
        return "consistent"
    growth = measures["stage_growth"].value
    calm = growth is not None and growth < limits.settled_growth
    loyal = at_least("stage_repeat_revenue", limits.settled_repeat_revenue)
    return "settled" if calm and loyal else "established"


def _measures(purchases: pl.DataFrame, whole: Period) -> list[Figure]:
    recent = Period(max(whole.start, whole.end - HALF_YEAR), whole.end, whole.zone)
    customers = purchases[CUSTOMER_ID].n_unique()
    returners = purchases.filter(pl.col(SEQUENCE) == 2).height
    weeks = -((recent.start - recent.end) // timedelta(weeks=1))
    with_orders = percent(_weeks_with_orders(purchases, recent), weeks)
    bought = customers_in(purchases, recent)
    revenue = money(bought)
    repeat = percent(money(bought.filter(RETURNING)), revenue) if revenue else None
    return [
        figure("stage_customers", whole, customers, customers),
        figure("stage_returners", whole, customers, returners),
        figure("stage_weeks_with_orders", recent, weeks, with_orders),
        _growth(purchases, whole, recent, revenue),
        figure("stage_repeat_revenue", recent, bought.height if revenue else 0, repeat, need=1),
    ]


def _growth(purchases: pl.DataFrame, whole: Period, recent: Period, revenue: Fraction) -> Figure:
    """Return the growth against the half year before, which must be there with some revenue."""
    start, weeks = whole.end - 2 * HALF_YEAR, (whole.end - whole.start) // timedelta(weeks=1)
    before = money(inside(purchases, Period(start, whole.end - HALF_YEAR, whole.zone)))
    told = whole.start <= start and before > 0
    return figure(
        "stage_growth",
        recent,
        2 * WEEKS if told else min(2 * WEEKS - 1, weeks),
        percent(revenue, before) - 100 if told else None,
        need=2 * WEEKS,
    )


def _weeks_with_orders(purchases: pl.DataFrame, recent: Period) -> int:
    """Return how many of the weeks, counted back from the end, had an order."""
    age = pl.lit(recent.end, pl.Datetime("us", "UTC")) - pl.col(PLACED_AT)
    # An order exactly one week old still belongs to the newest week, as the period's start does.
    week = (age.dt.total_microseconds() - 1) // int(timedelta(weeks=1) / timedelta(microseconds=1))
    return inside(purchases, recent).select(week.n_unique()).item() or 0
