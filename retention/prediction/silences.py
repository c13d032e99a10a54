"""How unusual a customer's silence is, next to the gaps of customers who did come back."""

from datetime import date

import numpy as np
import polars as pl

from retention.arrays import Floats
from retention.columns import CUSTOMER_ID, P_VALUE
from retention.prediction.columns import (
    ALERTS,
    DAY,
    GAP_DAYS,
    RECENT,
    RECENT_CATEGORY_ID,
    SINCE,
    USUAL,
    USUAL_CATEGORY_ID,
)
from retention.prediction.evidence import NotEnoughData
from retention.prediction.gaps import (
    KNOWN,
    LOG_GAP,
    PRIOR,
    SMALLEST_SAMPLE,
    SUM,
    bucket,
    histories,
    location,
)
from retention.prediction.next_order import rhythms
from retention.prediction.summary import until

SILENT = "silent"


def silences(days: pl.DataFrame, last_day: date) -> pl.DataFrame:
    """Return each customer's chance of so long a silence, of those with a gap at least.

    Args:
        days: columns `PURCHASE_DAYS`; days after `last_day` are not looked at.
        last_day: the last day observed.

    Returns:
        The columns `ALERTS` without `kind`: `usual` is the gap in the middle of those to be
        expected, `recent` the silence, both in days. No rows when hardly any gap is known.

    Each completed gap of a customer is taken in turn for a silence, the others for the history.
    Every customer weighs the same, whatever the number of gaps: the chance is one of customers.
    """
    try:
        latest, model = rhythms(days, last_day)
    except NotEnoughData:
        return pl.DataFrame(schema=ALERTS).drop("kind")
    known = latest.filter(pl.col(KNOWN) > 0).with_columns(
        (pl.lit(last_day) - pl.col(DAY)).dt.total_days().cast(pl.Float64).alias(RECENT)
    )
    silence = pl.col(RECENT).log().clip(lower_bound=0).alias(LOG_GAP)
    chance = _share_as_long(known.with_columns(silence), _left_out(days, known, last_day))
    total, count, prior = (known[name].to_numpy() for name in (SUM, KNOWN, PRIOR))
    nothing = pl.lit(None, dtype=pl.Int64)
    return known.select(
        CUSTOMER_ID,
        pl.col(DAY).alias(SINCE),
        pl.Series(USUAL, model.days(location(total, count, prior), count, 0.5)),
        RECENT,
        nothing.alias(USUAL_CATEGORY_ID),
        nothing.alias(RECENT_CATEGORY_ID),
        pl.Series(P_VALUE, chance),
    )


def _left_out(days: pl.DataFrame, known: pl.DataFrame, last_day: date) -> pl.DataFrame:
    """Return each gap of customers with several, beside what their other gaps have shown."""
    gaps = histories(until(days, last_day), [CUSTOMER_ID]).filter(pl.col(GAP_DAYS).is_not_null())
    several = known.filter(pl.col(KNOWN) > 1).select(CUSTOMER_ID, SUM, KNOWN, PRIOR)
    return (
        gaps.select(CUSTOMER_ID, LOG_GAP)
        .join(several, on=CUSTOMER_ID)
        .with_columns(pl.col(SUM) - pl.col(LOG_GAP), pl.col(KNOWN) - 1)
    )


def _lengths(table: pl.DataFrame) -> Floats:
    """Return the logarithm of each gap relative to what the other gaps lead to expect."""
    gap, total, count, prior = (table[name].to_numpy() for name in (LOG_GAP, SUM, KNOWN, PRIOR))
    return np.asarray(gap - location(total, count, prior))


def _share_as_long(silences: pl.DataFrame, gaps: pl.DataFrame) -> Floats:
    """Return which share of the customers with as much history had a gap as long as the silence.

    The silence itself counts as one of them, so that no chance is 0 (V. Vovk, A. Gammerman and
    G. Shafer, "Algorithmic learning in a random world", 2005, section 2.2).
    """
    silence, length = _lengths(silences), _lengths(gaps)
    own, others = bucket(silences[KNOWN].to_numpy()), bucket(gaps[KNOWN].to_numpy())
    weight = 1 / (gaps[KNOWN].to_numpy() + 1)
    chance = np.ones(len(silence))
    for number in np.unique(own):
        alike = others == number
        if weight[alike].sum() < SMALLEST_SAMPLE:
            alike = np.ones(len(others), dtype=bool)
        order = np.argsort(length[alike])
        above = np.append(weight[alike][order][::-1].cumsum()[::-1], 0.0)
        here = own == number
        longer = above[np.searchsorted(length[alike][order], silence[here])]
        chance[here] = (longer + 1) / (weight[alike].sum() + 1)
    return chance
