"""All predictions of a store in one call, as figures and tables like those of a period."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

import polars as pl

from retention.columns import COUNT, CUSTOMER_ID, HIGH, KIND, LOW, P_VALUE, PLACED_AT, PROBABILITY
from retention.figures.figure import Breakdown, Figure, Remark, period_as_json
from retention.figures.history import Tables
from retention.figures.period import Period, day_of, days, month_starts
from retention.prediction import accuracy
from retention.prediction.alerts import change_alerts
from retention.prediction.churn import churn_scores
from retention.prediction.clusters import clusters
from retention.prediction.columns import (
    CUSTOMER_PREDICTIONS,
    DAY,
    EXPECTED_DAY,
    EXPECTED_PURCHASES,
    MAIN_FACTOR,
    OVERDUE,
    SEGMENT,
    VALUE,
)
from retention.prediction.evidence import NotEnoughData
from retention.prediction.findings import Findings, Options
from retention.prediction.known import Knowledge
from retention.prediction.lifetime_value import lifetime_values
from retention.prediction.model_check import model_check
from retention.prediction.next_order import due, next_orders
from retention.prediction.replenishment import product_days, replenishment
from retention.prediction.segments import moves, segment_sizes, segments
from retention.prediction.summary import purchase_days
from retention.purchases import purchases


@dataclass(frozen=True, slots=True)
class Predictions:
    """What is foreseen from all that was bought in `period`, which ends with a whole day.

    `customers` has the columns `CUSTOMER_PREDICTIONS`, one row per customer. `lists` are made for
    reading: "customer_predictions" of these, the most valuable first, and, with enough data,
    "customer_product_intervals" (columns `NEXT_REPLENISHMENTS`), the earliest first.
    """

    period: Period
    figures: tuple[Figure, ...]
    breakdowns: tuple[Breakdown, ...]
    remarks: tuple[Remark, ...]
    customers: pl.DataFrame
    lists: tuple[Breakdown, ...]

    def as_json(self, most_rows: int | None = None) -> dict[str, Any]:
        """Return what JSON can hold, without the lists; of each table the first rows if limited."""
        return {
            "period": period_as_json(self.period),
            "figures": [one.as_json() for one in self.figures],
            "breakdowns": [one.as_json(most_rows) for one in self.breakdowns],
            "remarks": [one.as_json() for one in self.remarks],
        }


def predictions(tables: Tables, zone: str, until: datetime, options: Options) -> Predictions:
    """Return everything foreseen from what was bought by the end of the last whole day.

    Args:
        tables: of the store; coupons, sources, reviews and costs are not read.
        zone: the store's time zone, as of `Period`.
        until: the moment the tables were read, in UTC; its day is not over and is left out.
        options: what the merchant set.

    Raises:
        ValueError: a table lacks a column, or nothing was bought before the day of `until`.
    """
    tables.check()
    last_day = day_of(until, zone) - timedelta(days=1)
    lines = tables.lines.filter(pl.col(PLACED_AT) < days(last_day, last_day, zone).end)
    bought = purchase_days(purchases(lines, tables.products, options.joining_minutes), zone)
    first = cast("date | None", bought[DAY].min())
    if first is None:
        raise ValueError("nothing was bought before today; predictions need an earlier purchase")
    grouped = segments(bought, last_day)
    found = Findings(
        bought, days(first, last_day, zone), last_day, options, grouped.select(CUSTOMER_ID, SEGMENT)
    )
    found.figure("prediction_days", grouped.height, options.horizon_days)
    known = Knowledge(bought)
    _churn(found, known)
    _values(found, known)
    _models(found, known)
    _orders(found)
    _replenishments(found, product_days(lines, tables.products, zone))
    _alerts(found)
    _groups(found, grouped)
    customers = _filled(found.customers)
    found.list_of("customer_predictions", _for_reading(customers))
    return Predictions(
        found.period,
        tuple(found.figures),
        tuple(found.breakdowns),
        tuple(found.remarks),
        customers,
        tuple(found.lists),
    )


def _churn(found: Findings, known: Knowledge) -> None:
    try:
        scores = churn_scores(known, found.last_day, found.options.horizon_days)
    except NotEnoughData as short:
        found.lacks(short, "churn_probability", "churn_area", "churn_calibration_error")
        return
    mean, interval = accuracy.mean_probability(scores.table[PROBABILITY])
    found.figure("churn_probability", scores.table.height, mean, interval=interval)
    found.remark("churn_is_not_alive")
    test = scores.backtest
    if test is None or scores.area is None:
        found.untested("churn_area", "churn_calibration_error")
    else:
        ends = accuracy.area_interval(scores.area, test.table)
        found.figure("churn_area", test.customers, scores.area, interval=ends)
        found.figure("churn_calibration_error", test.customers, test.error * 100)
        found.table("churn_calibration", test.customers, test.table)
        if test.verdict == "fits badly":
            found.remark("churn_fits_badly")
    found.of_customers(
        scores.table.select(
            CUSTOMER_ID, pl.col(PROBABILITY).alias("churn_probability"), MAIN_FACTOR
        )
    )


def _values(found: Findings, known: Knowledge) -> None:
    currency = found.options.currency
    try:
        values = lifetime_values(known, found.last_day, found.options.horizon_days)
    except NotEnoughData as short:
        found.lacks(
            short, "lifetime_value_total", "lifetime_value_correction", "expected_purchases"
        )
        return
    n, test = values.table.height, values.calibration
    ends = (values.low, values.high)
    found.figure("lifetime_value_total", n, values.total, interval=ends, currency=currency)
    found.figure("lifetime_value_correction", test.customers, values.correction)
    expected, around = accuracy.sum_of_counts(values.table[EXPECTED_PURCHASES])
    found.figure("expected_purchases", n, expected, interval=around)
    found.table("lifetime_value_calibration", test.customers, test.table)
    if test.verdict == "fits badly":
        found.remark("value_fits_badly")
    found.of_customers(
        values.table.select(
            CUSTOMER_ID,
            pl.col(PROBABILITY).alias("active_probability"),
            EXPECTED_PURCHASES,
            VALUE,
            LOW,
            HIGH,
        )
    )


def _models(found: Findings, known: Knowledge) -> None:
    try:
        check = model_check(known, found.last_day)
    except NotEnoughData as short:
        found.lacks(short, "model_purchases_error", "model_value_error")
        return
    for name, test in (("purchases", check.purchases), ("value", check.value)):
        error = None if test.total_error is None else test.total_error * 100
        found.figure(f"model_{name}_error", test.customers, error)
        found.table(f"model_{name}_calibration", test.customers, test.table)
        if test.verdict == "fits badly":
            found.remark(f"{name}_model_fits_badly")


def _orders(found: Findings) -> None:
    due_days = found.options.due_days
    try:
        table = next_orders(found.bought, found.last_day, due_days).table
    except NotEnoughData as short:
        found.lacks(short, "due_orders", "overdue_orders")
        return
    soon = due(table, found.last_day, due_days)
    found.figure("due_orders", table.height, soon.height)
    found.figure("overdue_orders", table.height, int(table[OVERDUE].sum()))
    found.table("due_orders", table.height, soon)
    found.of_customers(
        table.select(CUSTOMER_ID, "interval_days", "low_day", "expected_day", "high_day", OVERDUE)
    )


def _replenishments(found: Findings, bought: pl.DataFrame) -> None:
    due_days = found.options.due_days
    try:
        again = replenishment(bought, found.last_day, due_days)
    except NotEnoughData as short:
        found.lacks(short, "due_replenishments")
        return
    soon = due(again.customers, found.last_day, due_days)
    found.figure("due_replenishments", again.customers.height, soon.height)
    found.table("due_replenishments", again.customers.height, soon)
    intervals = again.products.sort(COUNT, "product_id", descending=[True, False])
    found.table("replenishment_intervals", int(intervals[COUNT].sum()), intervals)
    found.list_of(
        "customer_product_intervals",
        again.customers.sort(EXPECTED_DAY, CUSTOMER_ID, "product_id", nulls_last=True),
    )


def _alerts(found: Findings) -> None:
    alerts = change_alerts(found.bought, found.last_day, found.options.false_alarm_rate)
    tested = pl.DataFrame(
        {KIND: list(alerts.tested), "tested": list(alerts.tested.values())},
        schema={KIND: pl.String, "tested": pl.Int64},
    )
    kinds = alerts.table.group_by(KIND).agg(pl.len().cast(pl.Int64).alias(COUNT))
    by_kind = tested.join(kinds, on=KIND, how="left", maintain_order="left").select(
        KIND,
        pl.col(COUNT).fill_null(0),
        "tested",
        (pl.col("tested") * alerts.false_alarm_rate).alias("expected_false"),
    )
    n = sum(alerts.tested.values())
    found.table("alerts_by_kind", n, by_kind)
    found.table("alerts", n, alerts.table.sort(P_VALUE, CUSTOMER_ID, KIND))


def _groups(found: Findings, grouped: pl.DataFrame) -> None:
    found.table("segments", grouped.height, segment_sizes(grouped))
    ends = _ends_of_months(found)
    if ends is not None:
        moved = moves(found.bought, *ends)
        found.table("segment_moves", int(moved[COUNT].sum()), moved)
    try:
        clustered = clusters(grouped)
    except NotEnoughData as short:
        found.lacks(short, "cluster_number")
        return
    found.figure("cluster_number", grouped.height, clustered.table.height)
    found.table("clusters", grouped.height, clustered.table)
    tried = pl.DataFrame(
        {
            "clusters": list(clustered.silhouettes),
            "silhouette": list(clustered.silhouettes.values()),
        }
    )
    found.table("silhouettes", grouped.height, tried)
    if clustered.verdict == "hardly any clusters":
        found.remark("hardly_any_clusters")


def _ends_of_months(found: Findings) -> tuple[date, date] | None:
    """Return the last days of the last two full months, the history permitting."""
    one = timedelta(days=1)
    first = found.period.first_day
    starts = month_starts(first, found.last_day + one, found.options.calendar)
    ends = [start - one for start in starts if first <= start - one <= found.last_day]
    return (ends[-2], ends[-1]) if len(ends) >= 2 else None


def _for_reading(customers: pl.DataFrame) -> pl.DataFrame:
    """Return the customers by value, the names of columns telling whose value and range it is."""
    names = {VALUE: "lifetime_value", LOW: "lifetime_value_low", HIGH: "lifetime_value_high"}
    by_value = customers.sort(VALUE, CUSTOMER_ID, descending=[True, False], nulls_last=True)
    return by_value.rename(names)


def _filled(customers: pl.DataFrame) -> pl.DataFrame:
    """Return all columns `CUSTOMER_PREDICTIONS`, null where nothing could be said."""
    missing = {
        name: pl.lit(None, dtype=kind)
        for name, kind in CUSTOMER_PREDICTIONS.items()
        if name not in customers.columns
    }
    return customers.with_columns(**missing).select(CUSTOMER_PREDICTIONS.names())
