"""The life of a product category, of which a store tells nothing."""

from sandbox.store import UNCATEGORIZED_ID, Store


def change(
    store: Store, category_id: int, *, name: str | None = None, parent: int | None = None
) -> None:
    """Rename a category or move it below another one."""
    with store.lock:
        category = store.categories[category_id]
        category.name = category.name if name is None else name
        category.parent = category.parent if parent is None else parent


def delete(store: Store, category_id: int) -> None:
    """Delete a category: those below it move up, and products without another are uncategorized.

    The products' dates stay as they are.
    """
    with store.lock:
        gone = store.categories.pop(category_id)
        for category in store.categories.values():
            if category.parent == category_id:
                category.parent = gone.parent
        for product_id in sorted(store.products_by_category.pop(category_id, ())):
            product = store.products[product_id]
            rest = tuple(one for one in product.category_ids if one != category_id)
            store.file_product(product, rest or (UNCATEGORIZED_ID,))
