"""Orders as a sparse matrix of products, in the shape that counting pairs needs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from retention.columns import CUSTOMER_ID, ORDER_ID, PLACED_AT, PRODUCT_ID, QUANTITY

Counts = sparse.csr_array[Any, tuple[int, int]]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Baskets:
    """Orders of which something is kept, sorted by customer, time and identifier.

    `held` is orders x products, 1 where the order has the product, else 0. `customers` numbers
    the customer of each order from 0, `placed_at` is its time in microseconds since 1970.
    """

    held: Counts
    product_ids: Integers
    customers: Integers
    placed_at: Integers

    @property
    def sizes(self) -> Integers:
        """Number of distinct products in each order."""
        return np.diff(self.held.indptr).astype(np.int64)

    def without_long_orders(self, limit: int) -> Counts:
        """Return `held` with the orders of more than `limit` distinct products emptied."""
        return selected_rows(self.held, self.sizes <= limit)


def baskets(lines: pl.DataFrame) -> Baskets:
    """Return the orders in `lines` (columns `LINES`) as baskets.

    A product counts once per order. Lines whose product the store lost leave an order without
    products, which still counts as an order.
    """
    kept = lines.filter(pl.col(QUANTITY) > 0)
    orders = (
        kept.group_by(ORDER_ID)
        .agg(pl.col(CUSTOMER_ID).min(), pl.col(PLACED_AT).min())
        .sort(CUSTOMER_ID, PLACED_AT, ORDER_ID)
        .with_row_index("row")
    )
    products = kept.select(pl.col(PRODUCT_ID).drop_nulls().unique().sort()).with_row_index("column")
    cells = (
        kept.select(ORDER_ID, PRODUCT_ID)
        .unique()
        .join(orders.select(ORDER_ID, "row"), on=ORDER_ID)
        .join(products, on=PRODUCT_ID)
        .sort("row", "column")
    )
    held = matrix(
        cells["row"].to_numpy(), cells["column"].to_numpy(), (orders.height, products.height)
    )
    return Baskets(
        held=held,
        product_ids=products[PRODUCT_ID].to_numpy(),
        customers=orders[CUSTOMER_ID].rank("dense").fill_null(0).cast(pl.Int64).to_numpy(),
        placed_at=orders[PLACED_AT].dt.timestamp("us").to_numpy(),
    )


def matrix(rows: NDArray[Any], columns: NDArray[Any], shape: tuple[int, int]) -> Counts:
    """Return the matrix that is 1 in the given cells and 0 elsewhere; no cell may come twice."""
    ones = np.ones(len(rows), dtype=np.int32)
    return sparse.csr_array((ones, (rows, columns)), shape=shape)


def selected_rows(table: Counts, chosen: NDArray[np.bool_]) -> Counts:
    """Return the table with every row emptied that is not chosen."""
    sizes = np.diff(table.indptr)
    kept = np.repeat(chosen, sizes)
    ends = np.concatenate([[0], np.cumsum(np.where(chosen, sizes, 0))])
    return sparse.csr_array((table.data[kept], table.indices[kept], ends), shape=table.shape)
