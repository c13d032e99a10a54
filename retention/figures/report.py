"""All figures of one period in one call."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from retention.columns import CUSTOMER_ID, ORDER_ID, PLACED_AT, QUANTITY
from retention.figures import looks
from retention.figures.catalogue import figure, remark
from retention.figures.cohorts import cohorts
from retention.figures.costs import Spent, entered, given, retention_cost
from retention.figures.discount import discounts
from retention.figures.figure import Breakdown, Figure, Remark, period_as_json
from retention.figures.flow import category_flows, predicted_categories, product_flows
from retention.figures.history import History, Tables, inside
from retention.figures.matrix import product_matrix
from retention.figures.period import Calendar, Period
from retention.figures.repeat_products import repeat_orders
from retention.figures.retained import Movement, movement, retention, silence
from retention.figures.sales import old_against_new, revenue_shares, sales
from retention.figures.second_purchase_time import (
    average_over_returners,
    by_category,
    by_month,
    contact_window,
    quartiles,
    return_curve,
    return_rates,
    within_days,
)
from retention.figures.simulator import what_if
from retention.figures.stage import Stage, Thresholds, stage
from retention.figures.stickiness import stickiness
from retention.figures.survival import spells


@dataclass(frozen=True, slots=True)
class Options:
    """What a merchant may set.

    `observed_until` is the moment the tables were read, in UTC, for a period that is not over.
    `may_be_empty` allows a period until whose end nothing was kept of any order.
    `silence_days` of None is found from the data. `gross_margin` is a share of the price, and
    `later_margin` money. Lines of the matrix of None are the medians of the categories.
    """

    currency: str
    calendar: Calendar = "gregorian"
    minimum_customers: int = 30
    joining_minutes: int = 0
    observed_until: datetime | None = None
    may_be_empty: bool = False
    silence_days: int | None = None
    horizon_days: int = 180
    window_share: float = 0.5
    cohort_months: int = 24
    what_if_points: Fraction = Fraction(5)
    gross_margin: Fraction = Fraction(1)
    later_margin: Fraction = Fraction(0)
    matrix_interval_days: float | None = None
    matrix_order_value: Decimal | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)


@dataclass(frozen=True, slots=True)
class Report:
    """Every figure and breakdown of a period, the store's stage, and remarks about them."""

    period: Period
    figures: tuple[Figure, ...]
    breakdowns: tuple[Breakdown, ...]
    remarks: tuple[Remark, ...]
    stage: Stage

    def figure(self, name: str) -> Figure:
        """Return the figure of this name; raises KeyError when the report has none."""
        return {one.name: one for one in self.figures}[name]

    def breakdown(self, name: str) -> Breakdown:
        """Return the breakdown of this name; raises KeyError when the report has none."""
        return {one.name: one for one in self.breakdowns}[name]

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold; `retention.figures.changes` compares two of these."""
        return {
            "period": period_as_json(self.period),
            "figures": [one.as_json() for one in self.figures],
            "breakdowns": [one.as_json() for one in self.breakdowns],
            "remarks": [one.as_json() for one in self.remarks],
            "stage": {
                "name": self.stage.name,
                "label": self.stage.label.as_json(),
                "advice": self.stage.advice.as_json(),
                "thresholds": asdict(self.stage.thresholds),
            },
        }


@dataclass(frozen=True, slots=True)
class _Found:
    """What has been found so far."""

    figures: list[Figure] = field(default_factory=list)
    breakdowns: list[Breakdown] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def figures(tables: Tables, period: Period, options: Options) -> Report:
    """Compute all figures of a period from a store's tables.

    Lines placed after the period, or after `options.observed_until`, are not read. What speaks
    of the whole history says so in its own period.
    Raises ValueError when a table lacks a column, an option is out of its range, the observation
    ended before the period began, or nothing was bought before the end of the period, unless it
    may be so.
    """
    tables.check()
    until = min(period.end, options.observed_until or period.end)
    if until <= period.start:
        raise ValueError(f"the period begins {period.start}, after the observation; choose another")
    history = History.of(tables.lines, tables.products, until, options.joining_minutes)
    whole = history.whole(period.zone, period if options.may_be_empty else None)
    found = _Found()
    moved = _rates(history, tables, period, whole, options, found)
    _costs(history, tables, period, moved, options, found)
    _second_purchase(history, whole, options, found)
    _store(history, whole, options, found)
    _looks(history, tables, period, options, found)
    found.remarks.extend(remark(f"{name}_unknown") for name in tables.unknown())
    judged = stage(history.purchases, whole, options.thresholds)
    found.figures.extend(judged.measures)
    return Report(
        period, tuple(found.figures), tuple(found.breakdowns), tuple(found.remarks), judged
    )


def _rates(
    history: History,
    tables: Tables,
    period: Period,
    whole: Period,
    options: Options,
    found: _Found,
) -> Movement | None:
    bought, minimum, currency = history.purchases, options.minimum_customers, options.currency
    found.figures.extend(stickiness(bought, period, minimum))
    found.figures.extend(sales(bought, period, currency, minimum))
    found.figures.append(_orders_of_nobody(tables.lines, period, history.until))
    found.figures.extend(revenue_shares(bought, period))
    found.figures.extend(old_against_new(bought, period, currency))
    gone = silence(history, whole, minimum, options.silence_days)
    moved = (
        None
        if gone.value is None
        else movement(bought, period.start, history.until, int(gone.value))
    )
    found.figures.append(gone)
    found.figures.extend(retention(moved, gone, period, minimum))
    found.breakdowns.append(repeat_orders(history.items, period, minimum))
    return moved


def _costs(
    history: History,
    tables: Tables,
    period: Period,
    moved: Movement | None,
    options: Options,
    found: _Found,
) -> None:
    spent: Spent = {}
    if tables.given is not None:
        spent |= given(tables.given, history, period)
    if tables.costs is not None:
        spent |= entered(tables.costs, period, history.until)
    if tables.costs is not None or tables.given is not None:
        figures, by_kind = retention_cost(spent, moved, period, options.currency)
        found.figures.extend(figures)
        found.breakdowns.append(by_kind)


def _second_purchase(history: History, whole: Period, options: Options, found: _Found) -> None:
    known, minimum = spells(history.purchases, history.until), options.minimum_customers
    found.figures.extend(quartiles(known, whole, minimum))
    found.figures.append(average_over_returners(known, whole))
    found.remarks.append(remark("returners_are_biased"))
    window, doubts = contact_window(known, whole, minimum, options.window_share)
    found.figures.extend(window)
    found.remarks.extend(doubts)
    rates, warnings = return_rates(known, whole, options.horizon_days, minimum)
    found.figures.extend(rates)
    found.remarks.extend(warnings)
    found.figures.extend(
        discounts(
            history.purchases,
            rates[1],
            whole,
            options.currency,
            options.gross_margin,
            options.later_margin,
        )
    )
    found.breakdowns.extend(
        (
            return_curve(known, whole, minimum),
            by_category(known, whole, minimum),
            by_month(known, whole, options.calendar, minimum),
            within_days(known, whole, options.calendar, minimum),
        )
    )


def _store(history: History, whole: Period, options: Options, found: _Found) -> None:
    bought, minimum = history.purchases, options.minimum_customers
    found.breakdowns.append(
        cohorts(bought, whole, options.calendar, minimum, options.cohort_months)
    )
    for same, flows in (
        category_flows(history, whole, minimum),
        product_flows(history, whole, minimum),
    ):
        found.figures.append(same)
        found.breakdowns.extend(flows)
    rates, verdict = predicted_categories(history, whole, minimum)
    found.figures.extend(rates)
    found.remarks.extend(verdict)
    found.breakdowns.append(
        product_matrix(
            history.items,
            whole,
            minimum,
            options.matrix_interval_days,
            options.matrix_order_value,
        )
    )
    answers, months = what_if(
        bought, whole, options.currency, options.calendar, options.what_if_points, minimum
    )
    found.figures.extend(answers)
    if months is not None:
        found.breakdowns.append(months)


def _looks(
    history: History, tables: Tables, period: Period, options: Options, found: _Found
) -> None:
    minimum = options.minimum_customers
    found.breakdowns.extend(
        (
            looks.kinds(history.items, period, minimum),
            looks.how_many(history.items, period, minimum),
            looks.how_much(history.purchases, period),
            looks.when(history.purchases, period, options.calendar, minimum),
        )
    )
    for table, look in (
        (tables.coupons, looks.promotions),
        (tables.reviews, looks.reviews),
        (tables.sources, looks.sources),
    ):
        if table is not None:
            found.breakdowns.append(look(history, table, period, minimum))


def _orders_of_nobody(lines: pl.DataFrame, period: Period, until: datetime) -> Figure:
    nobody = inside(lines, period).filter(
        pl.col(CUSTOMER_ID).is_null(), pl.col(QUANTITY) > 0, pl.col(PLACED_AT) < until
    )
    count = nobody[ORDER_ID].n_unique()
    return figure("orders_without_customer", period, count, count)
