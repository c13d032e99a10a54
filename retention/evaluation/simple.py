"""The simplest recommendations, which any other must be better than."""

import polars as pl

from retention.columns import (
    CATEGORY_ID,
    COUNT,
    CUSTOMER_ID,
    ORDER_ID,
    OTHER_ID,
    PRODUCT_ID,
    QUANTITY,
    RANK,
)


def popularity(known: pl.DataFrame, products: pl.DataFrame, size: int) -> pl.DataFrame:
    """Return for every product the products of most orders (see `ProductLists`)."""
    most = _orders_of(known).rename({PRODUCT_ID: OTHER_ID}).head(size + 1)
    return _without_itself(products.select(PRODUCT_ID).join(most, how="cross"), size)


def same_category(known: pl.DataFrame, products: pl.DataFrame, size: int) -> pl.DataFrame:
    """Return for every product those of most orders in its own category (see `ProductLists`)."""
    named = products.select(PRODUCT_ID, CATEGORY_ID).drop_nulls()
    most = (
        _orders_of(known)
        .join(named, on=PRODUCT_ID, maintain_order="left")
        .filter(pl.int_range(pl.len()).over(CATEGORY_ID) <= size)
        .rename({PRODUCT_ID: OTHER_ID})
    )
    return _without_itself(named.join(most, on=CATEGORY_ID, maintain_order="left_right"), size)


def personal_frequency(known: pl.DataFrame, customers: pl.Series, size: int) -> pl.DataFrame:
    """Return for every customer the products of most own orders, then those of all.

    The columns are those of `CustomerLists`.
    """
    own = known.filter(pl.col(CUSTOMER_ID).is_in(customers.implode()))
    counted = _orders_of(own, CUSTOMER_ID)
    rest = _everybody(known, customers, size).join(
        counted, on=[CUSTOMER_ID, PRODUCT_ID], how="anti", maintain_order="left"
    )
    return _listed(pl.concat([counted.select(CUSTOMER_ID, PRODUCT_ID), rest]), size)


def popular_new(known: pl.DataFrame, customers: pl.Series, size: int) -> pl.DataFrame:
    """Return for every customer the products of most orders that the customer never bought.

    They are sought among the 200 products of most orders and as many more as are listed. The
    columns are those of `CustomerLists`.
    """
    own = known.select(CUSTOMER_ID, PRODUCT_ID).unique()
    most = _everybody(known, customers, size + 200)
    return _listed(
        most.join(own, on=[CUSTOMER_ID, PRODUCT_ID], how="anti", maintain_order="left"), size
    )


def popular(known: pl.DataFrame, customers: pl.Series, size: int) -> pl.DataFrame:
    """Return for every customer the products of most orders (see `CustomerLists`)."""
    return _listed(_everybody(known, customers, size), size)


def _everybody(known: pl.DataFrame, customers: pl.Series, size: int) -> pl.DataFrame:
    most = _orders_of(known).select(PRODUCT_ID).head(size)
    return pl.DataFrame({CUSTOMER_ID: customers}).join(most, how="cross", maintain_order="left")


def _listed(ordered: pl.DataFrame, size: int) -> pl.DataFrame:
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(CUSTOMER_ID)
    return (
        ordered.with_columns(rank.alias(RANK))
        .filter(pl.col(RANK) <= size)
        .select(CUSTOMER_ID, RANK, PRODUCT_ID)
    )


def _orders_of(lines: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Return each product's number of orders, the most first, for each of `keys`."""
    held = lines.filter(pl.col(QUANTITY) > 0).select(*keys, ORDER_ID, PRODUCT_ID).drop_nulls()
    return (
        held.unique()
        .group_by(*keys, PRODUCT_ID)
        .len(COUNT)
        .sort(COUNT, PRODUCT_ID, descending=[True, False])
    )


def _without_itself(ordered: pl.DataFrame, size: int) -> pl.DataFrame:
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(PRODUCT_ID)
    return (
        ordered.filter(pl.col(PRODUCT_ID) != pl.col(OTHER_ID))
        .with_columns(rank.alias(RANK))
        .filter(pl.col(RANK) <= size)
        .select(PRODUCT_ID, RANK, OTHER_ID)
    )
