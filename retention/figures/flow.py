"""From the first purchase to the second: categories, products, and whether it is the same again."""

import polars as pl

from retention.columns import (
    BASE,
    CATEGORY_ID,
    COUNT,
    CUSTOMER_ID,
    ENOUGH,
    FIRST_CATEGORY_ID,
    NET,
    POSITION,
    PRODUCT_ID,
    PURCHASE_ID,
    PURCHASES,
    SECOND_CATEGORY_ID,
    SEQUENCE,
)
from retention.figures.catalogue import breakdown, remark, share
from retention.figures.figure import Breakdown, Figure, Remark
from retention.figures.history import History
from retention.figures.period import Period
from retention.same_category import same_category_test
from retention.second_purchase import both_known, category_flow
from retention.second_purchase_predictions import second_categories

MOST_PAIRS = 1000
"""Most rows of a flow; of more, those with the highest counts are kept."""


def category_flows(
    history: History, period: Period, minimum: int = 30
) -> tuple[Figure, list[Breakdown]]:
    """Return the flow between categories and the test of "the same again".

    The breakdowns have the columns `CATEGORY_FLOW` and `SAME_CATEGORY`; the figure is the share
    of the customers who came back and chose the same category, with its Wilson interval.
    """
    bought = history.purchases
    flow = _largest(category_flow(bought, minimum))
    same = _same_share(bought, period, minimum, "same_category_share")
    test = same_category_test(bought, minimum)
    return same, [
        breakdown("category_flow", period, same.n, flow),
        breakdown("same_category", period, same.n, test),
    ]


def predicted_categories(
    history: History, period: Period, minimum: int = 30
) -> tuple[list[Figure], list[Remark]]:
    """Return how often the second category is predicted right, and by naming the commonest.

    The remark says whether the prediction is better; there is none without enough customers.
    """
    _, found = second_categories(history.purchases, history.contents, minimum)
    shares = [
        share("second_category_right", period, found.hits, found.customers, minimum),
        share("commonest_second_category", period, found.majority_hits, found.customers, minimum),
    ]
    if found.verdict == "not enough data":
        return shares, []
    points = {
        name: f"{value * 100:.1f}"
        for name, value in (("gain", found.gain), ("low", found.low), ("high", found.high))
    }
    verdict = "better" if found.verdict == "better" else "no_better"
    return shares, [remark(f"second_category_{verdict}", **points)]


def product_flows(
    history: History, period: Period, minimum: int = 30
) -> tuple[Figure, list[Breakdown]]:
    """Return the same for products, a purchase standing for the product it spent most on.

    Of equal ones it is the one listed first. Flow and test are of the customers who began with
    a product that at least `minimum` began with and came back: thousands of other products say
    nothing. The columns are those of the categories, with product_id, first_product_id and
    second_product_id.
    """
    bought = _by_product(history)
    same = _same_share(bought, period, minimum, "same_product_share")
    known = both_known(bought)
    common = known.filter(pl.len().over(FIRST_CATEGORY_ID) >= minimum)
    test = same_category_test(bought.join(common, on=CUSTOMER_ID, how="semi"), minimum)
    flow = _largest(category_flow(bought, minimum).filter(ENOUGH))
    names = {
        CATEGORY_ID: PRODUCT_ID,
        FIRST_CATEGORY_ID: "first_product_id",
        SECOND_CATEGORY_ID: "second_product_id",
    }
    return same, [
        breakdown("product_flow", period, same.n, flow.rename(names, strict=False)),
        breakdown("same_product", period, common.height, test.rename(names, strict=False)),
    ]


def _by_product(history: History) -> pl.DataFrame:
    """Return the first and second purchases (`PURCHASES`) with a product in the category's place.

    Whatever is known of categories then holds for products.
    """
    main = (
        history.items.filter(pl.col(SEQUENCE) <= 2)
        .drop_nulls(PRODUCT_ID)
        .sort(PURCHASE_ID, NET, POSITION, PRODUCT_ID, descending=[False, True, False, False])
        .unique(PURCHASE_ID, keep="first")
        .select(PURCHASE_ID, pl.col(PRODUCT_ID).alias(CATEGORY_ID))
    )
    return (
        history.purchases.filter(pl.col(SEQUENCE) <= 2)
        .drop(CATEGORY_ID)
        .join(main, on=PURCHASE_ID, how="left")
        .select(PURCHASES.names())
    )


def _same_share(bought: pl.DataFrame, period: Period, minimum: int, name: str) -> Figure:
    known = both_known(bought)
    same = known.filter(pl.col(FIRST_CATEGORY_ID) == pl.col(SECOND_CATEGORY_ID))
    return share(name, period, same.height, known.height, minimum)


def _largest(flow: pl.DataFrame) -> pl.DataFrame:
    """Return the most frequent pairs, in the flow's own order."""
    rank = pl.struct(COUNT, BASE).rank("ordinal", descending=True)
    return flow.filter(rank <= MOST_PAIRS)
