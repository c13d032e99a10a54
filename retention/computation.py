"""Categories of the second purchase, and how much there is to compute from, in one call."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from retention.columns import CATEGORY_ID, CUSTOMER_ID, ORDER_ID, QUANTITY, SEQUENCE
from retention.purchases import JoinedOrders
from retention.same_category import same_category_test
from retention.second_purchase import category_flow, customer_categories
from retention.second_purchase_predictions import second_categories


@dataclass(frozen=True, slots=True)
class Options:
    """What a merchant may set: minutes between orders of one purchase, and customers needed."""

    joining_minutes: int
    minimum_customers: int


@dataclass(frozen=True, slots=True)
class Computed:
    """The results, with the columns that `retention.columns` names.

    `figures` holds the sample sizes (lines, orders, customers, customers with a second purchase,
    orders of nobody), under `same_category` the test for the whole store and under
    `second_category` what the predictions are worth (`Worth`).
    """

    category_flow: pl.DataFrame
    customer_categories: pl.DataFrame
    figures: dict[str, Any]


def compute(lines: pl.DataFrame, products: pl.DataFrame, options: Options) -> Computed:
    """Compute a store's second purchases.

    Args:
        lines: `retention.columns.LINES`, the lines of the orders that count.
        products: `retention.columns.PRODUCTS`, every product.

    Raises:
        ValueError: a table lacks a column or an option is out of its range.
    """
    joined = JoinedOrders(lines, products, options.joining_minutes)
    bought, held = joined.purchases(), joined.contents()
    minimum = options.minimum_customers
    flow = category_flow(bought, minimum)
    predicted, worthwhile = second_categories(bought, held, minimum)
    test = same_category_test(bought, minimum)
    return Computed(
        category_flow=flow,
        customer_categories=customer_categories(bought, flow, predicted),
        figures=_sizes(lines, bought)
        | {
            "same_category": test.filter(pl.col(CATEGORY_ID).is_null()).to_dicts()[0],
            "second_category": worthwhile.as_json(),
        },
    )


def _sizes(lines: pl.DataFrame, bought: pl.DataFrame) -> dict[str, Any]:
    kept = lines.filter(pl.col(QUANTITY) > 0)
    return {
        "lines": kept.height,
        "orders": kept[ORDER_ID].n_unique(),
        "orders_without_customer": kept.filter(pl.col(CUSTOMER_ID).is_null())[ORDER_ID].n_unique(),
        "customers": bought[CUSTOMER_ID].n_unique(),
        "customers_with_second_purchase": bought.filter(pl.col(SEQUENCE) == 2).height,
    }
