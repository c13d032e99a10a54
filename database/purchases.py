"""The tables that `retention` computes from, read from the store in scope by COPY."""

from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, cast

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from database.catalogue import categories
from database.models import Product
from retention import columns
from retention.categories import CategoryLevel, category_of

_LINES = """
    COPY (
      SELECT o.id AS order_id, o.customer_id,
        (extract(epoch FROM o.placed_at) * 1000000)::bigint AS placed_at, l.position,
        l.product_id, LEAST(l.kept_quantity, 2147483647) AS quantity, l.kept_net AS net
      FROM orders o JOIN order_lines l ON l.order_id = o.id
      WHERE o.status = ANY(%(statuses)s) AND NOT o.gone AND o.placed_at <= %(until)s
        AND (%(currency)s = '' OR o.currency = %(currency)s)
    ) TO STDOUT (FORMAT csv)
"""


def lines(
    session: Session, statuses: Sequence[str], until: datetime, currency: str = ""
) -> pl.DataFrame:
    """Every line of the orders that count and were placed by `until`: `retention.columns.LINES`.

    With a `currency`, only of the orders in it.
    """
    buffer = BytesIO()
    connection = cast(Any, session.connection().connection)
    with (
        connection.cursor() as cursor,
        cursor.copy(
            _LINES, {"statuses": list(statuses), "until": until, "currency": currency}
        ) as copy,
    ):
        for portion in copy:
            buffer.write(portion)
    buffer.seek(0)
    if not buffer.getbuffer().nbytes:
        return pl.DataFrame(schema=columns.LINES)
    table = pl.read_csv(
        buffer,
        has_header=False,
        schema=pl.Schema({**columns.LINES, columns.PLACED_AT: pl.Int64()}),
    )
    return table.with_columns(
        pl.from_epoch(columns.PLACED_AT, time_unit="us").dt.replace_time_zone("UTC")
    )


def products(
    session: Session,
    level: CategoryLevel,
    eligible: Callable[[Sequence[str]], Sequence[str]] = lambda category_ids: category_ids,
) -> pl.DataFrame:
    """The products with the category that counts at `level`: `retention.columns.PRODUCTS`.

    `eligible` leaves of a product's categories those that may stand for it.
    """
    known = categories(session)
    records = {identifier: record for identifier, (_, record) in known.items()}
    rows = session.execute(
        select(
            Product.id, Product.category_ids, Product.published & Product.visible & Product.in_stock
        )
    )
    chosen: dict[tuple[str, ...], int | None] = {}
    table = []
    for identifier, category_ids, recommendable in rows:
        key = tuple(category_ids)
        if key not in chosen:
            category = category_of(eligible(key), records, level)
            chosen[key] = known[category][0] if category in known else None
        table.append((identifier, chosen[key], recommendable))
    return pl.DataFrame(table, schema=columns.PRODUCTS, orient="row")
