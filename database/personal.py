"""The products that each customer of the store in scope is expected to buy, kept and read."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from database.bulk import ROWS_PER_STATEMENT, among, insert_json
from database.copying import copied
from database.models import (
    Computation,
    Customer,
    PersonalRecommendation,
    Product,
    ProductChoice,
)
from database.person import ERASED
from database.purchases import COUNTED, counting
from retention.columns import CUSTOMER_ID, PERSONAL_LISTS
from retention.listing import EVERY_LIST

_LATELY = """
    SELECT o.customer_id, COALESCE(bool_and(made.at < o.placed_at), true)
    FROM (
      SELECT customer_id, max(placed_at) AS placed_at FROM counted GROUP BY customer_id
    ) o
    JOIN customers c ON c.id = o.customer_id
    LEFT JOIN (
      SELECT customer_id, max(made_at) AS at FROM personal_recommendations GROUP BY customer_id
    ) made ON made.customer_id = o.customer_id
    WHERE o.placed_at > %(since)s AND NOT c.gone
      AND COALESCE(c.email, '') NOT LIKE %(erased)s
    GROUP BY o.customer_id, o.placed_at ORDER BY o.placed_at DESC, o.customer_id
    LIMIT %(most)s
"""

HAS_ORDERED = "has_ordered"


def active_customers(
    session: Session, statuses: Sequence[str], until: datetime, days: int, most: int
) -> pl.DataFrame:
    """Whose last order that counts was in the `days` before `until`, the `most` recent ones.

    Columns: customer_id, and has_ordered: whether that was after their lists were made, or they
    have none. Who was erased or deleted in the store is left out.
    """
    chosen = counting(statuses, until) | {
        "since": until - timedelta(days=days),
        "most": most,
        "erased": f"%{ERASED}",
    }
    schema = pl.Schema({CUSTOMER_ID: pl.Int64(), HAS_ORDERED: pl.String()})
    found = copied(session, COUNTED + _LATELY, chosen, schema)
    return found.with_columns(pl.col(HAS_ORDERED) == "t")


def replace(session: Session, customers: Collection[int], lists: pl.DataFrame) -> None:
    """Keep these lists (`PERSONAL_LISTS`) of these customers in the place of theirs of before."""
    forget(session, customers)
    for portion in lists.iter_slices(ROWS_PER_STATEMENT):
        insert_json(session, PersonalRecommendation, PERSONAL_LISTS.names(), portion.write_json())


def forget(session: Session, customers: Iterable[int]) -> None:
    """Drop the lists of these customers."""
    _drop(session, among(PersonalRecommendation.customer_id, customers))


def forget_older(session: Session, customers: Iterable[int], moment: datetime) -> None:
    """Drop the lists of these customers that were made before `moment`."""
    of_them = among(PersonalRecommendation.customer_id, customers)
    _drop(session, of_them & (PersonalRecommendation.made_at < moment))


def finish(session: Session, began: datetime, days: int) -> None:
    """Note that everybody's lists were made since `began`, and drop those that were not."""
    _drop(session, PersonalRecommendation.made_at < began)
    session.execute(
        update(Computation)
        .values(personal_at=began, personal_days=days)
        .execution_options(synchronize_session=False)
    )


def _drop(session: Session, which: ColumnElement[bool]) -> None:
    session.execute(
        delete(PersonalRecommendation).where(which).execution_options(synchronize_session=False)
    )


def shown(session: Session, kind: str) -> dict[str, list[str]]:
    """The list of each account, best first, by the store's names, of what shoppers can buy.

    What was banned since the lists were made is left out, too.
    """
    banned = select(ProductChoice.product_id).where(
        ProductChoice.list_id == EVERY_LIST, ProductChoice.kind == "ban"
    )
    rows = session.execute(
        select(
            Customer.account_id,
            func.array_agg(aggregate_order_by(Product.external_id, PersonalRecommendation.rank)),
        )
        .join(PersonalRecommendation, PersonalRecommendation.customer_id == Customer.id)
        .join(Product, Product.id == PersonalRecommendation.product_id)
        .where(
            PersonalRecommendation.kind == kind,
            Customer.account_id.is_not(None),
            Customer.gone.is_(False),
            Product.published & Product.visible & Product.in_stock,
            Product.id.not_in(banned),
        )
        .group_by(Customer.account_id)
    )
    return {account: list(products) for account, products in rows if account}


def of_customers(session: Session, customers: Iterable[int]) -> Sequence[Any]:
    """The lists of these customers, each row with the product's name and the store's name of it."""
    return session.execute(
        select(PersonalRecommendation, Product.name, Product.external_id)
        .join(Product, Product.id == PersonalRecommendation.product_id)
        .where(among(PersonalRecommendation.customer_id, customers))
        .order_by(
            PersonalRecommendation.customer_id,
            PersonalRecommendation.kind.desc(),
            PersonalRecommendation.rank,
        )
    ).all()


def describe(session: Session, customers: Iterable[int]) -> list[dict[str, Any]]:
    """The same in a form that JSON can hold, to be told to the person."""
    return [
        {
            "list": row.kind,
            "rank": row.rank,
            "product": identifier,
            "name": name,
            "reason": row.reason_kind,
            "count": row.count,
            "base": row.base,
            "base_rate": row.base_rate,
            "made_at": row.made_at.isoformat(),
        }
        for row, name, identifier in of_customers(session, customers)
    ]


def sentence(row: PersonalRecommendation) -> str:
    """Why a product is listed, in a sentence whose numbers can be checked."""
    rate = f"{row.base_rate:.0%}" if row.base_rate > 0.005 else "under 1%"
    if row.reason_kind == "bought_before":
        return f"in {row.count} of this customer's {row.base} orders; in {rate} of all"
    if row.reason_kind == "customers_alike":
        return f"bought by {row.count} of the {row.base} customers most alike; by {rate} of all"
    pinned = "pinned; " if row.reason_kind == "pinned" else ""
    return f"{pinned}bought by {row.count} of all {row.base} customers"
