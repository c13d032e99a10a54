"""Names and types of every table's columns.

All identifiers inside tables are the database's own numbers, not the store's words. Money is
`Decimal(20, 4)` in the store's currency, times are UTC. Shares, rates and scores are floats
between 0 and 1 unless a column says otherwise.
"""

import polars as pl

ORDER_ID = "order_id"
CUSTOMER_ID = "customer_id"
PLACED_AT = "placed_at"
POSITION = "position"
PRODUCT_ID = "product_id"
QUANTITY = "quantity"
NET = "net"
CATEGORY_ID = "category_id"
RECOMMENDABLE = "recommendable"
PURCHASE_ID = "purchase_id"
SEQUENCE = "sequence"
KIND = "kind"
OTHER_ID = "other_id"
COUNT = "count"
BASE = "base"
OTHER_BASE = "other_base"
TOTAL = "total"
SUPPORT = "support"
CONFIDENCE = "confidence"
BASE_RATE = "base_rate"
LIFT = "lift"
SCORE = "score"
RANK = "rank"
REASON_KIND = "reason_kind"
LIST_ID = "list_id"
FIRST_CATEGORY_ID = "first_category_id"
SECOND_CATEGORY_ID = "second_category_id"
SHARE = "share"
LOW = "low"
HIGH = "high"
ENOUGH = "enough"
STRENGTH = "strength"
PROBABILITY = "probability"
BASIS = "basis"
EXPECTED = "expected"
Z = "z"
P_VALUE = "p_value"
VERDICT = "verdict"

MONEY = pl.Decimal(20, 4)
TIME = pl.Datetime("us", "UTC")

LINES = pl.Schema(
    {
        ORDER_ID: pl.Int64(),
        CUSTOMER_ID: pl.Int64(),
        PLACED_AT: TIME,
        POSITION: pl.Int32(),
        PRODUCT_ID: pl.Int64(),
        QUANTITY: pl.Int32(),
        NET: MONEY,
    }
)
"""Lines of the orders that count, one row per line, with what is kept after refunds.

`quantity` and `net` are those of `retention.net`; a line of which no quantity is kept was
returned and counts nowhere. `product_id` is null when the store no longer knows the product,
`customer_id` when nobody can be named. `position` is the line's place in its order.
"""

PRODUCTS = pl.Schema({PRODUCT_ID: pl.Int64(), CATEGORY_ID: pl.Int64(), RECOMMENDABLE: pl.Boolean()})
"""The store's products, one row each; `category_id` is null when it has no category."""

PURCHASES = pl.Schema(
    {
        PURCHASE_ID: pl.Int64(),
        CUSTOMER_ID: pl.Int64(),
        PLACED_AT: TIME,
        SEQUENCE: pl.Int32(),
        CATEGORY_ID: pl.Int64(),
        NET: MONEY,
    }
)
"""Purchases, one row each: `purchase_id` is the identifier of the purchase's first order,
`placed_at` is that order's time, `sequence` is 1 for the customer's first purchase.
"""

CONTENTS = pl.Schema({PURCHASE_ID: pl.Int64(), CATEGORY_ID: pl.Int64(), SHARE: pl.Float64()})
"""What each purchase held: the share of a category in what was spent on lines of a known one. The
shares of a purchase sum to 1; where nothing was paid, every category has the same.
"""

PAIRS = pl.Schema(
    {
        KIND: pl.String(),
        PRODUCT_ID: pl.Int64(),
        OTHER_ID: pl.Int64(),
        COUNT: pl.Int64(),
        BASE: pl.Int64(),
        OTHER_BASE: pl.Int64(),
        TOTAL: pl.Int64(),
        SUPPORT: pl.Float64(),
        CONFIDENCE: pl.Float64(),
        BASE_RATE: pl.Float64(),
        LIFT: pl.Float64(),
        SCORE: pl.Float64(),
    }
)
"""Pairs of products, one row per direction: `kind` is "together" (counted in orders) or "next"
(counted in customers). Of `base` orders or buyers of the product, `count` have the other one
too; `other_base` of all `total` have it. `support` is count / total, `confidence` is
count / base, `base_rate` is other_base / total and `lift` is confidence / base_rate, which has
no upper bound. `score` is what to rank by.
"""

CHOICES = pl.Schema({LIST_ID: pl.Int64(), PRODUCT_ID: pl.Int64(), KIND: pl.String()})
"""What the merchant chose: `kind` is "pin" (the product goes first) or "ban" (it is not shown)
in the list of the product `list_id`, or in every list where that is 0. Pins are in their order;
what is chosen for one list goes before what is chosen for all.
"""

PERSONAL = pl.Schema(
    {CUSTOMER_ID: pl.Int64(), RANK: pl.Int32(), PRODUCT_ID: pl.Int64(), SCORE: pl.Float64()}
)
"""What each customer is expected to buy next, rank 1 first; scores only rank."""

PERSONAL_LISTS = pl.Schema(
    {
        CUSTOMER_ID: pl.Int64(),
        KIND: pl.String(),
        RANK: pl.Int32(),
        PRODUCT_ID: pl.Int64(),
        SCORE: pl.Float64(),
        REASON_KIND: pl.String(),
        COUNT: pl.Int64(),
        BASE: pl.Int64(),
        BASE_RATE: pl.Float64(),
    }
)
"""The same with reasons, in two lists: `kind` is "next" (whatever is expected) or "new" (never
bought before). `retention.personal_reasons` tells what the reason's numbers are.
"""

CATEGORY_PAIRS = pl.Schema(
    {
        CATEGORY_ID: pl.Int64(),
        OTHER_ID: pl.Int64(),
        COUNT: pl.Int64(),
        BASE: pl.Int64(),
        BASE_RATE: pl.Float64(),
        LIFT: pl.Float64(),
        SCORE: pl.Float64(),
    }
)
"""Of `base` orders with a product of the category, `count` have the other product beside one;
`base_rate` is the other product's share of all orders, `lift` is count / base / base_rate.
`score` is what to rank by.
"""

RECOMMENDATIONS = pl.Schema(
    {
        PRODUCT_ID: pl.Int64(),
        RANK: pl.Int32(),
        OTHER_ID: pl.Int64(),
        SCORE: pl.Float64(),
        REASON_KIND: pl.String(),
        COUNT: pl.Int64(),
        BASE: pl.Int64(),
        BASE_RATE: pl.Float64(),
        LIFT: pl.Float64(),
    }
)
"""The list of each product, rank 1 first, with the reason in numbers a person can check.

Of `base` buyers of the product ("together": orders with it, "with_category": orders with its
category), `count` bought the other one too, against the share `base_rate` among all; `lift` is
their ratio.
"""

CATEGORY_FLOW = pl.Schema(
    {
        FIRST_CATEGORY_ID: pl.Int64(),
        SECOND_CATEGORY_ID: pl.Int64(),
        COUNT: pl.Int64(),
        BASE: pl.Int64(),
        SHARE: pl.Float64(),
        BASE_RATE: pl.Float64(),
        LIFT: pl.Float64(),
        LOW: pl.Float64(),
        HIGH: pl.Float64(),
        ENOUGH: pl.Boolean(),
        STRENGTH: pl.Float64(),
        PROBABILITY: pl.Float64(),
    }
)
"""From the category of the first purchase to that of the second, one row per pair that occurred.

Of `base` customers who began in the first category and came back, `count` came back for the
second one: `share`, with its 95 % Wilson interval from `low` to `high`. `base_rate` is the
second category's share of all second purchases. `enough` says that `base` reaches the minimum.
`probability` is the share drawn toward the base rate as if `strength` more customers had bought
at the base rate.
"""

CUSTOMER_CATEGORIES = pl.Schema(
    {
        CUSTOMER_ID: pl.Int64(),
        RANK: pl.Int32(),
        CATEGORY_ID: pl.Int64(),
        BASIS: pl.String(),
        PROBABILITY: pl.Float64(),
        COUNT: pl.Int64(),
        BASE: pl.Int64(),
        SHARE: pl.Float64(),
        BASE_RATE: pl.Float64(),
        LOW: pl.Float64(),
        HIGH: pl.Float64(),
        ENOUGH: pl.Boolean(),
    }
)
"""Each customer's category of the second purchase: `basis` is "observed" (it was bought, one row,
probability 1) or "predicted" (ranked by the probability of `retention.second_purchase_model`,
which is null while fewer than 97 customers came back: too few to state it).
The evidence is that of `CATEGORY_FLOW`; `share` is null when `base` is 0.
"""

SAME_CATEGORY = pl.Schema(
    {
        CATEGORY_ID: pl.Int64(),
        COUNT: pl.Int64(),
        BASE: pl.Int64(),
        SHARE: pl.Float64(),
        LOW: pl.Float64(),
        HIGH: pl.Float64(),
        EXPECTED: pl.Float64(),
        Z: pl.Float64(),
        P_VALUE: pl.Float64(),
        VERDICT: pl.String(),
    }
)
"""Whether customers buy again from the same category: the whole store in the row with a null
`category_id`, then each category of the first purchase. Of `base` customers who came back,
`count` chose the same category again, against an `expected` share. `z` is in standard
deviations and null when nothing could have varied.
"""


def require(table: pl.DataFrame, schema: pl.Schema, name: str) -> None:
    """Refuse a table that lacks a column of `schema` or has it in another type.

    Raises ValueError naming the table, the column and the type it must have.
    """
    for column, wanted in schema.items():
        found = table.schema.get(column)
        if found is None:
            raise ValueError(f"{name}: column {column!r} is missing; add it as {wanted}")
        if found != wanted:
            raise ValueError(f"{name}: column {column!r} is {found}; cast it to {wanted}")
