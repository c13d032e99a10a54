"""Orders as arrays of products, in the shape that counting pairs needs."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from retention.arrays import Cells, Floats, Integers, Table
from retention.columns import CUSTOMER_ID, ORDER_ID, PLACED_AT, PRODUCT_ID, QUANTITY
from retention.kernels.orders import drop_repetitions, gather, look_up, mark, note_least


@dataclass(frozen=True, slots=True)
class Baskets:
    """Orders of which something is kept, and the distinct products of each.

    `products[starts[k] : starts[k + 1]]` are the products of order k, rising, each told by its
    place in `product_ids`, which rises too unless the most bought come first.
    """

    starts: Integers
    products: Cells
    product_ids: Integers

    @property
    def sizes(self) -> Integers:
        """Number of distinct products in each order."""
        return np.diff(self.starts)

    @property
    def base(self) -> Integers:
        """Number of orders that have each product."""
        return np.bincount(self.products, minlength=len(self.product_ids)).astype(np.int64)

    def only(self, chosen: NDArray[np.bool_]) -> Self:
        """Return the same orders with only the chosen cells of `products`."""
        before = np.concatenate([[0], np.cumsum(chosen)])
        return replace(self, starts=before[self.starts], products=self.products[chosen])

    def most_bought_first(self, numbers: Integers) -> Self:
        """Return the same orders with the products of the highest numbers first in `product_ids`.

        What is bought most is counted most: side by side it stays in the processor's cache.
        """
        sequence = np.argsort(-numbers, kind="stable")
        places = np.empty(len(sequence), dtype=np.int32)
        places[sequence] = np.arange(len(sequence))
        cells, starts = places[self.products], self.starts.copy()
        drop_repetitions(starts, cells)
        return replace(self, starts=starts, products=cells, product_ids=self.product_ids[sequence])


@dataclass(frozen=True, slots=True)
class Histories:
    """Orders sorted by customer, time and identifier.

    `customers` numbers the customer of each order from 0, by rising identifier, `placed_at` is its
    time in microseconds since 1970, and `order_ids` and `customer_ids` are the identifiers.
    """

    orders: Baskets
    customers: Integers
    placed_at: Integers
    order_ids: Integers
    customer_ids: Integers

    @property
    def orders_since(self) -> Integers:
        """How many later orders of its customer each order has."""
        ends = np.cumsum(np.bincount(self.customers))
        return ends[self.customers] - 1 - np.arange(len(self.customers))

    def table(self, weights: Floats) -> Table:
        """Return customers x products: the sum of the weights of the orders with the product."""
        held, sizes = self.orders, self.orders.sizes
        cells = (np.repeat(weights, sizes), (np.repeat(self.customers, sizes), held.products))
        table = sparse.csr_array(cells, shape=(len(self.customer_ids), len(held.product_ids)))
        table.sum_duplicates()
        return table


def baskets(lines: pl.DataFrame) -> Baskets:
    """Return the orders in `lines` (columns `LINES`), sorted by identifier.

    A product counts once per order. Lines whose product the store lost leave an order without
    products, which still counts as an order.
    """
    kept = lines.filter(pl.col(QUANTITY) > 0).select(ORDER_ID, PRODUCT_ID)
    identifiers, order = numbered(kept[ORDER_ID].to_numpy())
    return _collected(order, len(identifiers), kept[PRODUCT_ID])


def histories(lines: pl.DataFrame) -> Histories:
    """Return the orders in `lines` (columns `LINES`) of known customers, as `baskets` does."""
    kept = lines.filter(pl.col(QUANTITY) > 0, pl.col(CUSTOMER_ID).is_not_null()).select(
        ORDER_ID, CUSTOMER_ID, PLACED_AT, PRODUCT_ID
    )
    identifiers, order = numbered(kept[ORDER_ID].to_numpy())
    customer = _least(kept[CUSTOMER_ID].to_numpy(), order, len(identifiers))
    placed_at = _least(kept[PLACED_AT].dt.timestamp("us").to_numpy(), order, len(identifiers))
    sequence = np.lexsort((identifiers, placed_at, customer))
    row = np.empty_like(sequence)
    row[sequence] = np.arange(len(sequence))
    customer_ids, customers = numbered(customer[sequence])
    return Histories(
        orders=_collected(row[order], len(identifiers), kept[PRODUCT_ID]),
        customers=customers,
        placed_at=placed_at[sequence],
        order_ids=identifiers[sequence],
        customer_ids=customer_ids,
    )


def numbered(values: NDArray[Any]) -> tuple[Integers, Integers]:
    """Return the distinct values, rising, and for each value its place among them."""
    lowest, highest = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    span = highest - lowest + 1
    # A table of all that could be between is much faster than sorting, where it is not too long.
    if span > 8 * len(values):
        distinct, place = np.unique(values, return_inverse=True)
        return distinct, place.astype(np.int64)
    present = np.zeros(span, dtype=np.bool_)
    mark(values, lowest, present)
    found = np.empty(len(values), dtype=np.int64)
    look_up(values, lowest, np.cumsum(present) - 1, found)
    return np.flatnonzero(present) + lowest, found


def _least(values: Integers, order: Integers, orders: int) -> Integers:
    least = np.full(orders, np.iinfo(np.int64).max)
    note_least(values, order, least)
    return least


def _collected(order: Integers, orders: int, product: pl.Series) -> Baskets:
    known = product.is_not_null().to_numpy()
    if not known.all():
        order, product = order[known], product.drop_nulls()
    product_ids, column = numbered(product.to_numpy())
    starts = np.zeros(orders + 1, dtype=np.int64)
    np.cumsum(np.bincount(order, minlength=orders), out=starts[1:])
    cells = np.empty(len(order), dtype=np.int32)
    gather(order, column, starts, cells)
    return Baskets(starts, cells[: drop_repetitions(starts, cells)], product_ids)
