"""Whether the models of repeat buying hold for a store: fitted to the first half of its history,
they are asked for the second.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from retention.columns import CUSTOMER_ID, NET
from retention.prediction.calibration import Calibration, calibration
from retention.prediction.columns import DAY, EXPECTED_PURCHASES
from retention.prediction.evidence import require_evidence
from retention.prediction.known import Knowledge
from retention.prediction.lifetime_value import forecast, spent
from retention.prediction.summary import until, within

SMALLEST_HISTORY = 60


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """Predicted against actual in the days after `middle`, customers by tenths of the predicted:
    how many days with a purchase, and what was spent.
    """

    middle: date
    horizon_days: int
    purchases: Calibration
    value: Calibration


def model_check(days: pl.DataFrame | Knowledge, last_day: date) -> ModelCheck:
    """Return how well BG/NBD and Gamma-Gamma foresaw the second half of the history.

    Args:
        days: columns `PURCHASE_DAYS`, or what is known of them already; days after `last_day`
            are not looked at.
        last_day: the last day observed.

    Raises:
        NotEnoughData: fewer than 60 days of history, or too few customers in its first half.
        ValueError: the table lacks a column.
    """
    known = days if isinstance(days, Knowledge) else Knowledge(days)
    first = until(known.days, last_day)[DAY].min()
    length = (last_day - first).days + 1 if isinstance(first, date) else 0
    require_evidence("days of history", length, SMALLEST_HISTORY)
    horizon = length // 2
    middle = date.fromordinal(last_day.toordinal() - horizon)
    said = forecast(known, middle, horizon)
    customers = said.table[CUSTOMER_ID]
    return ModelCheck(
        middle=middle,
        horizon_days=horizon,
        purchases=calibration(
            said.table[EXPECTED_PURCHASES], _bought(known.days, customers, middle, horizon)
        ),
        value=calibration(said.worth, spent(known.days, customers, middle, horizon)),
    )


def _bought(
    days: pl.DataFrame, customers: pl.Series, last_day: date, horizon_days: int
) -> np.typing.NDArray[np.int64]:
    counts = within(days, last_day, horizon_days).group_by(CUSTOMER_ID).agg(pl.col(NET).count())
    joined = customers.to_frame().join(counts, on=CUSTOMER_ID, how="left", maintain_order="left")
    return joined[NET].fill_null(0).cast(pl.Int64).to_numpy()
