"""Everything that is computed of a store, from its tables to its results, in one call."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from retention.affinity import bought_next, bought_together
from retention.columns import CATEGORY_ID, CUSTOMER_ID, ORDER_ID, QUANTITY, SEQUENCE
from retention.purchases import contents, purchases
from retention.recommend import recommendations
from retention.same_category import same_category_test
from retention.second_purchase import category_flow, customer_categories
from retention.second_purchase_predictions import second_categories


@dataclass(frozen=True, slots=True)
class Options:
    """What a merchant may set: minutes, days, list lengths, customers needed, percent of a list."""

    joining_minutes: int
    next_purchase_days: int
    recommendations_per_product: int
    minimum_customers: int
    largest_category_percent: int


@dataclass(frozen=True, slots=True)
class Computed:
    """The results, with the columns that `retention.columns` names.

    `figures` holds the sample sizes (lines, orders, customers, customers with a second purchase,
    orders of nobody), under `same_category` the test for the whole store and under
    `second_category` what the predictions are worth (`Worth`).
    """

    pairs: pl.DataFrame
    recommendations: pl.DataFrame
    category_flow: pl.DataFrame
    customer_categories: pl.DataFrame
    figures: dict[str, Any]


def compute(
    lines: pl.DataFrame,
    products: pl.DataFrame,
    options: Options,
    choices: pl.DataFrame | None = None,
) -> Computed:
    """Compute a store.

    Args:
        lines: `retention.columns.LINES`, the lines of the orders that count.
        products: `retention.columns.PRODUCTS`, every product.
        choices: `retention.columns.CHOICES`, what the merchant pins and bans.

    Raises:
        ValueError: a table lacks a column or an option is out of its range.
    """
    bought = purchases(lines, products, options.joining_minutes)
    pairs = pl.concat([bought_together(lines), bought_next(lines, options.next_purchase_days)])
    minimum = options.minimum_customers
    flow = category_flow(bought, minimum)
    held = contents(lines, products, options.joining_minutes)
    predicted, worthwhile = second_categories(bought, held, minimum)
    test = same_category_test(bought, minimum)
    return Computed(
        pairs=pairs,
        recommendations=recommendations(
            pairs,
            lines,
            products,
            options.recommendations_per_product,
            choices,
            options.largest_category_percent,
        ),
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
