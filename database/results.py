"""What a recomputation found, kept for the store in scope; each result replaces the one before."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session, aliased

from database.bulk import ROWS_PER_STATEMENT, among, delete_json, insert_json
from database.copying import copied
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
        names = _columns(table)
        for portion in frame.select(names).iter_slices(ROWS_PER_STATEMENT):
            insert_json(session, table, names, portion.write_json())


def change(
    session: Session, table: type[Base], key: Sequence[str], put: pl.DataFrame, drop: pl.DataFrame
) -> None:
    """Put rows in the place of those with the same key, and drop those with the keys of `drop`."""
    names = _columns(table)
    for portion in drop.iter_slices(ROWS_PER_STATEMENT):
        delete_json(session, table, key, portion.write_json())
    for portion in put.select(names).iter_slices(ROWS_PER_STATEMENT):
        insert_json(session, table, names, portion.write_json(), unique=key)


def _columns(table: type[Base]) -> list[str]:
    return [column.name for column in table.__table__.columns if column.name != "store_id"]


def save_figures(
    session: Session,
    figures: Mapping[str, Any],
    period: tuple[datetime | None, datetime | None],
    seconds: float,
) -> datetime:
    """Note when the store was computed, over which period and with which sample sizes.

    Returns the moment noted, which no other computation of the store has.
    """
    moment: datetime = session.execute(
        text(
            """
            INSERT INTO computations (store_id, period_start, period_end, figures, seconds)
            VALUES (current_setting('bazgasht.store')::uuid, :start, :end, :figures, :seconds)
            ON CONFLICT (store_id) DO UPDATE SET computed_at = clock_timestamp(),
              period_start = EXCLUDED.period_start, period_end = EXCLUDED.period_end,
              figures = EXCLUDED.figures, seconds = EXCLUDED.seconds
            RETURNING computed_at
            """
        ),
        {
            "start": period[0],
            "end": period[1],
            "figures": json.dumps(figures),
            "seconds": seconds,
        },
    ).scalar_one()
    return moment


def stored(session: Session, table: type[Base], schema: pl.Schema) -> pl.DataFrame:
    """The rows of a table of results, with the columns of `schema`."""
    names = ", ".join(f'"{name}"' for name in schema)
    return copied(session, f"SELECT {names} FROM {table.__tablename__}", {}, schema)  # noqa: S608


def note_check(session: Session, drifted_rows: int) -> None:
    """Note that the results were compared with all orders, and how many rows differed."""
    session.execute(
        update(Computation)
        .values(
            checked_at=func.clock_timestamp(),
            drifted_rows=drifted_rows,
            drifts=Computation.drifts + int(drifted_rows > 0),
        )
        .execution_options(synchronize_session=False)
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


def recommended_for(
    session: Session, numbers: Collection[int], names: Collection[str]
) -> dict[str, list[str]]:
    """The same of products with these numbers of ours or names, also of those without a list."""
    other = aliased(Product)
    rows = session.execute(
        select(Product.external_id, other.external_id)
        .outerjoin(Recommendation, Recommendation.product_id == Product.id)
        .outerjoin(other, other.id == Recommendation.other_id)
        .where(among(Product.id, numbers) | among(Product.external_id, names))
        .order_by(Product.id, Recommendation.rank)
    )
    lists: dict[str, list[str]] = {}
    for product, name in rows:
        lists.setdefault(product, []).extend([] if name is None else [name])
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
