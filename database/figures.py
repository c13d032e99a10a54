"""What the figures of the store in scope are computed from, and the names of what they speak of."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from database import purchases
from database.bulk import among
from database.models import Category, Customer, Order, Product
from retention.categories import CategoryLevel
from retention.figures.history import Tables


@dataclass(frozen=True, slots=True)
class Names:
    """The names of products and categories, by the numbers that tables know them by."""

    products: dict[int, str]
    categories: dict[int, str]


def tables(
    session: Session,
    statuses: Sequence[str],
    until: datetime,
    currency: str,
    level: CategoryLevel,
    eligible: Callable[[Sequence[str]], Sequence[str]],
) -> Tables:
    """The orders that count, were placed by `until` and are in `currency` ("": in any).

    `level` and `eligible` choose a product's category, as in `database.purchases.products`.
    Coupon codes, sources, reviews and costs are not kept, so their tables are None.
    """
    return Tables(
        lines=purchases.lines(session, statuses, until, currency),
        products=purchases.products(session, level, eligible),
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


def customer_keys(session: Session, numbers: Iterable[int]) -> dict[int, str]:
    """What each of these customers is known by: account:ID, email:ADDRESS or phone:NUMBER."""
    rows = session.execute(select(Customer.id, Customer.key).where(among(Customer.id, numbers)))
    return {row.id: row.key for row in rows}
