"""Orders become purchases: what counts, which orders are one, first and second."""

import polars as pl

from retention.columns import (
    CATEGORY_ID,
    CONTENTS,
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
    SHARE,
    require,
)


class JoinedOrders:
    """The orders in `lines` (`LINES`) of `products` (`PRODUCTS`) that count, joined to purchases.

    A purchase is an order of which something is kept. With `joining_minutes` above 0, an order
    placed at most so many minutes after the customer's previous one belongs to its purchase.
    Lines without a customer are left out.
    Raises ValueError when a table lacks a column or `joining_minutes` is negative.
    """

    def __init__(
        self, lines: pl.DataFrame, products: pl.DataFrame, joining_minutes: int = 0
    ) -> None:
        kept = _kept(lines, joining_minutes)
        require(products, PRODUCTS, "products")
        self._orders = _purchase_of_order(kept, joining_minutes)
        self._named = (
            kept.select(ORDER_ID, PRODUCT_ID, POSITION, NET)
            .join(products.select(PRODUCT_ID, CATEGORY_ID).drop_nulls(), on=PRODUCT_ID)
            .join(self._orders.select(ORDER_ID, PURCHASE_ID), on=ORDER_ID)
        )
        self._by_category = self._named.group_by(PURCHASE_ID, CATEGORY_ID).agg(pl.col(NET).sum())

    def purchases(self) -> pl.DataFrame:
        """Return the purchases (columns `PURCHASES`), sorted by customer and sequence.

        The category is that with the largest summed net; of equal ones the one whose line comes
        first (by time, order, position). A purchase has no category only when none of its lines
        has. Customers' purchases are numbered by time, equal times by order identifier.
        """
        heads = self._orders.group_by(PURCHASE_ID).agg(
            pl.col(CUSTOMER_ID, SEQUENCE, PLACED_AT).min(), pl.col(NET).sum().cast(MONEY)
        )
        return (
            heads.join(self._category_of_purchase(), on=PURCHASE_ID, how="left")
            .sort(CUSTOMER_ID, SEQUENCE)
            .select(PURCHASES.names())
        )

    def contents(self) -> pl.DataFrame:
        """Return what each purchase held, by category (`CONTENTS`), sorted by both."""
        whole, even = pl.col(NET).sum().over(PURCHASE_ID), 1 / pl.len().over(PURCHASE_ID)
        share = pl.when(whole > 0).then(pl.col(NET) / whole).otherwise(even)
        return (
            self._by_category.with_columns(pl.col(NET).cast(pl.Float64))
            .sort(PURCHASE_ID, CATEGORY_ID)
            .with_columns(share.alias(SHARE))
            .select(CONTENTS.names())
        )

    def order_purchases(self) -> pl.DataFrame:
        """Return to which purchase each order belongs: order_id, purchase_id."""
        return self._orders.select(ORDER_ID, PURCHASE_ID)

    def _category_of_purchase(self) -> pl.DataFrame:
        """Return the category of each purchase of which a line has one."""
        most = pl.col(NET) == pl.col(NET).max().over(PURCHASE_ID)
        largest = self._by_category.filter(most).drop(NET)
        chosen = largest.filter(pl.len().over(PURCHASE_ID) == 1)
        equal = largest.join(chosen, on=PURCHASE_ID, how="anti")
        return pl.concat([chosen, _first_of(equal, self._named, self._orders)])


def purchases(
    lines: pl.DataFrame, products: pl.DataFrame, joining_minutes: int = 0
) -> pl.DataFrame:
    """Return the purchases (`PURCHASES`) of the `JoinedOrders` of the same arguments."""
    return JoinedOrders(lines, products, joining_minutes).purchases()


def _kept(lines: pl.DataFrame, joining_minutes: int) -> pl.DataFrame:
    """Return the lines that count, after a look at what was given."""
    require(lines, LINES, "lines")
    if joining_minutes < 0:
        raise ValueError(f"joining_minutes is {joining_minutes}; give 0 to join no orders")
    return lines.filter(pl.col(QUANTITY) > 0, pl.col(CUSTOMER_ID).is_not_null())


def _purchase_of_order(kept: pl.DataFrame, joining_minutes: int) -> pl.DataFrame:
    """Return each order with the purchase it belongs to and that purchase's sequence."""
    orders = (
        kept.group_by(ORDER_ID)
        .agg(pl.col(CUSTOMER_ID, PLACED_AT).min(), pl.col(NET).sum())
        .sort(CUSTOMER_ID, PLACED_AT, ORDER_ID)
    )
    is_first = pl.col(CUSTOMER_ID).ne_missing(pl.col(CUSTOMER_ID).shift(1))
    late = pl.col(PLACED_AT).diff() > pl.duration(minutes=joining_minutes)
    begins = is_first | late if joining_minutes > 0 else pl.lit(value=True)
    # A customer's orders lie together, so what begins with one of them is filled forward.
    begun = pl.col("begins").cum_sum().cast(pl.Int32)
    before = pl.when(is_first).then(begun - 1).forward_fill()
    return orders.with_columns(begins.alias("begins")).with_columns(
        (begun - before).alias(SEQUENCE),
        pl.when("begins").then(ORDER_ID).forward_fill().alias(PURCHASE_ID),
    )


def _first_of(equal: pl.DataFrame, named: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Return of each purchase's categories in `equal` the one whose line comes first."""
    return (
        named.join(equal, on=[PURCHASE_ID, CATEGORY_ID], how="semi")
        .join(orders.select(ORDER_ID, PLACED_AT), on=ORDER_ID)
        .sort(PLACED_AT, ORDER_ID, POSITION, PRODUCT_ID)
        .group_by(PURCHASE_ID, maintain_order=True)
        .agg(pl.col(CATEGORY_ID).first())
    )
