"""What a merchant pins to and bans from lists, and finding the products that are meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from sqlalchemy import ColumnElement, any_, delete, func, or_, select
from sqlalchemy.orm import Session, aliased

from database.bulk import insert_rows
from database.models import Product, ProductChoice
from retention import columns
from retention.listing import EVERY_LIST

Kind = Literal["pin", "ban"]
MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice in words; `of` is the product whose list it is, None for every list."""

    kind: Kind
    product: str
    identifier: str
    of: str | None


def product_number(session: Session, words: str) -> int:
    """Our number of the product that is meant by its identifier, stock number or name.

    With "id:", "sku:" or "name:" before them the words can only mean that; upper and lower case
    are alike in names.

    Raises:
        LookupError: no product is meant, or several are; it names them.
    """
    found = session.execute(
        select(Product.id, Product.external_id, Product.name)
        .where(_meant(words), Product.gone.is_(False))
        .order_by(Product.id)
        .limit(MOST_NAMED + 1)
    ).all()
    if not found:
        raise LookupError(f"no product has the identifier, stock number or name {words!r}")
    if len(found) > 1:
        named = ", ".join(f"{row.name} (id:{row.external_id})" for row in found[:MOST_NAMED])
        more = " and more" if len(found) > MOST_NAMED else ""
        raise LookupError(f"{words!r} may mean {named}{more}; give one of them as id:…")
    return int(found[0].id)


def _meant(words: str) -> ColumnElement[bool]:
    kind, sign, rest = words.partition(":")
    asked = rest if sign and kind in ("id", "sku", "name") else words
    # An identifier on Shopify is a path, of which people know the number at the end.
    ways: dict[str, ColumnElement[bool]] = {
        "id": or_(
            Product.external_id == asked, func.split_part(Product.external_id, "/", 5) == asked
        ),
        "sku": any_(Product.skus) == asked,
        "name": func.lower(Product.name) == asked.lower(),
    }
    if asked != words:
        return ways[kind]
    return or_(*ways.values())


def choose(session: Session, kind: Kind, product: int, of: int = EVERY_LIST) -> None:
    """Pin or ban a product in one list or in every one; what was chosen before is replaced."""
    drop(session, product, of)
    insert_rows(
        session,
        ProductChoice,
        [{"product_id": product, "list_id": of, "kind": kind}],
        unique=("store_id", "product_id", "list_id"),
        replace=(),
    )


def drop(session: Session, product: int, of: int = EVERY_LIST, kind: Kind | None = None) -> bool:
    """Forget what was chosen, of that kind if one is given; whether there was anything."""
    chosen = delete(ProductChoice).where(
        ProductChoice.product_id == product, ProductChoice.list_id == of
    )
    if kind is not None:
        chosen = chosen.where(ProductChoice.kind == kind)
    return bool(session.execute(chosen.returning(ProductChoice.product_id)).all())


def table(session: Session) -> pl.DataFrame:
    """Every choice of the store in scope: `retention.columns.CHOICES`."""
    rows: Sequence[Any] = session.execute(
        select(ProductChoice.list_id, ProductChoice.product_id, ProductChoice.kind).order_by(
            ProductChoice.number
        )
    ).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=columns.CHOICES, orient="row")


def listing(session: Session) -> list[Choice]:
    """Every choice of the store in scope, in words: every list first, then in their order."""
    product, of = aliased(Product), aliased(Product)
    rows = session.execute(
        select(ProductChoice.kind, product.name, product.external_id, of.name.label("of"))
        .join(product, product.id == ProductChoice.product_id)
        .outerjoin(of, of.id == ProductChoice.list_id)
        .order_by(ProductChoice.list_id, ProductChoice.kind, ProductChoice.number)
    )
    return [Choice(row.kind, row.name, row.external_id, row.of) for row in rows]
