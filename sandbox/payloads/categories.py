"""Bodies of product categories."""

from sandbox.payloads.common import Payload, links
from sandbox.records import Category
from sandbox.store import Store


def term_name(category: Category) -> str:
    """The name as WordPress keeps it, with an ampersand as an HTML entity."""
    return category.name.replace("&", "&amp;")


def category_payload(store: Store, category: Category) -> Payload:
    """The body of GET products/categories/<id>."""
    found = links(store, "products/categories", category.id)
    if category.parent:
        up = f"{store.url}/wp-json/wc/v3/products/categories/{category.parent}"
        found["up"] = [{"href": up}]
    return {
        "id": category.id,
        "name": term_name(category),
        "slug": category.slug,
        "parent": category.parent,
        "description": category.description,
        "display": "default",
        "image": None,
        "menu_order": 0,
        "count": len(store.products_by_category.get(category.id, ())),
        "_links": found,
    }
