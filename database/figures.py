"""What the figures of the store in scope are computed from, and the names of what they speak of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from database import costs, purchases
from database.copying import copied
from database.models import Category, Order, Product
from retention.figures.columns import COUPONS, GIVEN, REVIEWS, SOURCES
from retention.figures.history import Tables


@dataclass(frozen=True, slots=True)
class Names:
    """The names of products and categories, by the numbers that tables know them by."""

    products: dict[int, str]
    categories: dict[int, str]


_COUPONS = "SELECT DISTINCT o.id, code FROM counted o, unnest(o.coupon_codes) code"

_SOURCES = """
    SELECT o.id, o.source, o.medium, o.campaign FROM counted o
    WHERE COALESCE(o.source, o.medium, o.campaign) IS NOT NULL
"""

_REVIEWS = """
    SELECT p.id, r.customer_id, (extract(epoch FROM r.reviewed_at) * 1000000)::bigint, r.rating
    FROM reviews r LEFT JOIN products p ON p.external_id = r.product_external_id
    WHERE r.reviewed_at <= %(until)s
"""

_GIVEN = """
    SELECT o.id, 'discounts', o.discount FROM counted o WHERE o.discount > 0
    UNION ALL
    SELECT o.id, 'points', (sum(l.granted) * %(point_value)s)::numeric(20, 4)
    FROM counted o JOIN point_lots l ON l.order_id = o.external_id
    WHERE %(point_value)s > 0
    GROUP BY o.id HAVING sum(l.granted) > 0
"""


def tables(
    session: Session,
    statuses: Sequence[str],
    until: datetime,
    currency: str,
    products: pl.DataFrame,
    point_value: Decimal,
) -> Tables:
    """The orders that count, were placed by `until` and are in `currency` ("": in any).

    `products` is of `database.purchases.products`; `point_value` is what a point costs. Coupon
    codes and discounts are None while no order was read with them; sources, reviews and costs
    while there are none.
    """
    chosen = purchases.counting(statuses, until, currency) | {"point_value": point_value}

    def of_orders(query: str, schema: pl.Schema) -> pl.DataFrame:
        return copied(session, purchases.COUNTED + query, chosen, schema)

    with_discounts = session.scalar(
        select(select(Order.id).where(Order.discount.is_not(None)).exists())
    )
    sources = of_orders(_SOURCES, SOURCES)
    reviews = copied(session, _REVIEWS, {"until": until}, REVIEWS)
    return Tables(
        lines=purchases.lines(session, statuses, until, currency),
        products=products,
        coupons=of_orders(_COUPONS, COUPONS) if with_discounts else None,
        sources=None if sources.is_empty() else sources,
        reviews=None if reviews.is_empty() else reviews,
        given=of_orders(_GIVEN, GIVEN) if with_discounts or point_value else None,
        costs=costs.table(session, currency)[0],
    )


def orders_in_other_currencies(
    session: Session, statuses: Sequence[str], until: datetime, currency: str
) -> int:
    """How many orders that count and were placed by `until` are not in `currency`."""
    if not currency:
        return 0
    return (
        session.scalar(
            select(func.count()).where(
                Order.status.in_(statuses),
                Order.gone.is_(False),
                Order.placed_at <= until,
                Order.currency != currency,
            )
        )
        or 0
    )


def names(session: Session) -> Names:
    """The names of every product and category of the store in scope."""
    return Names(
        {row.id: row.name for row in session.execute(select(Product.id, Product.name))},
        {row.id: row.name for row in session.execute(select(Category.id, Category.name))},
    )
