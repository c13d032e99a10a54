"""Changes in a customer's buying that chance seldom makes.

Three kinds compare a customer with the same customer: if the history had been dealt in another
sequence, how often would so many of the latest purchases be slow, small or from elsewhere? That
is Fisher's exact test of a hypergeometric count, so at most the stated share of shuffled histories
raises an alarm. The fourth, a sudden silence, is in `retention.prediction.silences`.
Source: R. A. Fisher, "The Design of Experiments" (1935), section 21; A. M. Mood, "Introduction to
the Theory of Statistics" (1950), section 16.4, for the count beyond the median.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammaln

from retention.columns import CATEGORY_ID, CUSTOMER_ID, KIND, NET, P_VALUE, require
from retention.prediction.columns import (
    ALERTS,
    DAY,
    GAP_DAYS,
    PURCHASE_DAYS,
    RECENT,
    RECENT_CATEGORY_ID,
    SINCE,
    USUAL,
    USUAL_CATEGORY_ID,
)
from retention.prediction.gaps import histories
from retention.prediction.silences import SILENT, silences
from retention.prediction.summary import until

SLOWER = "slower"
SMALLER = "smaller"
OTHER_CATEGORY = "other category"

RECENT_PURCHASES = 6
SMALLEST_HISTORY = 12


@dataclass(frozen=True, slots=True)
class Alerts:
    """`table` has the columns `ALERTS`, the least probable by chance first.

    Of customers who change nothing, at most `false_alarm_rate` raise an alarm of each kind.
    `tested` says for each kind how many customers had history enough, so at most
    `false_alarm_rate` × `tested` of its alarms are expected to be false.
    """

    table: pl.DataFrame
    false_alarm_rate: float
    tested: dict[str, int]


def change_alerts(
    days: pl.DataFrame,
    last_day: date,
    false_alarm_rate: float = 0.01,
    recent_purchases: int = RECENT_PURCHASES,
) -> Alerts:
    """Return which customers lately buy otherwise than they used to.

    Args:
        days: columns `PURCHASE_DAYS`; days after `last_day` are not looked at.
        last_day: the last day observed.
        false_alarm_rate: the share of unchanged customers that each kind may report.
        recent_purchases: how many of the latest purchases are compared with all.

    Kinds: "silent", a longer silence than the customer's rhythm explains, of customers with a gap
    at least; and, of customers with 12 purchases at least, "slower", the latest gaps being long
    for this customer; "smaller", the latest amounts being small for this customer; "other
    category", the customer's most frequent category having become rare.

    Raises:
        ValueError: a share or number is out of its range, or the table lacks a column.
    """
    require(days, PURCHASE_DAYS, "days")
    if not 0 < false_alarm_rate < 1:
        raise ValueError(f"false_alarm_rate is {false_alarm_rate}; give a share, as 0.01")
    if not 1 <= recent_purchases < SMALLEST_HISTORY:
        raise ValueError(f"recent_purchases is {recent_purchases}; give 1 to 11")
    known = histories(until(days, last_day), [CUSTOMER_ID])
    kinds = {
        SILENT: silences(days, last_day),
        SLOWER: _compared(_slow(known), recent_purchases),
        SMALLER: _compared(_small(known), recent_purchases),
        OTHER_CATEGORY: _compared(_elsewhere(known), recent_purchases, categories=True),
    }
    alarms = [
        table.filter(pl.col(P_VALUE) <= false_alarm_rate).with_columns(pl.lit(kind).alias(KIND))
        for kind, table in kinds.items()
    ]
    return Alerts(
        table=pl.concat([table.select(ALERTS.names()) for table in alarms]).sort(
            P_VALUE, CUSTOMER_ID, KIND
        ),
        false_alarm_rate=false_alarm_rate,
        tested={kind: table.height for kind, table in kinds.items()},
    )


def _slow(known: pl.DataFrame) -> pl.DataFrame:
    """Return the gaps in days; those beyond the customer's median are odd."""
    value = pl.col(GAP_DAYS).cast(pl.Float64)
    odd = value > value.median().over(CUSTOMER_ID)
    return known.filter(pl.col(GAP_DAYS).is_not_null()).select(
        CUSTOMER_ID, DAY, value.alias("value"), odd.alias("odd"), CATEGORY_ID
    )


def _small(known: pl.DataFrame) -> pl.DataFrame:
    """Return the amounts; those below the customer's median are odd."""
    value = pl.col(NET).cast(pl.Float64)
    odd = value < value.median().over(CUSTOMER_ID)
    return known.select(CUSTOMER_ID, DAY, value.alias("value"), odd.alias("odd"), CATEGORY_ID)


def _elsewhere(known: pl.DataFrame) -> pl.DataFrame:
    """Return 1 for a purchase of the customer's most frequent category and 0 for the odd others."""
    named = known.filter(pl.col(CATEGORY_ID).is_not_null())
    # Of categories bought equally often the lower number counts, whatever the sequence.
    usual = pl.col(CATEGORY_ID) == pl.col(CATEGORY_ID).mode().min().over(CUSTOMER_ID)
    return named.select(
        CUSTOMER_ID, DAY, usual.cast(pl.Float64).alias("value"), (~usual).alias("odd"), CATEGORY_ID
    )


def _compared(history: pl.DataFrame, recent: int, *, categories: bool = False) -> pl.DataFrame:
    """Return each customer's chance that so many of the latest purchases are odd.

    `history` has `customer_id`, `day`, `value`, `odd` and `category_id`, in sequence.
    """
    value, category = pl.col("value"), pl.col(CATEGORY_ID)
    earlier, latest = (part.mean() if categories else part.median() for part in (
        value.head(pl.len() - recent), value.tail(recent)))  # fmt: skip
    none = pl.lit(None, dtype=pl.Int64)
    table = (
        history.group_by(CUSTOMER_ID, maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("all"),
            pl.col("odd").sum().cast(pl.Int64).alias("odd_of_all"),
            pl.col("odd").tail(recent).sum().cast(pl.Int64).alias("odd_of_recent"),
            pl.col(DAY).tail(recent).first().alias(SINCE),
            earlier.alias(USUAL),
            latest.alias(RECENT),
            (category.mode().min() if categories else none).alias(USUAL_CATEGORY_ID),
            (category.tail(recent).mode().min() if categories else none).alias(RECENT_CATEGORY_ID),
        )
        .filter(pl.col("all") >= SMALLEST_HISTORY)
    )
    purchases, odd, seen = (
        table[name].to_numpy() for name in ("all", "odd_of_all", "odd_of_recent")
    )
    return table.with_columns(pl.Series(P_VALUE, at_least(purchases, odd, seen, recent)))


def at_least(
    purchases: NDArray[np.int64], odd: NDArray[np.int64], seen: NDArray[np.int64], recent: int
) -> NDArray[np.float64]:
    """Return the probability of `seen` or more odd ones among `recent` of `purchases`.

    The upper tail of the hypergeometric distribution: `recent` are drawn from `purchases`, `odd`
    of which are odd.
    """

    def log_choose(n: NDArray[np.int64], k: int | NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))

    total = np.zeros(len(purchases))
    for count in range(recent + 1):
        possible = (count >= seen) & (count <= odd) & (recent - count <= purchases - odd)
        n, k = purchases[possible], odd[possible]
        chance = log_choose(k, count) + log_choose(n - k, recent - count) - log_choose(n, recent)
        total[possible] += np.exp(chance)
    return np.minimum(total, 1.0)
