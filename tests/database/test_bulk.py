"""Writing many rows in one statement: types, conflicts and what is told of them."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DataError, IntegrityError

from database import bulk
from database.bulk import insert_rows
from database.models import Category, Order, Product
from tests.database.conftest import Scope
from tests.database.rows import NOON

UNIQUE = ("store_id", "external_id")


def tea(identifier: str, name: str = "Tea") -> dict[str, str | int | None]:
    return {"external_id": identifier, "name": name, "parent_external_id": None}


def test_every_type_comes_back_as_it_was(scope: Scope) -> None:
    row = {
        "external_id": "1",
        "number": "A-1 \"\\' ,{}\n😀",
        "status": "completed",
        "currency": "USD",
        "placed_at": NOON,
        "paid_at": None,
        "modified_at": NOON,
        "total": Decimal("9999999999999999.9999"),
        "kept_net": Decimal("0.0001"),
        "content": b"\x00\xff",
        "gone": False,
    }
    with scope() as session:
        insert_rows(session, Order, [row])
        insert_rows(
            session, Product, [{"external_id": "7", "name": "x", "category_ids": ("1", "a,b", '"')}]
        )
        kept = session.scalars(select(Order)).one()
        assert {name: getattr(kept, name) for name in row} == row
        assert session.scalars(select(Product.category_ids)).one() == ["1", "a,b", '"']


def test_a_row_that_is_there_is_refused_left_or_replaced(scope: Scope) -> None:
    with scope() as session:
        insert_rows(session, Category, [tea("1")])
        written = insert_rows(
            session,
            Category,
            [tea("1", "x"), tea("2")],
            unique=UNIQUE,
            replace=(),
            returning=("external_id",),
        )
        assert [row.external_id for row in written] == ["2"]
        insert_rows(session, Category, [tea("2", "Coffee")], unique=UNIQUE, replace=("name",))
        names = session.execute(select(Category.external_id, Category.name)).all()
        assert {tuple(row) for row in names} == {("1", "Tea"), ("2", "Coffee")}
    with pytest.raises(IntegrityError), scope() as session:
        insert_rows(session, Category, [tea("1")])


def test_rows_go_in_portions_and_none_is_missing(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "ROWS_PER_STATEMENT", 7)
    with scope() as session:
        written = insert_rows(
            session, Category, [tea(str(n)) for n in range(50)], returning=("external_id",)
        )
        assert len(written) == session.scalar(select(func.count()).select_from(Category)) == 50
        assert insert_rows(session, Category, []) == []


@pytest.mark.parametrize(
    ("column", "value"), [("name", "a\x00b"), ("name", "\ud800"), ("id", 2**63), ("id", 2**70)]
)
def test_a_value_that_no_column_takes_is_refused(
    scope: Scope, column: str, value: str | int
) -> None:
    with pytest.raises(DataError), scope() as session:
        insert_rows(session, Category, [tea("1") | {column: value}])


def test_rows_of_no_store_cannot_be_written(scope: Scope) -> None:
    with scope() as session:
        session.execute(select(func.set_config("bazgasht.store", "", True)))
        with pytest.raises(DataError):
            insert_rows(session, Category, [tea("1")])
        session.rollback()
