"""How good what the product computes is on one store's purchases, beside the simplest ways."""

from dataclasses import dataclass
from functools import partial

import polars as pl

from retention.affinity import bought_next, bought_together
from retention.columns import CATEGORY_ID, CUSTOMER_ID, OTHER_ID, PRODUCT_ID, RANK
from retention.evaluation.second_category import SecondCategory, second_category
from retention.evaluation.simple import (
    personal_frequency,
    popular,
    popular_new,
    popularity,
    same_category,
)
from retention.evaluation.splits import TimeSplit, split_in_time
from retention.evaluation.tasks import (
    SIZE,
    CustomerLists,
    Judged,
    ProductLists,
    coverage,
    judge,
    next_order_cases,
    next_orders,
    page_cases,
    require_cases,
)
from retention.personal import personal_lists
from retention.prediction.evidence import NotEnoughData
from retention.recommend import recommendations

Answer = dict[str, Judged] | NotEnoughData
"""Each way with how it was judged, or why nothing can be said."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The split; the product page, the next order and its new products; the second category."""

    split: TimeSplit
    product_page: Answer
    next_order: Answer
    new_products: Answer
    second_category: SecondCategory | NotEnoughData


def product_lists(known: pl.DataFrame, products: pl.DataFrame, size: int) -> pl.DataFrame:
    """Return what the product writes into the store (see `ProductLists`)."""
    pairs = pl.concat([bought_together(known), bought_next(known)])
    return recommendations(pairs, known, products, size).select(PRODUCT_ID, RANK, OTHER_ID)


def evaluate(lines: pl.DataFrame, products: pl.DataFrame) -> Evaluation:
    """Return how well everything foretells the last fifth of the orders in `lines` (`LINES`).

    `products` has the columns `PRODUCTS`; where none has a category, no list of them is compared
    with. Raises NotEnoughData below 50 orders, or when all came at one moment; a task of which
    there are fewer than 30 cases, or of fewer than 10 customers, says so instead.
    """
    split = split_in_time(lines)
    try:
        category: SecondCategory | NotEnoughData = second_category(lines, products, samples=())
    except NotEnoughData as error:
        category = error
    return Evaluation(
        split=split,
        product_page=_product_page(split, products),
        next_order=_next_order(split, only_new=False),
        new_products=_next_order(split, only_new=True),
        second_category=category,
    )


def _product_page(split: TimeSplit, products: pl.DataFrame) -> Answer:
    known = split.known
    sold = products.join(known.select(PRODUCT_ID).unique(), on=PRODUCT_ID, how="semi")
    ways: dict[str, ProductLists] = {"ours": product_lists, "popularity": popularity}
    if sold[CATEGORY_ID].count():
        ways["same category"] = same_category
    lists = {name: way(known, sold, SIZE) for name, way in ways.items()}
    return _answer(
        "later orders of several products",
        {name: page_cases(table, split.test) for name, table in lists.items()},
        {name: coverage(table[OTHER_ID], known) for name, table in lists.items()},
    )


def _next_order(split: TimeSplit, *, only_new: bool) -> Answer:
    known = split.known
    orders = next_orders(known, split.test)
    customers = orders[CUSTOMER_ID].unique()
    ways: dict[str, CustomerLists] = {"ours": partial(personal_lists, only_new=only_new)}
    if only_new:
        ways["popularity"] = popular_new
    else:
        ways |= {"personal frequency": personal_frequency, "popularity": popular}
    lists = {name: way(known, customers, SIZE) for name, way in ways.items()}
    without = known if only_new else None
    return _answer(
        "customers who bought before and after",
        {name: next_order_cases(table, orders, without=without) for name, table in lists.items()},
        {name: coverage(table[PRODUCT_ID], known) for name, table in lists.items()},
    )


def _answer(what: str, cases: dict[str, pl.DataFrame], shares: dict[str, float]) -> Answer:
    try:
        require_cases(what, cases["ours"])
    except NotEnoughData as error:
        return error
    return {name: judge(table, shares[name]) for name, table in cases.items()}
