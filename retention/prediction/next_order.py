"""When each customer will probably order next, as a range of dates."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from retention.arrays import Floats
from retention.columns import CATEGORY_ID, COUNT, CUSTOMER_ID, PROBABILITY, require
from retention.prediction.columns import (
    DAY,
    EXPECTED_DAY,
    GAP_DAYS,
    HIGH_DAY,
    INTERVAL_DAYS,
    LOW_DAY,
    NEXT_ORDERS,
    OVERDUE,
    PREDICTED,
    PURCHASE_DAYS,
)
from retention.prediction.gaps import (
    KNOWN,
    LATEST,
    LOG_GAP,
    LONGEST,
    PRIOR,
    SUM,
    GapModel,
    completed,
    fit_gaps,
    group_mean,
    histories,
    location,
)
from retention.prediction.summary import until

RANGE = 0.8
"""The share of next orders that fall into the range of dates."""
CATEGORY_STRENGTH = 30.0
"""So many gaps of the store's mean are mixed into each category's."""


@dataclass(frozen=True, slots=True)
class NextOrders:
    """`table` has the columns `NEXT_ORDERS`, one row per customer; `model` is what it rests on."""

    table: pl.DataFrame
    model: GapModel


def next_orders(days: pl.DataFrame, last_day: date, due_days: int = 7) -> NextOrders:
    """Return when each customer will order next, if the customer comes back at all.

    Args:
        days: columns `PURCHASE_DAYS`; days after `last_day` are not looked at.
        last_day: the last day observed.
        due_days: the coming days that `probability` speaks of.

    The customer's own gaps are drawn toward those that followed purchases of the latest
    category, and these toward the store's; the dates allow for the silence so far. Whether
    the customer comes back is the question of `retention.prediction.churn`.

    Raises:
        NotEnoughData: fewer than 30 gaps between purchases.
        ValueError: the table lacks a column.
    """
    require(days, PURCHASE_DAYS, "days")
    latest, model = rhythms(days, last_day)
    table = with_dates(latest, model, last_day, due_days)
    return NextOrders(table.select(NEXT_ORDERS.names()), model)


def rhythms(days: pl.DataFrame, last_day: date) -> tuple[pl.DataFrame, GapModel]:
    """Return each customer's latest purchase with what its gaps have shown, and their spread.

    Arguments and errors are those of `next_orders`. The table has `customer_id`, `day`,
    `sum_of_logarithms`, `known_gaps` and `prior`, as `with_dates` takes them.
    """
    known = histories(until(days, last_day), [CUSTOMER_ID])
    gaps = _gaps(known)
    return _with_prior(known.filter(LATEST), gaps), fit_gaps(gaps)


def due(table: pl.DataFrame, last_day: date, due_days: int = 7) -> pl.DataFrame:
    """Return the rows expected in the `due_days` after `last_day`, without the overdue ones.

    `table` has the columns `NEXT_ORDERS` or `NEXT_REPLENISHMENTS`, which are kept; the rows are
    sorted by the expected day, then the most probable first.
    """
    soon = pl.col(EXPECTED_DAY).is_between(last_day, last_day + timedelta(days=due_days))
    return table.filter(soon & ~pl.col(OVERDUE)).sort(
        EXPECTED_DAY, PROBABILITY, CUSTOMER_ID, descending=[False, True, False]
    )


def predicted_gaps(days: pl.DataFrame, last_day: date) -> pl.DataFrame:
    """Return each gap beside its prediction at its beginning, to measure the error.

    Args:
        days: columns `PURCHASE_DAYS`, with days after `last_day`.
        last_day: store, categories and spread are learned from gaps that ended by then; each
            customer's own gaps up to the beginning of the predicted one.

    Returns:
        `customer_id`, `day` (that ends the gap), `gap_days` and `predicted` (days).
    """
    learned = _gaps(histories(until(days, last_day), [CUSTOMER_ID]))
    model = fit_gaps(learned)
    known = _with_prior(_gaps(histories(days, [CUSTOMER_ID])).drop(PRIOR), learned)
    logarithms, count, prior = (known[name].to_numpy() for name in (SUM, KNOWN, PRIOR))
    expected = model.days(location(logarithms, count, prior), count, 0.5)
    return known.select(CUSTOMER_ID, DAY, GAP_DAYS, pl.Series(PREDICTED, expected))


def with_dates(
    latest: pl.DataFrame, model: GapModel, last_day: date, due_days: int
) -> pl.DataFrame:
    """Add interval, dates, the chance of the coming days and whether it is overdue.

    `latest` has a row per series: `day` (of the latest purchase), `sum_of_logarithms`,
    `known_gaps` and `prior`.
    """
    logarithms, known, prior = (latest[name].to_numpy() for name in (SUM, KNOWN, PRIOR))
    middle = location(logarithms, known, prior)
    silence = latest.select((pl.lit(last_day) - pl.col(DAY)).dt.total_days().cast(pl.Float64))
    waited = silence.to_series().to_numpy()
    passed = model.ended(middle, known, waited)
    soon = model.ended(middle, known, waited + due_days)
    chance = np.divide(soon - passed, 1 - passed, out=np.ones(len(passed)), where=passed < 1)
    shares = {LOW_DAY: (1 - RANGE) / 2, EXPECTED_DAY: 0.5, HIGH_DAY: (1 + RANGE) / 2}
    ahead = {name: model.days_after(middle, known, waited, share) for name, share in shares.items()}
    return latest.with_columns(
        pl.col(KNOWN).alias(COUNT),
        pl.Series(INTERVAL_DAYS, model.days(middle, known, 0.5)),
        *(_as_day(name, values, waited, last_day) for name, values in ahead.items()),
        pl.Series(PROBABILITY, np.where(passed < LONGEST, chance, np.nan)).fill_nan(None),
        pl.Series(OVERDUE, passed > (1 + RANGE) / 2),
    )


def _as_day(name: str, gap: Floats, waited: Floats, last_day: date) -> pl.Series:
    """Turn gaps in days into dates after the latest purchase, none before the coming day."""
    left = pl.Series(name, np.maximum(np.round(gap - waited), 1.0)).fill_nan(None)
    epoch_day = (last_day - date(1970, 1, 1)).days
    return (left + epoch_day).cast(pl.Int32).cast(pl.Date)


def _gaps(known: pl.DataFrame) -> pl.DataFrame:
    """Return the gaps of histories; the category is that of the purchase that begins the gap."""
    gaps = completed(known.with_columns(pl.col(CATEGORY_ID).shift(1)))
    return _with_prior(gaps, gaps)


def _with_prior(table: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """Add `prior`, the mean log gap of the row's category, or the store's without one."""
    store = pl.lit(gaps[LOG_GAP].mean(), dtype=pl.Float64)
    known = gaps.with_columns(store.alias("store"))
    means = group_mean(known, CATEGORY_ID, "store", CATEGORY_STRENGTH)
    return (
        table.join(means, on=CATEGORY_ID, how="left", maintain_order="left")
        .with_columns(pl.col("mean").fill_null(store).alias(PRIOR))
        .drop("mean")
    )
