"""Products bought in one order with other products of a category.

Where a product itself was bought too seldom to have pairs of its own, what its category is
bought with is the best that is known.
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from retention.affinity import BASE_EXPONENT, SMALLEST_COUNT, pair_weights
from retention.baskets import Baskets, baskets
from retention.columns import (
    BASE,
    BASE_RATE,
    CATEGORY_ID,
    CATEGORY_PAIRS,
    COUNT,
    LIFT,
    LINES,
    OTHER_ID,
    PRODUCT_ID,
    PRODUCTS,
    SCORE,
    require,
)

Table = sparse.csr_array[Any, tuple[int, int]]


def bought_with_category(
    lines: pl.DataFrame, products: pl.DataFrame, top: int = 300
) -> pl.DataFrame:
    """Return each category's `top` products (columns `CATEGORY_PAIRS`) within one order.

    An order counts for a category and a product when it has the product and another one of the
    category, weighted by its size as pairs are. The score is the weight divided by the orders
    with the category and by other_base^0.15: what a pair's score is, times base^-0.15, when all
    products of the category are taken to be one. Rows are sorted by category and falling score.
    Raises ValueError when a column is missing or `top` is below 1.
    """
    require(lines, LINES, "lines")
    require(products, PRODUCTS, "products")
    if top < 1:
        raise ValueError(f"top is {top}; keep at least one product per category")
    orders = baskets(lines)
    named = products.drop_nulls(CATEGORY_ID).select(PRODUCT_ID, CATEGORY_ID)
    found = pl.DataFrame({PRODUCT_ID: orders.product_ids}).join(
        named, on=PRODUCT_ID, how="left", maintain_order="left"
    )
    categories = found[CATEGORY_ID].drop_nulls().unique().sort()
    place = found[CATEGORY_ID].rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
    counts, weights, base = _counted(orders, place, len(categories))
    cells = counts.tocoo()
    chosen = cells.data >= SMALLEST_COUNT
    rows, columns = cells.row[chosen].astype(np.int64), cells.col[chosen].astype(np.int64)
    weight = np.asarray(weights[rows, columns]).ravel()
    other_base, total = orders.base[columns], max(len(orders.starts) - 1, 1)
    score = weight / (base[rows] * other_base ** (1 - BASE_EXPONENT))
    table = pl.DataFrame(
        {
            CATEGORY_ID: categories.to_numpy()[rows],
            OTHER_ID: orders.product_ids[columns],
            COUNT: cells.data[chosen].astype(np.int64),
            BASE: base[rows],
            BASE_RATE: other_base / total,
            LIFT: cells.data[chosen] * total / (base[rows] * other_base),
            # Sums of the same weights in another sequence differ in the last digits.
            SCORE: np.round(score, 12),
        }
    )
    return (
        table.sort(CATEGORY_ID, SCORE, OTHER_ID, descending=[False, True, False])
        .filter(pl.int_range(pl.len()).over(CATEGORY_ID) < top)
        .select(CATEGORY_PAIRS.names())
        .cast(CATEGORY_PAIRS)
    )


def _counted(
    orders: Baskets, category: NDArray[np.int64], categories: int
) -> tuple[Table, Table, NDArray[np.int64]]:
    """Return categories x products, in orders and weighted, and each category's orders.

    `category` is each product's category by its place, -1 for none.
    """
    sizes = orders.sizes
    order = np.repeat(np.arange(len(sizes)), sizes)
    of_cell = category[orders.products]
    known = of_cell >= 0
    has = sparse.csr_array(
        (np.ones(int(known.sum())), (order[known], of_cell[known])),
        shape=(len(sizes), categories),
    )
    has.sum_duplicates()
    base = np.bincount(has.indices, minlength=categories).astype(np.int64)
    of_size = pair_weights()
    weight = np.where(sizes < len(of_size), of_size[np.minimum(sizes, len(of_size) - 1)], 0.0)
    # A product that is its category's only one in an order was not bought with the category.
    members = sparse.csr_array(has)
    alone = known.copy()
    alone[known] = np.asarray(members[order[known], of_cell[known]]).ravel() == 1
    members.data[:] = 1
    held = sparse.csr_array(
        (np.ones(len(order)), orders.products, orders.starts),
        shape=(len(sizes), len(orders.product_ids)),
    )
    shape = (categories, len(orders.product_ids))
    by_order = []
    for worth in ((weight > 0).astype(np.float64), weight):
        together = sparse.csr_array(members.T @ (sparse.diags_array(worth) @ held))
        own = sparse.csr_array(
            (worth[order[alone]], (of_cell[alone], orders.products[alone])), shape=shape
        )
        by_order.append(sparse.csr_array(together - own))
    return by_order[0], by_order[1], base
