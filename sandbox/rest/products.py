"""Routes of products."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from sandbox import clock
from sandbox.errors import RestError, already_trashed, not_found
from sandbox.operations import products
from sandbox.payloads.common import Payload
from sandbox.payloads.products import product_payload, written_product_payload
from sandbox.records import Product
from sandbox.rest import batch, exchange, php_query, product_body, validation
from sandbox.store import Store

routes = Blueprint("products", __name__)
LIST_SCHEMA: dict[str, validation.Check] = {
    **exchange.PAGE_SCHEMA,
    "orderby": validation.one_of(
        "date",
        "id",
        "include",
        "title",
        "slug",
        "modified",
        "popularity",
        "rating",
        "price",
        "menu_order",
    ),
    "status": validation.list_of(
        validation.one_of(
            "any", "future", "trash", "draft", "pending", "private", "publish", "auto-draft"
        )
    ),
    "include": validation.list_of(validation.integer),
    "exclude": validation.list_of(validation.integer),
    "parent": validation.list_of(validation.integer),
    "modified_after": validation.moment,
    "modified_before": validation.moment,
    "after": validation.moment,
    "before": validation.moment,
    "dates_are_gmt": validation.boolean,
}
SORT_KEYS: dict[str, Callable[[Product], tuple[int | str, ...]]] = {
    "date": lambda product: (product.created, product.id),
    "id": lambda product: (product.id,),
    "modified": lambda product: (product.modified, product.id),
    "title": lambda product: (product.name.lower(), product.id),
    "slug": lambda product: (product.slug, product.id),
    "popularity": lambda product: (product.total_sales, product.id),
    "menu_order": lambda product: (product.menu_order, product.id),
}


def find(product_id: int, missing_status: int = 404) -> Product:
    """The product of an id; raises RestError for none and for a variation."""
    product = exchange.services().store.products.get(product_id)
    if product is None:
        raise not_found("product", missing_status)
    if product.type == "variation":
        raise RestError(
            "woocommerce_rest_invalid_product_id",
            "To manipulate product variations you should use the "
            "/products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint.",
            404,
        )
    return product


def create(body: dict[str, Any]) -> Payload:
    """Offer a product as a body tells."""
    store = exchange.services().store
    moment = clock.now()
    name = str(body.get("name") or "Product")
    slug = products.slug_of(store, name)
    product = Product(store.next_post_id(), name, slug, moment, moment)
    product_body.write(store, product, body)
    products.create(store, product)
    return written_product_payload(store, product)


def update(product_id: object, body: dict[str, Any]) -> Payload:
    """Change a product as a body tells."""
    store = exchange.services().store
    product = find(batch.as_id(product_id), 400)
    product_body.write(store, product, body)
    products.changed(store, product)
    return written_product_payload(store, product)


def delete(product_id: object) -> Payload:
    """Remove a product for good."""
    store = exchange.services().store
    product = find(batch.as_id(product_id))
    payload = written_product_payload(store, product)
    products.delete(store, product)
    return payload


def _listed(store: Store) -> list[Product]:
    parameters = exchange.query()
    statuses = set(php_query.texts(parameters.get("status"))) or {"any"}
    ids = exchange.selected(store.products)
    if parameters.get("category"):
        wanted = exchange.integers("category")
        ids &= {i for c in wanted for i in store.products_by_category.get(c, ())}
    tests = [*_text_tests(), *_date_tests(store)]
    return [
        product
        for product in store.products.values()
        if product.id in ids
        and product.type != "variation"
        and ("any" in statuses or product.status in statuses)
        and (product.status != "trash" or "trash" in statuses)
        and all(test(product) for test in tests)
    ]


def _text_tests() -> list[Callable[[Product], bool]]:
    parameters = exchange.query()
    tests: list[Callable[[Product], bool]] = []
    if parameters.get("search"):
        search = str(parameters["search"]).lower()
        tests.append(lambda product: search in product.name.lower())
    exact = (name for name in ("sku", "slug", "type") if parameters.get(name))
    return tests + [_is_one_of(name, php_query.texts(parameters[name])) for name in exact]


def _is_one_of(name: str, wanted: list[str]) -> Callable[[Product], bool]:
    return lambda product: getattr(product, name) in wanted


def _date_tests(store: Store) -> list[Callable[[Product], bool]]:
    parameters = exchange.query()
    gmt = validation.truth(parameters.get("dates_are_gmt", ""))
    zone = clock.UTC_ZONE if gmt else store.zone
    bounds = {
        name: clock.read(str(parameters[name]), zone)
        for name in ("after", "before", "modified_after", "modified_before")
        if parameters.get(name)
    }
    tests: dict[str, Callable[[Product], bool]] = {
        "after": lambda product: product.created > bounds["after"],
        "before": lambda product: product.created < bounds["before"],
        "modified_after": lambda product: product.modified > bounds["modified_after"],
        "modified_before": lambda product: product.modified < bounds["modified_before"],
    }
    return [tests[name] for name in bounds]


def _sorted(found: list[Product]) -> list[Product]:
    parameters = exchange.query()
    by = str(parameters.get("orderby", "date"))
    if by == "include":
        places = {
            product_id: place for place, product_id in enumerate(exchange.integers("include"))
        }
        return sorted(found, key=lambda product: places.get(product.id, len(places)))
    descending = parameters.get("order", "desc") == "desc"
    return sorted(found, key=SORT_KEYS.get(by, SORT_KEYS["date"]), reverse=descending)


@routes.get("/products")
def list_products() -> Response:
    """GET products."""
    validation.check_all(exchange.query(), LIST_SCHEMA)
    store = exchange.services().store
    with store.lock:
        found = _sorted(_listed(store))
    return exchange.page(found, lambda product: product_payload(store, product))


@routes.post("/products")
def create_product() -> Response:
    """POST products."""
    body = exchange.body()
    validation.check_all(body, product_body.SCHEMA)
    with exchange.services().store.lock:
        payload = create(body)
    location = f"products/{payload['id']}"
    return exchange.answer(payload, 201, allow=exchange.COLLECTION_ALLOW, location=location)


@routes.get("/products/<int:product_id>")
def get_product(product_id: int) -> Response:
    """GET products/<id>, which shows a variation too."""
    store = exchange.services().store
    with store.lock:
        if product_id not in store.products:
            raise not_found("product")
        payload = product_payload(store, store.products[product_id])
    return exchange.answer(exchange.only_fields(payload), allow=exchange.ITEM_ALLOW)


@routes.route("/products/<int:product_id>", methods=["PUT", "POST", "PATCH"])
def update_product(product_id: int) -> Response:
    """PUT products/<id>."""
    body = exchange.body()
    validation.check_all(body, product_body.SCHEMA)
    with exchange.services().store.lock:
        payload = update(product_id, body)
    return exchange.answer(payload, allow=exchange.ITEM_ALLOW)


@routes.delete("/products/<int:product_id>")
def delete_product(product_id: int) -> Response:
    """DELETE products/<id>: to the trash, or for good with force=true."""
    forced = exchange.force()
    store = exchange.services().store
    with store.lock:
        product = find(product_id)
        if forced:
            return exchange.answer(delete(product_id), allow=exchange.ITEM_ALLOW)
        if product.status == "trash":
            raise already_trashed("product")
        payload = written_product_payload(store, product)
        products.trash(store, product)
    return exchange.answer(payload, allow=exchange.ITEM_ALLOW)


@routes.route("/products/batch", methods=["POST", "PUT", "PATCH"])
def batch_products() -> Response:
    """POST products/batch."""
    with exchange.services().store.lock:
        return batch.run(create, update, delete)
