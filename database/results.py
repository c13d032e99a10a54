"""What a recomputation found, kept for the store in scope; each result replaces the one before."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from database.bulk import ROWS_PER_STATEMENT, insert_json
from database.models import (
    Base,
    Category,
    CategoryFlow,
    Computation,
    Customer,
    CustomerCategory,
    Product,
    ProductAffinity,
    Recommendation,
)

TABLES: tuple[type[Base], ...] = (
    ProductAffinity,
    Recommendation,
    CategoryFlow,
    CustomerCategory,
)


def replace(session: Session, tables: Mapping[type[Base], pl.DataFrame]) -> None:
    """Replace each table's rows with those of a data frame that has its columns (or more)."""
    for table, frame in tables.items():
        session.execute(delete(table).execution_options(synchronize_session=False))
        names = [column.name for column in table.__table__.columns if column.name != "store_id"]
        for portion in frame.select(names).iter_slices(ROWS_PER_STATEMENT):
            insert_json(session, table, names, portion.write_json())


def save_figures(
    session: Session,
    figures: Mapping[str, Any],
    period: tuple[datetime | None, datetime | None],
    seconds: float,
) -> None:
    """Note when the store was computed, over which period and with which sample sizes."""
    session.execute(
        text(
            """
            INSERT INTO computations (store_id, period_start, period_end, figures, seconds)
            VALUES (current_setting('bazgasht.store')::uuid, :start, :end, :figures, :seconds)
            ON CONFLICT (store_id) DO UPDATE SET computed_at = clock_timestamp(),
              period_start = EXCLUDED.period_start, period_end = EXCLUDED.period_end,
              figures = EXCLUDED.figures, seconds = EXCLUDED.seconds
            """
        ),
        {
            "start": period[0],
            "end": period[1],
            "figures": json.dumps(figures),
            "seconds": seconds,
        },
    )


def figures(session: Session) -> Computation | None:
    """The last recomputation of the store in scope."""
    return session.scalar(select(Computation))


def recommended(session: Session) -> dict[str, list[str]]:
    """Each product's recommended products, best first, by the store's identifiers."""
    rows = session.execute(select(Product.id, Product.external_id))
    names = {row.id: row.external_id for row in rows}
    lists: dict[str, list[str]] = {}
    for row in session.execute(
        select(Recommendation.product_id, Recommendation.other_id).order_by(
            Recommendation.product_id, Recommendation.rank
        )
    ):
        lists.setdefault(names[row.product_id], []).append(names[row.other_id])
    return lists


def second_categories(session: Session) -> dict[str, str]:
    """The name of the first-ranked second-purchase category of each account."""
    rows = session.execute(
        select(Customer.account_id, Category.name)
        .join(CustomerCategory, CustomerCategory.customer_id == Customer.id)
        .join(Category, Category.id == CustomerCategory.category_id)
        .where(
            CustomerCategory.rank == 1, Customer.account_id.is_not(None), Customer.gone.is_(False)
        )
    )
    return {row.account_id: row.name for row in rows if row.account_id}


def reasons(session: Session, product: str) -> Sequence[Any]:
    """A product's recommendations with their reasons, for a person to read."""
    other = Product.__table__.alias("other")
    return session.execute(
        select(Recommendation, other.c.name, other.c.external_id)
        .join(Product, Product.id == Recommendation.product_id)
        .join(other, other.c.id == Recommendation.other_id)
        .where(Product.external_id == product)
        .order_by(Recommendation.rank)
    ).all()


def sentence(row: Recommendation, name: str) -> str:
    """Why a product is recommended, in a sentence whose numbers can be checked."""
    if row.reason_kind == "pinned":
        return f"pinned; {row.count} of {row.base} buyers of the store bought {name}"
    whom = {
        "together": "orders with it",
        "with_category": "orders with its category",
        "next": "of its buyers",
        "category": "category buyers",
    }
    verb = "had" if row.reason_kind in {"together", "with_category"} else "bought"
    among = whom.get(row.reason_kind, "buyers of the store")
    rate = f"{row.base_rate:.0%}" if row.base_rate > 0.005 else "under 1%"
    return f"{row.count} of {row.base} {among} {verb} {name}; {rate} of all do"


def sizes(session: Session) -> dict[str, int]:
    """How many rows each table of results holds for the store in scope."""
    return {
        table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
        for table in TABLES
    }
