"""What a store's lists draw on besides pairs: the store as a whole, and its categories.

One order more or less moves all of these a little, and with them the list of every product. They
are therefore taken once from all orders and stay those of these orders until everything is computed
anew, while pairs follow each order (`retention.kept_lists`).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl

from retention.arrays import Cells
from retention.baskets import Baskets, baskets, numbered
from retention.category_affinity import (
    bought_with_category,
    categories_of,
    in_order,
    with_categories,
)
from retention.columns import (
    BASE,
    BASE_RATE,
    CATEGORY_ID,
    COUNT,
    CUSTOMER_ID,
    LINES,
    ORDER_ID,
    OTHER_ID,
    PRODUCT_ID,
    PRODUCTS,
    QUANTITY,
    require,
)


@dataclass(frozen=True, slots=True)
class Bought:
    """What was bought, without when: each order's products, and each customer's.

    The places of customers, from 0, and of products, as `orders` has them, go together in
    `customers` and `products`, each customer's product once.
    """

    orders: Baskets
    customers: Cells
    products: Cells

    def buyers(self, products: pl.DataFrame) -> pl.DataFrame:
        """Return category_id of these products, and how many customers bought of it (`base`)."""
        category = categories_of(self.orders, products)
        named = category.is_not_null().to_numpy()[self.products]
        customers, of = self.customers[named], category[self.products[named]]
        return (
            pl.DataFrame({CATEGORY_ID: of, "customer": customers})
            .group_by(CATEGORY_ID)
            .agg(pl.col("customer").n_unique().cast(pl.Int64).alias(BASE))
        )

    @property
    def nbytes(self) -> int:
        """How much memory the arrays take."""
        orders = (self.orders.starts, self.orders.products, self.orders.product_ids)
        return sum(array.nbytes for array in (*orders, self.customers, self.products))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all orders of a store say of it as a whole.

    `orders` and `customers` are how many there are, customers being those who are known.
    `with_category` (`CATEGORY_PAIRS`) is what categories are bought with. `sold` has of each
    product other_id and category_id, how many customers bought it (`count`) of all (`base`) and
    their share (`base_rate`), the most bought first. `category_buyers` has how many customers
    bought of each category_id (`base`). All of it follows from what was `bought`.
    """

    orders: int
    customers: int
    with_category: pl.DataFrame
    sold: pl.DataFrame
    category_buyers: pl.DataFrame
    bought: Bought

    def nbytes(self) -> int:
        """How much memory all of this takes."""
        tables = (self.with_category, self.sold, self.category_buyers)
        return self.bought.nbytes + sum(int(table.estimated_size()) for table in tables)

    def recategorized(self, products: pl.DataFrame, categories: Collection[int]) -> Self:
        """Return what the same orders say if `products` (`PRODUCTS`) went into or out of these
        `categories`, and no others."""
        others = ~pl.col(CATEGORY_ID).is_in(categories) | pl.col(CATEGORY_ID).is_null()
        pairs = bought_with_category(self.bought.orders, products, only=categories)
        buyers = self.bought.buyers(products.filter(~others))
        return replace(
            self,
            with_category=in_order(pl.concat([self.with_category.filter(others), pairs])),
            sold=with_categories(self.sold.drop(CATEGORY_ID), OTHER_ID, products),
            category_buyers=pl.concat([self.category_buyers.filter(others), buyers]),
        )


def surroundings(lines: pl.DataFrame, products: pl.DataFrame) -> Surroundings:
    """Return what `lines` (columns `LINES`) and `products` (`PRODUCTS`) say of the whole store.

    Raises ValueError when a column is missing.
    """
    require(lines, LINES, "lines")
    require(products, PRODUCTS, "products")
    orders = baskets(lines)
    kept = lines.filter(pl.col(QUANTITY) > 0)
    known = kept.drop_nulls(CUSTOMER_ID).select(CUSTOMER_ID, PRODUCT_ID).unique()
    customers = known[CUSTOMER_ID].n_unique()
    known = known.drop_nulls()
    bought = Bought(
        orders,
        numbered(known[CUSTOMER_ID].to_numpy())[1].astype(np.int32),
        np.searchsorted(orders.product_ids, known[PRODUCT_ID].to_numpy()).astype(np.int32),
    )
    return Surroundings(
        orders=kept[ORDER_ID].n_unique(),
        customers=customers,
        with_category=bought_with_category(orders, products),
        sold=with_categories(_sold(known, customers), OTHER_ID, products),
        category_buyers=bought.buyers(products),
        bought=bought,
    )


def _sold(known: pl.DataFrame, customers: int) -> pl.DataFrame:
    return (
        known.group_by(pl.col(PRODUCT_ID).alias(OTHER_ID))
        .agg(pl.len().cast(pl.Int64).alias(COUNT))
        .with_columns(
            pl.lit(customers, dtype=pl.Int64).alias(BASE),
            (pl.col(COUNT) / customers).alias(BASE_RATE),
        )
        .sort(COUNT, OTHER_ID, descending=[True, False])
    )
