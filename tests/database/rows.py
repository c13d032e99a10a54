"""Rows that the tests of the database need, made with as little as the tables ask for."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import Engine

from database.inbox import Incoming
from database.models import Store
from database.session import store_transaction
from retention.records import Order, OrderLine, Product, Refund

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def new_store(engine: Engine, name: str = "a", **columns: object) -> UUID:
    """An active store of this name."""
    store_id = uuid4()
    with store_transaction(engine, store_id) as session:
        session.add(
            Store(
                id=store_id,
                platform="woocommerce",
                url=f"https://{name}.test",
                settings={},
                **{"state": "active", **columns},
            )
        )
    return store_id


def event(store_id: UUID, key: str, body: bytes = b"{}", *, dead: str | None = None) -> Incoming:
    """An event that came in."""
    return Incoming(store_id, key, "order.updated", {}, body, dead)


def order(
    identifier: str = "1",
    *,
    status: str = "completed",
    modified_at: datetime = NOON,
    refunds: tuple[Refund, ...] = (),
) -> Order:
    """An order of one line over 12.50."""
    return Order(
        id=identifier,
        number=identifier,
        status=status,
        currency="USD",
        placed_at=NOON,
        paid_at=NOON,
        modified_at=modified_at,
        account_id=None,
        email="guest@example.test",
        phone=None,
        total=Decimal("12.50"),
        lines=(OrderLine("7", "70", "Beans", 1, Decimal("12.50")),),
        refunds=refunds,
    )


def product(
    identifier: str = "70", *, cross_sells: tuple[str, ...] = (), published: bool = True
) -> Product:
    """A product in category 5."""
    return Product(
        identifier,
        "Beans",
        published=published,
        visible=True,
        in_stock=True,
        category_ids=("5",),
        cross_sell_ids=cross_sells,
        modified_at=NOON,
    )
