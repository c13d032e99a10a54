"""Tables that the figures need beside those of `retention.columns`."""

import polars as pl

from retention.columns import (
    CATEGORY_ID,
    CUSTOMER_ID,
    MONEY,
    NET,
    ORDER_ID,
    PLACED_AT,
    POSITION,
    PRODUCT_ID,
    PURCHASE_ID,
    QUANTITY,
    SEQUENCE,
    TIME,
)

CODE = "code"
SOURCE = "source"
MEDIUM = "medium"
CAMPAIGN = "campaign"
REVIEWED_AT = "reviewed_at"
RATING = "rating"
FIRST_DAY = "first_day"
LAST_DAY = "last_day"
AMOUNT = "amount"
DURATION = "duration"
RETURNED = "returned"
MONTH = "month"

COUPONS = pl.Schema({ORDER_ID: pl.Int64(), CODE: pl.String()})
"""Coupon codes of the orders in `LINES`, one row per code and order."""

SOURCES = pl.Schema(
    {
        ORDER_ID: pl.Int64(),
        SOURCE: pl.String(),
        MEDIUM: pl.String(),
        CAMPAIGN: pl.String(),
    }
)
"""Where the shopper of an order came from (UTM), at most one row per order; any may be null."""

REVIEWS = pl.Schema(
    {
        PRODUCT_ID: pl.Int64(),
        CUSTOMER_ID: pl.Int64(),
        REVIEWED_AT: TIME,
        RATING: pl.Int32(),
    }
)
"""Reviews of products, one row each; the customer is null when nobody can be named."""

COSTS = pl.Schema({FIRST_DAY: pl.Date(), LAST_DAY: pl.Date(), "kind": pl.String(), AMOUNT: MONEY})
"""What a merchant entered as spent to keep customers, one row per entry, spread evenly over its
days in the store's time zone, both ends included; amounts are in the store's currency and not
negative. Kinds: those of `ENTERED_KINDS`."""

GIVEN = pl.Schema({ORDER_ID: pl.Int64(), "kind": pl.String(), AMOUNT: MONEY})
"""What was given with orders in `LINES`, at most one row per order and kind, in the store's
currency. Kinds: those of `GIVEN_KINDS`."""

DISCOUNTS, POINTS = "discounts", "points"
GIVEN_KINDS = (DISCOUNTS, POINTS)
ENTERED_KINDS = ("messages", "programme", "service")

ITEMS = pl.Schema(
    {
        PURCHASE_ID: pl.Int64(),
        CUSTOMER_ID: pl.Int64(),
        PLACED_AT: TIME,
        SEQUENCE: pl.Int32(),
        PRODUCT_ID: pl.Int64(),
        CATEGORY_ID: pl.Int64(),
        POSITION: pl.Int32(),
        QUANTITY: pl.Int64(),
        NET: MONEY,
    }
)
"""What was bought, one row per purchase and product: the purchase's customer, time and
sequence, the product with its own category, its first place in an order, and what is kept."""

SPELLS = pl.Schema(
    {
        CUSTOMER_ID: pl.Int64(),
        CATEGORY_ID: pl.Int64(),
        PLACED_AT: TIME,
        DURATION: pl.Float64(),
        RETURNED: pl.Boolean(),
    }
)
"""First-time buyers, one row each: category and time of the first purchase, and how many days
passed until the second one (`returned`) or, while there is none, until the observation ended."""

CURVE = pl.Schema(
    {
        "time": pl.Float64(),
        "at_risk": pl.Int64(),
        "events": pl.Int64(),
        "survival": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
    }
)
"""A Kaplan-Meier curve, one row per time in days at which somebody came back or was last seen:
`survival` is the share that has not come back by then, with its 95 % interval; `high` is null
where survival is 0."""
