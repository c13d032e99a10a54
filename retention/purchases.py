"""Orders become purchases: what counts, which orders are one, first and second."""

import polars as pl

from retention.columns import (
    CATEGORY_ID,
    CUSTOMER_ID,
    LINES,
    MONEY,
    NET,
    ORDER_ID,
    PLACED_AT,
    POSITION,
    PRODUCT_ID,
    PRODUCTS,
    PURCHASE_ID,
    PURCHASES,
    QUANTITY,
    SEQUENCE,
    require,
)


def purchases(
    lines: pl.DataFrame, products: pl.DataFrame, joining_minutes: int = 0
) -> pl.DataFrame:
    """Return the purchases (columns `PURCHASES`) in `lines` (`LINES`) of `products` (`PRODUCTS`).

    A purchase is an order of which something is kept. With `joining_minutes` above 0, an order
    placed at most so many minutes after the customer's previous one belongs to its purchase.
    The category is that with the largest summed net; of equal ones the one whose line comes
    first (by time, order, position). A purchase has no category only when none of its lines has.
    Customers' purchases are numbered by time, equal times by order identifier. Lines without a
    customer are left out. Rows are sorted by customer and sequence.
    Raises ValueError when a table lacks a column or `joining_minutes` is negative.
    """
    require(lines, LINES, "lines")
    require(products, PRODUCTS, "products")
    if joining_minutes < 0:
        raise ValueError(f"joining_minutes is {joining_minutes}; give 0 to join no orders")
    kept = lines.filter(pl.col(QUANTITY) > 0, pl.col(CUSTOMER_ID).is_not_null())
    numbered = kept.join(_purchase_of_order(kept, joining_minutes), on=ORDER_ID)
    heads = numbered.group_by(PURCHASE_ID, CUSTOMER_ID, SEQUENCE).agg(
        pl.col(PLACED_AT).min(), pl.col(NET).sum().cast(MONEY)
    )
    return (
        heads.join(_category_of_purchase(numbered, products), on=PURCHASE_ID)
        .sort(CUSTOMER_ID, SEQUENCE)
        .select(PURCHASES.names())
    )


def _purchase_of_order(kept: pl.DataFrame, joining_minutes: int) -> pl.DataFrame:
    """Return for each order the purchase it belongs to and that purchase's sequence."""
    gap = pl.col(PLACED_AT).diff().over(CUSTOMER_ID)
    if joining_minutes > 0:
        begins = gap.is_null() | (gap > pl.duration(minutes=joining_minutes))
    else:
        begins = pl.lit(value=True)
    return (
        kept.group_by(ORDER_ID)
        .agg(pl.col(CUSTOMER_ID).min(), pl.col(PLACED_AT).min())
        .sort(CUSTOMER_ID, PLACED_AT, ORDER_ID)
        .with_columns(begins.alias("begins"))
        .with_columns(pl.col("begins").cum_sum().over(CUSTOMER_ID).cast(pl.Int32).alias(SEQUENCE))
        .select(
            ORDER_ID,
            pl.col(SEQUENCE),
            pl.col(ORDER_ID).first().over(CUSTOMER_ID, SEQUENCE).alias(PURCHASE_ID),
        )
    )


def _category_of_purchase(numbered: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Return one category per purchase, null only when none of its lines has one."""
    return (
        numbered.join(
            products.select(PRODUCT_ID, CATEGORY_ID),
            on=PRODUCT_ID,
            how="left",
            maintain_order="left",
        )
        .sort(PLACED_AT, ORDER_ID, POSITION, PRODUCT_ID)
        .with_row_index("place")
        .group_by(PURCHASE_ID, CATEGORY_ID)
        .agg(pl.col(NET).sum(), pl.col("place").min())
        .sort(
            pl.col(CATEGORY_ID).is_null(),
            pl.col(NET),
            pl.col("place"),
            descending=[False, True, False],
        )
        .group_by(PURCHASE_ID, maintain_order=True)
        .agg(pl.col(CATEGORY_ID).first())
    )
