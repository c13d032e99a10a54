"""The tables that `retention` computes from, read from the store in scope by COPY."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from database.catalogue import categories
from database.copying import copied
from database.models import Product
from retention import columns
from retention.categories import CategoryLevel, category_of

COUNTED = """
    WITH counted AS NOT MATERIALIZED (
      SELECT * FROM orders o
      WHERE o.status = ANY(%(statuses)s) AND NOT o.gone AND o.placed_at <= %(until)s
        AND (%(currency)s = '' OR o.currency = %(currency)s)
    )
"""
"""The orders that count, to put before a query, with the parameters that `counting` makes."""

_ORDERS = """
    SELECT o.id, o.customer_id, (extract(epoch FROM o.placed_at) * 1000000)::bigint FROM counted o
"""

_SOME_ORDERS = _ORDERS + " WHERE o.id = ANY(%(orders)s)"

_LINES = """
    SELECT l.order_id, l.position, l.product_id, LEAST(l.kept_quantity, 2147483647), l.kept_net
    FROM order_lines l
"""

_SOME_LINES = _LINES + " WHERE l.order_id = ANY(%(orders)s)"

_OF_ORDERS = (columns.ORDER_ID, columns.CUSTOMER_ID, columns.PLACED_AT)
_OF_LINES = (columns.ORDER_ID, columns.POSITION, columns.PRODUCT_ID, columns.QUANTITY, columns.NET)

_TOLD = "category_ids"
_PRODUCTS = """
    SELECT id, category_ids::text, (published AND visible AND in_stock)::int FROM products
"""
_OF_PRODUCTS = pl.Schema(
    {columns.PRODUCT_ID: pl.Int64(), _TOLD: pl.String(), columns.RECOMMENDABLE: pl.Int8()}
)


def counting(statuses: Sequence[str], until: datetime, currency: str = "") -> dict[str, Any]:
    """The parameters of `COUNTED`; with a `currency`, only orders in it count."""
    return {"statuses": list(statuses), "until": until, "currency": currency}


def lines(
    session: Session, statuses: Sequence[str], until: datetime, currency: str = ""
) -> pl.DataFrame:
    """Every line of the orders that count and were placed by `until`: `retention.columns.LINES`.

    With a `currency`, only of the orders in it. Rows are sorted by order. Orders and lines are
    read apart and joined here: the database would take twice as long, and on one processor.
    """
    chosen = counting(statuses, until, currency)
    orders = copied(session, COUNTED + _ORDERS, chosen, _schema(_OF_ORDERS))
    return _joined(copied(session, _LINES, {}, _schema(_OF_LINES)), orders)


def lines_of(
    session: Session, orders: Sequence[int], statuses: Sequence[str], until: datetime
) -> pl.DataFrame:
    """The same of these orders alone, as far as they count."""
    chosen = counting(statuses, until) | {"orders": list(orders)}
    found = copied(session, COUNTED + _SOME_ORDERS, chosen, _schema(_OF_ORDERS))
    return _joined(copied(session, _SOME_LINES, chosen, _schema(_OF_LINES)), found)


def _joined(lines: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    return (
        lines.join(orders, on=columns.ORDER_ID).sort(columns.ORDER_ID).select(columns.LINES.names())
    )


def _schema(names: Sequence[str]) -> pl.Schema:
    return pl.Schema({name: columns.LINES[name] for name in names})


def products(
    session: Session,
    level: CategoryLevel,
    eligible: Callable[[Sequence[str]], Sequence[str]] = lambda category_ids: category_ids,
) -> pl.DataFrame:
    """The products with the category that counts at `level`: `retention.columns.PRODUCTS`.

    `eligible` leaves of a product's categories those that may stand for it. Rows are sorted by
    product.
    """
    known = categories(session)
    records = {identifier: record for identifier, (_, record) in known.items()}
    lists = session.execute(
        select(cast(Product.category_ids, String).label("told"), Product.category_ids).distinct()
    )
    chosen: dict[str, int | None] = {}
    for told, category_ids in lists:
        category = category_of(eligible(category_ids), records, level)
        chosen[told] = known[category][0] if category in known else None
    found = copied(session, _PRODUCTS, {}, _OF_PRODUCTS).sort(columns.PRODUCT_ID)
    category_id = pl.col(_TOLD).replace_strict(chosen, return_dtype=pl.Int64)
    return found.select(
        columns.PRODUCT_ID,
        category_id.alias(columns.CATEGORY_ID),
        pl.col(columns.RECOMMENDABLE).cast(pl.Boolean),
    )
