"""What a store's lists draw on besides pairs: the store as a whole, and its categories.

One order more or less moves all of these a little, and with them the list of every product. They
are therefore taken once from all orders and stay so until everything is computed anew, while
pairs follow each order (`retention.kept_lists`).
"""

from dataclasses import dataclass

import polars as pl

from retention.category_affinity import bought_with_category
from retention.columns import (
    BASE,
    BASE_RATE,
    CATEGORY_ID,
    COUNT,
    CUSTOMER_ID,
    ORDER_ID,
    OTHER_ID,
    PRODUCT_ID,
    QUANTITY,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all orders of a store say of it as a whole.

    `orders` and `customers` are how many there are, customers being those who are known.
    `with_category` (`CATEGORY_PAIRS`) is what categories are bought with. `sold` has of each
    product other_id and category_id, how many customers bought it (`count`) of all (`base`) and
    their share (`base_rate`), the most bought first. `category_buyers` has how many customers
    bought of each category_id (`base`).
    """

    orders: int
    customers: int
    with_category: pl.DataFrame
    sold: pl.DataFrame
    category_buyers: pl.DataFrame

    def nbytes(self) -> int:
        """How much memory the tables take."""
        tables = (self.with_category, self.sold, self.category_buyers)
        return sum(int(table.estimated_size()) for table in tables)


def surroundings(lines: pl.DataFrame, products: pl.DataFrame) -> Surroundings:
    """Return what `lines` (columns `LINES`) and `products` (`PRODUCTS`) say of the whole store.

    Raises ValueError when a column is missing.
    """
    with_category = bought_with_category(lines, products)
    kept = lines.filter(pl.col(QUANTITY) > 0)
    bought = _bought(kept, products)
    return Surroundings(
        orders=kept[ORDER_ID].n_unique(),
        customers=bought[CUSTOMER_ID].n_unique(),
        with_category=with_category,
        sold=_sold(bought),
        category_buyers=bought.drop_nulls(CATEGORY_ID)
        .group_by(CATEGORY_ID)
        .agg(pl.col(CUSTOMER_ID).n_unique().cast(pl.Int64).alias(BASE)),
    )


def _bought(kept: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Return each customer's distinct products with their categories, lost products as null."""
    return (
        kept.filter(pl.col(CUSTOMER_ID).is_not_null())
        .select(CUSTOMER_ID, PRODUCT_ID)
        .unique()
        .join(products.select(PRODUCT_ID, CATEGORY_ID), on=PRODUCT_ID, how="left")
    )


def _sold(bought: pl.DataFrame) -> pl.DataFrame:
    everyone = bought[CUSTOMER_ID].n_unique()
    return (
        bought.drop_nulls(PRODUCT_ID)
        .group_by(pl.col(PRODUCT_ID).alias(OTHER_ID), CATEGORY_ID)
        .agg(pl.len().cast(pl.Int64).alias(COUNT))
        .with_columns(
            pl.lit(everyone, dtype=pl.Int64).alias(BASE),
            (pl.col(COUNT) / everyone).alias(BASE_RATE),
        )
        .sort(COUNT, OTHER_ID, descending=[True, False])
    )
