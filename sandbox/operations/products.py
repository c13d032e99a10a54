"""The life of a product and of its variations."""

import re
from urllib.parse import quote

from sandbox import clock
from sandbox.records import Product
from sandbox.store import UNCATEGORIZED_ID, Store

TRASH_STATUS_KEY = "_wp_trash_meta_status"
TRASH_TIME_KEY = "_wp_trash_meta_time"


def slug_of(store: Store, name: str) -> str:
    """An address for a name that no other product has; other alphabets are %-encoded."""
    words = re.sub(r"[^\w]+", "-", name.lower()).strip("-_") or "product"
    base = quote(words).lower()
    taken = {product.slug for product in store.products.values()}
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def create(store: Store, product: Product) -> None:
    """Offer a new product: product.created."""
    if product.type != "variation" and not product.category_ids:
        product.category_ids = (UNCATEGORIZED_ID,)
    store.add_product(product)
    parent = store.products.get(product.parent_id)
    if parent is not None:
        parent.variation_ids = (*parent.variation_ids, product.id)
    store.fire("product.created", product.id)


def changed(store: Store, product: Product) -> None:
    """Note that a product was written: product.updated, even when nothing differs."""
    product.modified = clock.now()
    if product.manage_stock and product.stock_quantity is not None:
        product.stock_status = "instock" if product.stock_quantity > 0 else "outofstock"
    store.fire("product.updated", product.id)


def change_stock(store: Store, product_id: int, difference: int) -> bool:
    """Change the stock of a stock-managed product; False when it is not managed."""
    product = store.products.get(product_id)
    if product is None or not product.manage_stock or product.stock_quantity is None:
        return False
    product.stock_quantity += difference
    changed(store, product)
    return True


def trash(store: Store, product: Product) -> None:
    """Move a product to the trash: product.deleted, and coupon.deleted with its id."""
    moment = clock.now()
    product.meta = (
        *product.meta,
        store.new_meta(TRASH_STATUS_KEY, product.status),
        store.new_meta(TRASH_TIME_KEY, str(moment)),
    )
    product.status = "trash"
    product.modified = moment
    store.fire("coupon.deleted", product.id)
    store.fire("product.deleted", product.id)


def restore(store: Store, product: Product) -> None:
    """Take a product out of the trash by hand, as it was before: product.restored."""
    kept = {TRASH_STATUS_KEY, TRASH_TIME_KEY}
    product.status = next(str(row.value) for row in product.meta if row.key == TRASH_STATUS_KEY)
    product.meta = tuple(row for row in product.meta if row.key not in kept)
    product.modified = clock.now()
    store.fire("product.restored", product.id)


def delete(store: Store, product: Product) -> None:
    """Remove a product and its variations for good, which fires nothing."""
    for variation_id in product.variation_ids:
        store.drop_product(variation_id)
    parent = store.products.get(product.parent_id)
    if parent is not None:
        parent.variation_ids = tuple(v for v in parent.variation_ids if v != product.id)
    store.drop_product(product.id)
