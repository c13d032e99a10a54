"""What a report of predictions has found so far."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl

from retention.columns import CUSTOMER_ID
from retention.figures.catalogue import breakdown, figure, remark, without_value, words
from retention.figures.figure import Breakdown, Figure, Remark
from retention.figures.period import Calendar, Period
from retention.prediction.evidence import NotEnoughData


@dataclass(frozen=True, slots=True)
class Options:
    """What a merchant may set.

    `horizon_days` are the coming days that predictions speak of, `due_days` those of due lists.
    """

    currency: str
    calendar: Calendar = "gregorian"
    joining_minutes: int = 0
    horizon_days: int = 90
    due_days: int = 7
    false_alarm_rate: float = 0.01


@dataclass(slots=True)
class Findings:
    """What is known, and what has been found so far."""

    bought: pl.DataFrame
    period: Period
    last_day: date
    options: Options
    customers: pl.DataFrame
    figures: list[Figure] = field(default_factory=list)
    breakdowns: list[Breakdown] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    lists: list[Breakdown] = field(default_factory=list)

    def figure(self, name: str, n: int, value: float | None, **more: Any) -> None:
        """Add a figure."""
        self.figures.append(figure(name, self.period, n, value, **more))

    def table(self, name: str, n: int, table: pl.DataFrame) -> None:
        """Add a breakdown."""
        self.breakdowns.append(breakdown(name, self.period, n, table))

    def list_of(self, name: str, table: pl.DataFrame) -> None:
        """Add a list that has a row for each of its sample."""
        self.lists.append(breakdown(name, self.period, table.height, table))

    def untested(self, *names: str) -> None:
        """Add figures of a test for which no earlier period is there."""
        for name in names:
            known = figure(name, self.period, self.customers.height, None)
            self.figures.append(without_value(known, "not_tested"))

    def remark(self, name: str) -> None:
        """Add a remark."""
        self.remarks.append(remark(name))

    def lacks(self, short: NotEnoughData, *names: str) -> None:
        """Add figures that say what there is too little of."""
        for name in names:
            known = figure(name, self.period, short.have, None, need=short.need)
            self.figures.append(replace(known, sample=words("evidence", short.what)))

    def of_customers(self, table: pl.DataFrame) -> None:
        """Add columns to what is known of each customer."""
        self.customers = self.customers.join(
            table, on=CUSTOMER_ID, how="left", maintain_order="left"
        )
