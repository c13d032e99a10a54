"""Products bought in one order with other products of a category, or with any other product.

Where a product itself was bought too seldom to have pairs of its own, what its category is
bought with is the best that is known, and where that was too, what orders of several products
mostly hold.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from retention.affinity import BASE_EXPONENT, SMALLEST_COUNT, pair_weights
from retention.arrays import Integers, Table
from retention.baskets import Baskets
from retention.columns import (
    BASE,
    BASE_RATE,
    CATEGORY_ID,
    CATEGORY_PAIRS,
    COUNT,
    LIFT,
    OTHER_ID,
    PRODUCT_ID,
    PRODUCTS,
    SCORE,
    require,
)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Pairs of category and product by their places, with orders and weights of each pair, and
    the orders of each category."""

    rows: Integers
    columns: Integers
    count: Integers
    weight: NDArray[np.float64]
    base: Integers


@dataclass(frozen=True, slots=True)
class _Cells:
    """Where something is in a table."""

    rows: NDArray[Any]
    columns: NDArray[Any]
    shape: tuple[int, int]

    def table(self, worth: NDArray[np.complex128]) -> Table:
        """Return the table with the sums of what is in each place."""
        return sparse.csr_array((worth, (self.rows, self.columns)), shape=self.shape)


def bought_with_category(
    orders: Baskets, products: pl.DataFrame, top: int = 300, only: Collection[int] | None = None
) -> pl.DataFrame:
    """Return each category's `top` products (columns `CATEGORY_PAIRS`) within one of the orders.

    An order counts for a category and a product when it has the product and another one of the
    category, weighted by its size as pairs are. The whole store is the category null. The score
    is the weight divided by the orders with the category and by other_base^0.15: what a pair's
    score is, times base^-0.15, when all products of the category are taken to be one. Rows are
    sorted by category and falling score; with `only`, they are those of these categories.
    Raises ValueError when `products` (`PRODUCTS`) lacks a column or `top` is below 1.
    """
    require(products, PRODUCTS, "products")
    if top < 1:
        raise ValueError(f"top is {top}; keep at least one product per category")
    named = products if only is None else products.filter(pl.col(CATEGORY_ID).is_in(only))
    category = categories_of(orders, named)
    names = category.drop_nulls().unique().sort()
    place = category.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
    of_these = orders if only is None else _with_category(orders, place)
    tables = [_scored(_counted(of_these, place, len(names)), orders, names)]
    if only is None:
        store = pl.Series([None], dtype=pl.Int64)
        tables.append(_scored(_counted(orders, np.zeros_like(place), 1), orders, store))
    return in_order(pl.concat(tables)).filter(pl.int_range(pl.len()).over(CATEGORY_ID) < top)


def in_order(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return `CATEGORY_PAIRS` sorted by category and falling score."""
    return pairs.sort(CATEGORY_ID, SCORE, OTHER_ID, descending=[False, True, False])


def with_categories(table: pl.DataFrame, product: str, products: pl.DataFrame) -> pl.DataFrame:
    """Return the table with the category_id that the products in this column have, if any."""
    named = products.select(pl.col(PRODUCT_ID).alias(product), CATEGORY_ID)
    return table.join(named, on=product, how="left", maintain_order="left")


def categories_of(orders: Baskets, products: pl.DataFrame) -> pl.Series:
    """Return the category_id of each product of the orders, by its place, if it has any."""
    places = pl.DataFrame({PRODUCT_ID: orders.product_ids})
    return with_categories(places, PRODUCT_ID, products)[CATEGORY_ID]


def _with_category(orders: Baskets, category: Integers) -> Baskets:
    """Return the orders that hold a product of a category (not -1); others lose their products."""
    known = np.concatenate([[0], np.cumsum(category[orders.products] >= 0)])
    has = known[orders.starts[1:]] > known[orders.starts[:-1]]
    return orders.only(np.repeat(has, orders.sizes))


def _scored(counted: _Counted, orders: Baskets, names: pl.Series) -> pl.DataFrame:
    rows, columns = counted.rows, counted.columns
    base, other_base = counted.base[rows], orders.base[columns]
    total = len(orders.starts) - 1
    score = counted.weight / (base * other_base ** (1 - BASE_EXPONENT))
    return pl.DataFrame(
        {
            CATEGORY_ID: names.gather(rows),
            OTHER_ID: orders.product_ids[columns],
            COUNT: counted.count,
            BASE: base,
            BASE_RATE: other_base / total,
            LIFT: counted.count * total / (base * other_base),
            # Sums of the same weights in another sequence differ in the last digits.
            SCORE: np.round(score, 12),
        },
        schema=CATEGORY_PAIRS,
    )


def _counted(orders: Baskets, category: Integers, categories: int) -> _Counted:
    """Count the orders of several products; `category` is each product's, -1 for none."""
    sizes = orders.sizes
    order = np.repeat(np.arange(len(sizes)), sizes)
    of_cell = category[orders.products]
    known = np.flatnonzero(of_cell >= 0)
    has, cell, members = np.unique(
        order[known] * categories + of_cell[known], return_inverse=True, return_counts=True
    )
    base = np.bincount(has % max(categories, 1), minlength=categories).astype(np.int64)
    in_order = sparse.csr_array(
        (np.ones(len(has)), (has % max(categories, 1), has // max(categories, 1))),
        shape=(categories, len(sizes)),
    )
    # A product that is its category's only one in an order was not bought with the category.
    alone = known[members[cell] == 1]
    of_size = pair_weights()
    weight = np.where(sizes < len(of_size), of_size[np.minimum(sizes, len(of_size) - 1)], 0.0)
    held = _Cells(order, orders.products, (len(sizes), len(orders.product_ids)))
    own = _Cells(of_cell[alone], orders.products[alone], (categories, held.shape[1]))
    # One product of tables counts the orders, in the real part, and weighs them.
    worth = (weight > 0) + 1j * weight
    cells = sparse.coo_array(in_order @ held.table(worth[order]) - own.table(worth[order[alone]]))
    count = np.rint(cells.data.real).astype(np.int64)
    chosen = count >= SMALLEST_COUNT
    rows, columns = cells.row[chosen].astype(np.int64), cells.col[chosen].astype(np.int64)
    return _Counted(rows, columns, count[chosen], cells.data.imag[chosen], base)
