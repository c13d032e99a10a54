"""Products and categories of the store in scope."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import any_, delete, literal, select, text
from sqlalchemy.orm import Session

from database import outbox
from database.bulk import among, insert_rows
from database.models import Category, Product
from database.versions import digest
from retention.records import Category as CategoryRecord
from retention.records import Product as ProductRecord

# No state has this digest, so the next reading is applied whatever its date.
UNKNOWN = b""

PRODUCT_COLUMNS = (
    "name",
    "published",
    "visible",
    "in_stock",
    "category_ids",
    "cross_sell_ids",
    "modified_at",
    "content",
    "gone",
    "skus",
)


def save_products(session: Session, products: Sequence[ProductRecord]) -> bool:
    """Keep the products' newest states, and note those whose cross-sells need another look.

    Returns whether anything changed that recommendations and categories are computed from.
    """
    before = _computed_from(session, products)
    insert_rows(
        session,
        Product,
        [_product_row(product) for product in products],
        unique=("store_id", "external_id"),
        replace=PRODUCT_COLUMNS,
    )
    outbox.reconsider_cross_sells(
        session,
        {product.id: list(product.cross_sell_ids) for product in products if product.published},
    )
    return any(
        before.get(product.id) != (product.recommendable, product.category_ids)
        for product in products
    )


def _computed_from(
    session: Session, products: Sequence[ProductRecord]
) -> dict[str, tuple[bool, tuple[str, ...]]]:
    rows = session.execute(
        select(
            Product.external_id,
            Product.published & Product.visible & Product.in_stock,
            Product.category_ids,
        ).where(among(Product.external_id, [product.id for product in products]))
    )
    return {row[0]: (row[1], tuple(row[2])) for row in rows}


def _product_row(product: ProductRecord) -> dict[str, Any]:
    return {
        "external_id": product.id,
        "name": product.name,
        "published": product.published,
        "visible": product.visible,
        "in_stock": product.in_stock,
        "category_ids": product.category_ids,
        "cross_sell_ids": product.cross_sell_ids,
        "modified_at": product.modified_at,
        "content": digest(product),
        "gone": False,
        "skus": product.skus,
    }


def mark_products_gone(session: Session, identifiers: Iterable[str]) -> None:
    """Note that the store no longer has these products, also those we never saw.

    Orders keep referring to them, and an event that comes late does not revive them.
    """
    insert_rows(
        session,
        Product,
        [
            {"external_id": key, "name": "", "published": False, "content": b"", "gone": True}
            for key in sorted(identifiers)
        ],
        unique=("store_id", "external_id"),
        replace=("published", "content", "gone"),
    )


def product_numbers(session: Session, names: Mapping[str, str]) -> dict[str, int]:
    """Our number of each product, by the store's identifier.

    `names` maps identifier to name; a product that only an order's line has named so far gets a
    row without content, to be filled when the product itself is read.
    """
    insert_rows(
        session,
        Product,
        [{"external_id": key, "name": name} for key, name in sorted(names.items())],
        unique=("store_id", "external_id"),
        replace=(),
    )
    rows = session.execute(
        select(Product.external_id, Product.id).where(among(Product.external_id, names))
    )
    return {row.external_id: row.id for row in rows}


def cross_sells_in_store(
    session: Session, products: Iterable[str], *, unpublished: bool
) -> dict[str, list[str]]:
    """The list of each product as the store last had it.

    Products that are gone or never were read are left out, and on demand the `unpublished` too.
    """
    statement = select(Product.external_id, Product.cross_sell_ids).where(
        among(Product.external_id, products),
        Product.content.is_not(None),
        Product.gone.is_(False),
    )
    if not unpublished:
        statement = statement.where(Product.published.is_(True))
    return {row.external_id: row.cross_sell_ids for row in session.execute(statement)}


def unread_products(session: Session, limit: int) -> Sequence[str]:
    """Products that only orders have named so far, or that lay in a category that is gone."""
    return session.scalars(
        select(Product.external_id)
        .where(Product.content.is_(None) | (Product.content == UNKNOWN), Product.gone.is_(False))
        .limit(limit)
    ).all()


def present_products(session: Session) -> set[str]:
    """Every product that the store still had when it was last read."""
    return set(session.scalars(select(Product.external_id).where(Product.gone.is_(False))))


def published_products(session: Session) -> set[str]:
    """Every product that a shopper may be looking at."""
    return set(session.scalars(select(Product.external_id).where(Product.published.is_(True))))


def save_categories(session: Session, records: Sequence[CategoryRecord]) -> bool:
    """Keep the categories' newest states; whether any differs from what was known."""
    known = {record for _, record in categories(session).values()}
    if known.issuperset(records):
        return False
    insert_rows(
        session,
        Category,
        [
            {
                "external_id": category.id,
                "name": category.name,
                "parent_external_id": category.parent_id,
            }
            for category in records
        ],
        unique=("store_id", "external_id"),
        replace=("name", "parent_external_id"),
    )
    return True


def remove_categories(session: Session, identifiers: Sequence[str]) -> bool:
    """Forget categories that the store no longer has; whether products lay in any of them.

    These lie in the rest of their categories until they are read again: the store may have put
    them elsewhere, without changing their date.
    """
    session.execute(
        delete(Category)
        .where(among(Category.external_id, identifiers))
        .execution_options(synchronize_session=False)
    )
    moved = session.execute(
        text(
            "UPDATE products SET content = :unknown, category_ids = "
            "ARRAY(SELECT one FROM unnest(category_ids) WITH ORDINALITY AS all_of(one, place) "
            "WHERE one <> ALL(:gone) ORDER BY place) "
            "WHERE category_ids && CAST(:gone AS varchar[]) AND NOT gone RETURNING id"
        ),
        {"gone": list(identifiers), "unknown": UNKNOWN},
    )
    return bool(moved.all())


def present_categories(session: Session) -> set[str]:
    """Every category that the store still had when it was last asked."""
    return set(session.scalars(select(Category.external_id)))


def products_in(session: Session, category: str) -> set[str]:
    """The products that lie in a category."""
    return set(
        session.scalars(
            select(Product.external_id).where(
                literal(category) == any_(Product.category_ids), Product.gone.is_(False)
            )
        )
    )


def has_unknown_categories(session: Session, products: Sequence[ProductRecord]) -> bool:
    """Whether any of these products lies in a category that was never read."""
    named = {category for product in products for category in product.category_ids}
    known = session.scalars(
        select(Category.external_id).where(among(Category.external_id, named))
    ).all()
    return len(known) < len(named)


def categories(session: Session) -> dict[str, tuple[int, CategoryRecord]]:
    """Every category of the store in scope with our number, by the store's identifier."""
    return {
        row.external_id: (
            row.id,
            CategoryRecord(row.external_id, row.name, row.parent_external_id),
        )
        for row in session.scalars(select(Category))
    }
