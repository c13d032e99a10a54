"""What the store in scope knows of orders and products that a file names."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from database.models import Order, Product


@dataclass(slots=True)
class Catalogue:
    """The store's products by identifier, SKU and name; what several have names none."""

    identifiers: set[str] = field(default_factory=set)
    by_sku: dict[str, str | None] = field(default_factory=dict)
    by_name: dict[str, str | None] = field(default_factory=dict)


def catalogue(session: Session) -> Catalogue:
    """Every product that was ever read from the store."""
    found = Catalogue()
    rows = session.execute(
        select(Product.external_id, Product.name, Product.skus).where(Product.content.is_not(None))
    )
    for identifier, name, skus in rows:
        found.identifiers.add(identifier)
        for sku in {one.strip() for one in skus}:
            found.by_sku[sku] = None if sku in found.by_sku else identifier
        if name:
            found.by_name[name] = None if name in found.by_name else identifier
    return found


def orders_by_number(session: Session, numbers: Iterable[str]) -> dict[str, str]:
    """The store's identifier of the order of each of these numbers."""
    rows = session.execute(
        select(Order.number, Order.external_id).where(
            Order.number.in_(list(numbers)), Order.gone.is_(False)
        )
    )
    return {row.number: row.external_id for row in rows}
