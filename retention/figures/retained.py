"""Who stayed a customer over a period and who left.

A store without contracts is not told who leaves. A customer counts as one at a moment when the
last purchase before it is not longer ago than the silence that counts as leaving.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import polars as pl

from retention.columns import CUSTOMER_ID, PLACED_AT, SEQUENCE
from retention.figures.catalogue import figure, lacking, share
from retention.figures.figure import Figure
from retention.figures.history import History
from retention.figures.period import Period
from retention.figures.survival import ROUNDING, kaplan_meier, spells

COME_BACK = 0.9
"""By the silence that counts as leaving, this share of those who come back has come back."""


@dataclass(frozen=True, slots=True)
class Movement:
    """How many were customers at the start and the end of a period, and how that came.

    `stayed` were customers at both ends, `new` bought for the first time inside, `won_back` had
    left before the start and are customers again: start - left + new + won_back = end.
    """

    start: int
    end: int
    stayed: int
    new: int
    won_back: int


def silence(
    history: History, whole: Period, minimum: int = 30, setting: int | None = None
) -> Figure:
    """Return after how many days without a purchase a customer counts as having left.

    By that day 90 % of those who come back for a second purchase have come back, by the
    Kaplan-Meier curve of all first-time buyers as far as at least `minimum` of them are still
    observed; rounded up to whole days. As many returns are needed. A `setting` in days is taken
    instead. Raises ValueError when it is below 1.
    """
    if setting is not None and setting < 1:
        raise ValueError(f"silence_days is {setting}; give at least 1")
    curve = (
        kaplan_meier(spells(history.purchases, history.until))
        .filter(pl.col("at_risk") >= minimum)
        .with_columns((1 - pl.col("survival")).alias("back"))
    )
    events = int(curve["events"].sum())
    if setting is not None:
        return figure("silence_days", whole, events, setting)
    by_then = pl.col("back") >= COME_BACK * pl.col("back").max() - ROUNDING
    days = curve.filter(by_then)["time"].min()
    return figure(
        "silence_days",
        whole,
        events,
        max(1, ceil(days)) if isinstance(days, float) else None,
        need=max(1, minimum),
    )


def movement(purchases: pl.DataFrame, start: datetime, end: datetime, days: int) -> Movement:
    """Return the movement of customers from `start` to `end` with a silence of so many days.

    `purchases` has the columns `PURCHASES`.
    """
    at_start = _customers_at(purchases, start, days)
    at_end = _customers_at(purchases, end, days)
    arrived = purchases.filter(
        pl.col(SEQUENCE) == 1, pl.col(PLACED_AT) >= start, pl.col(PLACED_AT) < end
    ).select(CUSTOMER_ID)
    stayed = at_end.join(at_start, on=CUSTOMER_ID, how="semi").height
    new = at_end.join(arrived, on=CUSTOMER_ID, how="semi").height
    return Movement(
        start=at_start.height,
        end=at_end.height,
        stayed=stayed,
        new=new,
        won_back=at_end.height - stayed - new,
    )


def retention(
    moved: Movement | None, gone: Figure, period: Period, minimum: int = 30
) -> list[Figure]:
    """Return the counts of the movement, the retention rate (E - N) / S and the churn rate.

    S are the customers at the start, E those at the end, N those of E who were none at the
    start: new ones and those won back. The churn rate is the rest of S, 1 - (E - N) / S.
    Wilson intervals; fewer than `minimum` customers at the start are not enough. Without a
    movement, because the silence (`gone`) is not known, the rates lack what it lacks.
    """
    if moved is None:
        return [lacking(name, period, gone) for name in ("customer_retention_rate", "churn_rate")]
    gained = moved.new + moved.won_back
    kept = moved.end - gained
    return [
        figure("customers_at_start", period, moved.start, moved.start),
        figure("customers_at_end", period, moved.end, moved.end),
        figure("customers_new_at_end", period, moved.end, moved.new),
        figure("customers_won_back", period, moved.end, moved.won_back),
        share("customer_retention_rate", period, kept, moved.start, minimum),
        share("churn_rate", period, moved.start - kept, moved.start, minimum),
    ]


def _customers_at(purchases: pl.DataFrame, moment: datetime, days: int) -> pl.DataFrame:
    bought = purchases.filter(
        pl.col(PLACED_AT) >= moment - timedelta(days=days), pl.col(PLACED_AT) < moment
    )
    return bought.select(CUSTOMER_ID).unique()
