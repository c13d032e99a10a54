"""Routes of product categories."""

from flask import Blueprint, Response

from sandbox.errors import RestError
from sandbox.operations import products
from sandbox.payloads.categories import category_payload
from sandbox.records import Category
from sandbox.rest import exchange, validation
from sandbox.store import Store

routes = Blueprint("categories", __name__)
LIST_SCHEMA: dict[str, validation.Check] = {
    **exchange.PAGE_SCHEMA,
    "orderby": validation.one_of(
        "id", "include", "name", "slug", "term_group", "description", "count"
    ),
    "parent": validation.integer,
    "hide_empty": validation.boolean,
    "include": validation.list_of(validation.integer),
    "exclude": validation.list_of(validation.integer),
}


def _listed(store: Store) -> list[Category]:
    parameters = exchange.query()
    ids = exchange.selected(store.categories)
    found = [category for category in store.categories.values() if category.id in ids]
    if parameters.get("parent") is not None:
        parent = int(str(parameters["parent"]))
        found = [category for category in found if category.parent == parent]
    if validation.truth(parameters.get("hide_empty", "")):
        found = [category for category in found if store.products_by_category.get(category.id)]
    by_id = parameters.get("orderby") == "id"
    descending = parameters.get("order") == "desc"
    if by_id:
        return sorted(found, key=lambda category: category.id, reverse=descending)
    return sorted(found, key=lambda category: category.name.lower(), reverse=descending)


@routes.get("/products/categories")
def list_categories() -> Response:
    """GET products/categories."""
    validation.check_all(exchange.query(), LIST_SCHEMA)
    store = exchange.services().store
    with store.lock:
        found = _listed(store)
    return exchange.page(found, lambda category: category_payload(store, category))


@routes.post("/products/categories")
def create_category() -> Response:
    """POST products/categories."""
    body = exchange.body()
    validation.require(body, "name")
    schema = {"name": validation.string, "parent": validation.integer}
    validation.check_all(body, schema)
    store = exchange.services().store
    with store.lock:
        parent = int(body.get("parent") or 0)
        if parent and parent not in store.categories:
            raise RestError("woocommerce_rest_term_invalid", "Parent is invalid.", 404)
        name = str(body["name"])
        slug = str(body.get("slug") or products.slug_of(store, name))
        payload = category_payload(store, store.add_category(name, slug=slug, parent=parent))
    location = f"products/categories/{payload['id']}"
    return exchange.answer(payload, 201, allow=exchange.COLLECTION_ALLOW, location=location)


@routes.get("/products/categories/<int:category_id>")
def get_category(category_id: int) -> Response:
    """GET products/categories/<id>."""
    store = exchange.services().store
    with store.lock:
        if category_id not in store.categories:
            raise RestError("woocommerce_rest_term_invalid", "Resource does not exist.", 404)
        payload = category_payload(store, store.categories[category_id])
    return exchange.answer(exchange.only_fields(payload), allow=exchange.ITEM_ALLOW)
