"""All that was bought until a moment, in the form in which the figures read it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

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
    QUANTITY,
    SEQUENCE,
    require,
)
from retention.figures.columns import COSTS, COUPONS, GIVEN, ITEMS, REVIEWS, SOURCES
from retention.figures.period import Period
from retention.purchases import JoinedOrders

_OPTIONAL = {
    "coupons": COUPONS,
    "sources": SOURCES,
    "reviews": REVIEWS,
    "given": GIVEN,
    "costs": COSTS,
}


@dataclass(frozen=True, slots=True)
class Tables:
    """What a store's figures are computed from; what is not known stays None.

    `lines` and `products` have the columns of `retention.columns`, the others those of
    `retention.figures.columns`. All amounts are in one currency.
    """

    lines: pl.DataFrame
    products: pl.DataFrame
    coupons: pl.DataFrame | None = None
    sources: pl.DataFrame | None = None
    reviews: pl.DataFrame | None = None
    given: pl.DataFrame | None = None
    costs: pl.DataFrame | None = None

    def check(self) -> None:
        """Raise ValueError when a table lacks a column."""
        require(self.lines, LINES, "lines")
        require(self.products, PRODUCTS, "products")
        for name, schema in _OPTIONAL.items():
            table: pl.DataFrame | None = getattr(self, name)
            if table is not None:
                require(table, schema, name)

    def unknown(self) -> list[str]:
        """Return the names of the tables that are not there."""
        return [name for name in _OPTIONAL if getattr(self, name) is None]


@dataclass(frozen=True, slots=True)
class History:
    """What was bought before `until`, the end of the observation.

    `purchases` has the columns `PURCHASES`, `contents` the columns `CONTENTS`, `items` the columns
    `ITEMS`, and `order_purchases` says to which `purchase_id` each `order_id` belongs.
    """

    purchases: pl.DataFrame
    contents: pl.DataFrame
    items: pl.DataFrame
    order_purchases: pl.DataFrame
    until: datetime

    @classmethod
    def of(
        cls,
        lines: pl.DataFrame,
        products: pl.DataFrame,
        until: datetime,
        joining_minutes: int = 0,
    ) -> Self:
        """Read the history from `lines` (`LINES`) and `products` (`PRODUCTS`).

        Lines from `until` on and lines without a customer are left out.
        """
        seen = lines.filter(
            pl.col(PLACED_AT) < until, pl.col(QUANTITY) > 0, pl.col(CUSTOMER_ID).is_not_null()
        )
        joined = JoinedOrders(seen, products, joining_minutes)
        bought, orders = joined.purchases(), joined.order_purchases()
        items = _items(seen, products, bought, orders)
        return cls(bought, joined.contents(), items, orders, until)

    def whole(self, zone: str, otherwise: Period | None = None) -> Period:
        """Return the period from the first purchase to the end of the observation.

        Where nothing was bought it is `otherwise`; without that, ValueError says so.
        """
        first = self.purchases[PLACED_AT].min()
        if not isinstance(first, datetime) or first >= self.until:
            if otherwise is not None:
                return otherwise
            raise ValueError("nothing was bought before the end of the period; choose a later one")
        return Period(first, self.until, zone)


def inside(table: pl.DataFrame, period: Period, moment: str = PLACED_AT) -> pl.DataFrame:
    """Return the rows of which the time column is in the period."""
    return table.filter(pl.col(moment) >= period.start, pl.col(moment) < period.end)


def _items(
    seen: pl.DataFrame, products: pl.DataFrame, bought: pl.DataFrame, orders: pl.DataFrame
) -> pl.DataFrame:
    return (
        seen.select(ORDER_ID, PRODUCT_ID, POSITION, QUANTITY, NET)
        .join(orders, on=ORDER_ID)
        .group_by(PURCHASE_ID, PRODUCT_ID)
        .agg(
            pl.col(POSITION).min(),
            pl.col(QUANTITY).sum().cast(pl.Int64),
            pl.col(NET).sum().cast(MONEY),
        )
        .join(bought.select(PURCHASE_ID, CUSTOMER_ID, PLACED_AT, SEQUENCE), on=PURCHASE_ID)
        .join(products.select(PRODUCT_ID, CATEGORY_ID), on=PRODUCT_ID, how="left")
        .select(ITEMS.names())
    )
