"""Names and types of the columns of everything that is predicted.

As in `retention.columns`; days are calendar days in the store's time zone, and estimates of money
are floats in the store's currency, for they are no amounts that anybody paid.
"""

import polars as pl

from retention.columns import (
    CATEGORY_ID,
    COUNT,
    CUSTOMER_ID,
    HIGH,
    KIND,
    LOW,
    MONEY,
    NET,
    P_VALUE,
    PROBABILITY,
    PRODUCT_ID,
    SHARE,
)

DAY = "day"
CUSTOMERS = "customers"
FREQUENCY = "frequency"
RECENCY_DAYS = "recency_days"
AGE_DAYS = "age_days"
MONETARY_VALUE = "monetary_value"
SILENCE_DAYS = "silence_days"
GROUP = "group"
PREDICTED = "predicted"
ACTUAL = "actual"
EXPECTED_PURCHASES = "expected_purchases"
EXPECTED_VALUE = "expected_value"
VALUE = "value"
BY_EXPECTATION = "by_expectation"
BY_SILENCE = "by_silence"
BY_RHYTHM = "by_rhythm"
BY_RECENT_ORDERS = "by_recent_orders"
MAIN_FACTOR = "main_factor"
GAP_DAYS = "gap_days"
INTERVAL_DAYS = "interval_days"
EXPECTED_DAY = "expected_day"
LOW_DAY = "low_day"
HIGH_DAY = "high_day"
OVERDUE = "overdue"
LOW_DAYS = "low_days"
HIGH_DAYS = "high_days"
SINCE = "since"
USUAL = "usual"
RECENT = "recent"
USUAL_CATEGORY_ID = "usual_category_id"
RECENT_CATEGORY_ID = "recent_category_id"
RECENCY_SCORE = "recency_score"
FREQUENCY_SCORE = "frequency_score"
VALUE_SCORE = "value_score"
SEGMENT = "segment"
TO_SEGMENT = "to_segment"
SPENT = "spent"
CLUSTER = "cluster"

PURCHASE_DAYS = pl.Schema(
    {CUSTOMER_ID: pl.Int64(), DAY: pl.Date(), CATEGORY_ID: pl.Int64(), NET: MONEY}
)
"""Days on which customers bought, one row per customer and day, sorted by both.

`net` is all that was kept of that day's purchases; `category_id` is that of the dearest one.
"""

CUSTOMER_SUMMARY = pl.Schema(
    {
        CUSTOMER_ID: pl.Int64(),
        FREQUENCY: pl.Int64(),
        RECENCY_DAYS: pl.Int64(),
        AGE_DAYS: pl.Int64(),
        SILENCE_DAYS: pl.Int64(),
        MONETARY_VALUE: pl.Float64(),
    }
)
"""Customers as the models of repeat buying see them, one row each, sorted by customer.

`frequency` counts the days with a purchase after the first one, `recency_days` is the time from
the first to the last of them, `age_days` that from the first to the last day observed, and
`silence_days` is what lies between the last two. `monetary_value` is the mean net of the days
after the first, null when there is none.
"""

CALIBRATION = pl.Schema(
    {GROUP: pl.Int64(), COUNT: pl.Int64(), PREDICTED: pl.Float64(), ACTUAL: pl.Float64()}
)
"""Groups of customers by what was predicted of them, the lowest first: how many they are, the
mean of the predictions and the mean of what came.
"""

CHURN_SCORES = pl.Schema(
    {
        CUSTOMER_ID: pl.Int64(),
        PROBABILITY: pl.Float64(),
        BY_EXPECTATION: pl.Float64(),
        BY_SILENCE: pl.Float64(),
        BY_RHYTHM: pl.Float64(),
        BY_RECENT_ORDERS: pl.Float64(),
        MAIN_FACTOR: pl.String(),
    }
)
"""The probability that each customer orders nothing in the coming days, with its factors.

The factors add up, in log-odds, to the distance from the average customer's probability; one
above 0 raises it. `main_factor` names the column of the largest one.
"""

LIFETIME_VALUES = pl.Schema(
    {
        CUSTOMER_ID: pl.Int64(),
        PROBABILITY: pl.Float64(),
        EXPECTED_PURCHASES: pl.Float64(),
        EXPECTED_VALUE: pl.Float64(),
        VALUE: pl.Float64(),
        LOW: pl.Float64(),
        HIGH: pl.Float64(),
    }
)
"""What each customer will probably spend in the coming days.

`probability` is that of being active, `expected_purchases` counts days with a purchase and
`expected_value` is what one of them is worth, all three as the models have them. `value` is
their product after the correction of the level; 95 % of customers end between `low` and `high`.
"""

_DATES = {
    DAY: pl.Date(),
    COUNT: pl.Int64(),
    INTERVAL_DAYS: pl.Float64(),
    EXPECTED_DAY: pl.Date(),
    LOW_DAY: pl.Date(),
    HIGH_DAY: pl.Date(),
    PROBABILITY: pl.Float64(),
    OVERDUE: pl.Boolean(),
}

NEXT_ORDERS = pl.Schema({CUSTOMER_ID: pl.Int64(), **_DATES})
"""When each customer will order next, of those who come back.

`day` is that of the latest purchase, `count` how many own gaps are known and `interval_days` the
gap in the middle of those to be expected. Given the silence so far, half of the next orders come
by `expected_day` and 80 % from `low_day` to `high_day`; the three are null, and so is
`probability`, when hardly any gap was ever so long. `probability` is that of an order in the
coming days; `overdue` says that 90 % of such gaps have ended by now.
"""

NEXT_REPLENISHMENTS = pl.Schema({CUSTOMER_ID: pl.Int64(), PRODUCT_ID: pl.Int64(), **_DATES})
"""When each customer will buy a product again, as `NEXT_ORDERS`."""

REPLENISHMENT_INTERVALS = pl.Schema(
    {
        PRODUCT_ID: pl.Int64(),
        COUNT: pl.Int64(),
        CUSTOMERS: pl.Int64(),
        INTERVAL_DAYS: pl.Float64(),
        LOW_DAYS: pl.Float64(),
        HIGH_DAYS: pl.Float64(),
    }
)
"""After how many days a product is bought again by those who do so: `count` gaps of `customers`
were seen; half of the gaps are shorter than `interval_days`, 80 % lie from `low_days` to
`high_days`.
"""

PRODUCT_DAYS = pl.Schema(
    {
        CUSTOMER_ID: pl.Int64(),
        PRODUCT_ID: pl.Int64(),
        DAY: pl.Date(),
        CATEGORY_ID: pl.Int64(),
    }
)
"""Days on which customers bought a product, one row each, sorted by all three; `category_id` is
the product's.
"""

ALERTS = pl.Schema(
    {
        CUSTOMER_ID: pl.Int64(),
        KIND: pl.String(),
        SINCE: pl.Date(),
        USUAL: pl.Float64(),
        RECENT: pl.Float64(),
        USUAL_CATEGORY_ID: pl.Int64(),
        RECENT_CATEGORY_ID: pl.Int64(),
        P_VALUE: pl.Float64(),
    }
)
"""Changes in a customer's buying, one row per customer and kind, from the day `since` on.

`usual` and `recent` are, for "silent", the days of a gap in the middle and those of the silence;
for "slower", the median gap in days of the earlier and the latest purchases; for "smaller", their
median net; for "other category", the share of the usual category among them. The categories are
the customer's most frequent one of all and of the latest purchases, null for other kinds.
`p_value` is the chance of such a change in a customer who changes nothing.
"""

SEGMENTS = pl.Schema(
    {
        CUSTOMER_ID: pl.Int64(),
        SILENCE_DAYS: pl.Int64(),
        COUNT: pl.Int64(),
        SPENT: MONEY,
        RECENCY_SCORE: pl.Int64(),
        FREQUENCY_SCORE: pl.Int64(),
        VALUE_SCORE: pl.Int64(),
        SEGMENT: pl.String(),
    }
)
"""Customers with the days since the latest purchase, the `count` of days with a purchase, the sum
`spent`, the quintile of each from 1 to 5 (the best), and the segment that follows.
"""

SEGMENT_SIZES = pl.Schema(
    {
        SEGMENT: pl.String(),
        COUNT: pl.Int64(),
        SHARE: pl.Float64(),
        SPENT: MONEY,
        "spent_share": pl.Float64(),
    }
)
"""Segments with their customers and what those spent, and the share of each in the whole."""

MOVES = pl.Schema(
    {SEGMENT: pl.String(), TO_SEGMENT: pl.String(), COUNT: pl.Int64(), SHARE: pl.Float64()}
)
"""Customers who were in `segment` and are in `to_segment`, and their share of the former."""

CLUSTERS = pl.Schema(
    {
        CLUSTER: pl.Int64(),
        COUNT: pl.Int64(),
        SILENCE_DAYS: pl.Float64(),
        FREQUENCY: pl.Float64(),
        SPENT: pl.Float64(),
    }
)
"""Clusters, numbered from 1 by what their customers spent, the most first: how many they are, and
the median silence in days, number of days with a purchase and sum spent.
"""

CUSTOMER_PREDICTIONS = pl.Schema(
    {
        CUSTOMER_ID: pl.Int64(),
        SEGMENT: pl.String(),
        "churn_probability": pl.Float64(),
        MAIN_FACTOR: pl.String(),
        "active_probability": pl.Float64(),
        EXPECTED_PURCHASES: pl.Float64(),
        VALUE: pl.Float64(),
        LOW: pl.Float64(),
        HIGH: pl.Float64(),
        INTERVAL_DAYS: pl.Float64(),
        LOW_DAY: pl.Date(),
        EXPECTED_DAY: pl.Date(),
        HIGH_DAY: pl.Date(),
        OVERDUE: pl.Boolean(),
    }
)
"""All that is predicted of each customer: the segment, the churn score, `LIFETIME_VALUES` and
`NEXT_ORDERS`, null where there is not enough data; `active_probability` is that of being active.
"""
