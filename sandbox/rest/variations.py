"""Routes of the variations of a product."""

from flask import Blueprint, Response

from sandbox import clock
from sandbox.errors import cannot_trash, not_found
from sandbox.operations import products
from sandbox.payloads.products import variation_payload
from sandbox.records import Product
from sandbox.rest import exchange, product_body, validation
from sandbox.store import Store

routes = Blueprint("variations", __name__)


def _parent(store: Store, product_id: int) -> Product:
    if product_id not in store.products:
        raise not_found("product")
    return store.products[product_id]


def _find(store: Store, product_id: int, variation_id: int) -> Product:
    if variation_id not in _parent(store, product_id).variation_ids:
        raise not_found("product_variation")
    return store.products[variation_id]


@routes.get("/products/<int:product_id>/variations")
def list_variations(product_id: int) -> Response:
    """GET products/<id>/variations."""
    validation.check_all(exchange.query(), exchange.PAGE_SCHEMA)
    store = exchange.services().store
    with store.lock:
        ids = _parent(store, product_id).variation_ids
        found = [store.products[variation_id] for variation_id in sorted(ids, reverse=True)]
    return exchange.page(found, lambda variation: variation_payload(store, variation))


@routes.post("/products/<int:product_id>/variations")
def create_variation(product_id: int) -> Response:
    """POST products/<id>/variations."""
    body = exchange.body()
    validation.check_all(body, product_body.VARIATION_SCHEMA)
    store = exchange.services().store
    with store.lock:
        parent = _parent(store, product_id)
        moment = clock.now()
        variation = Product(
            store.next_post_id(),
            parent.name,
            "",
            moment,
            moment,
            type="variation",
            parent_id=product_id,
        )
        product_body.write(store, variation, body)
        choices = ", ".join(values[0] for _name, values in variation.options)
        variation.name = f"{parent.name} - {choices}" if choices else parent.name
        variation.slug = products.slug_of(store, variation.name)
        products.create(store, variation)
        payload = variation_payload(store, variation)
    location = f"products/{product_id}/variations/{variation.id}"
    return exchange.answer(payload, 201, allow=exchange.COLLECTION_ALLOW, location=location)


@routes.get("/products/<int:product_id>/variations/<int:variation_id>")
def get_variation(product_id: int, variation_id: int) -> Response:
    """GET products/<id>/variations/<id>."""
    store = exchange.services().store
    with store.lock:
        payload = variation_payload(store, _find(store, product_id, variation_id))
    return exchange.answer(payload, allow=exchange.ITEM_ALLOW)


@routes.route(
    "/products/<int:product_id>/variations/<int:variation_id>", methods=["PUT", "POST", "PATCH"]
)
def update_variation(product_id: int, variation_id: int) -> Response:
    """PUT products/<id>/variations/<id>."""
    body = exchange.body()
    validation.check_all(body, product_body.VARIATION_SCHEMA)
    store = exchange.services().store
    with store.lock:
        variation = _find(store, product_id, variation_id)
        product_body.write(store, variation, body)
        products.changed(store, variation)
        # A write shows where the tax class comes from, a read what it is.
        payload = {**variation_payload(store, variation), "tax_class": "parent"}
    return exchange.answer(payload, allow=exchange.ITEM_ALLOW)


@routes.delete("/products/<int:product_id>/variations/<int:variation_id>")
def delete_variation(product_id: int, variation_id: int) -> Response:
    """DELETE products/<id>/variations/<id>, which needs force=true."""
    forced = exchange.force()
    store = exchange.services().store
    with store.lock:
        variation = _find(store, product_id, variation_id)
        if not forced:
            raise cannot_trash("Product variations")
        payload = variation_payload(store, variation)
        products.delete(store, variation)
    return exchange.answer(payload, allow=exchange.ITEM_ALLOW)
