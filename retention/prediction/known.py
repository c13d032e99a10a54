"""What is known of all customers at the end of a day, worked out once for each day asked for.

The parts of a report look back from the same days, and fitting the model of repeat buying is the
dearest thing they do.
"""

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from retention.arrays import Integers
from retention.prediction.bg_nbd import BgNbd, fit_bg_nbd
from retention.prediction.columns import AGE_DAYS, FREQUENCY, RECENCY_DAYS
from retention.prediction.summary import customer_summary


@dataclass(frozen=True, slots=True)
class Known:
    """The summary (columns `CUSTOMER_SUMMARY`), as arrays too, and the model fitted to it."""

    summary: pl.DataFrame
    frequency: Integers
    recency: Integers
    age: Integers
    purchases: BgNbd


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What `days` (columns `PURCHASE_DAYS`) tell at the end of each day."""

    days: pl.DataFrame
    _at: dict[date, Known] = field(default_factory=dict)

    def at(self, last_day: date) -> Known:
        """Return what was known at the end of a day.

        Raises NotEnoughData when it was too little for the model, and ValueError when the table
        lacks a column.
        """
        if last_day not in self._at:
            summary = customer_summary(self.days, last_day)
            x, t_x, t = (summary[name].to_numpy() for name in (FREQUENCY, RECENCY_DAYS, AGE_DAYS))
            self._at[last_day] = Known(summary, x, t_x, t, fit_bg_nbd(x, t_x, t))
        return self._at[last_day]
