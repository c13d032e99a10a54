"""Routes of orders."""

from typing import Any

from flask import Blueprint, Response

from sandbox import clock
from sandbox.errors import already_trashed, not_found
from sandbox.operations import orders
from sandbox.payloads.common import Payload
from sandbox.payloads.orders import order_payload
from sandbox.records import Order
from sandbox.rest import batch, exchange, order_body, order_query, validation

routes = Blueprint("orders", __name__)
POST_TYPE = "shop_order"


def find(order_id: int, missing_status: int = 404) -> Order:
    """The order of an id; raises RestError when there is none."""
    order = exchange.services().store.orders.get(order_id)
    if order is None:
        raise not_found(POST_TYPE, missing_status)
    return order


def create(body: dict[str, Any]) -> Payload:
    """Place an order as a body tells."""
    store = exchange.services().store
    moment = clock.now()
    order = Order(
        id=store.next_post_id(),
        status="pending",
        currency=store.settings.currency,
        created=moment,
        modified=moment,
        customer_id=0,
        billing={},
        shipping={},
        lines=(),
    )
    order_body.write(store, order, body)
    order.status = str(body.get("status") or "pending")
    orders.place(store, order, set_paid=validation.truth(body.get("set_paid", "")))
    return order_payload(store, order)


def update(order_id: object, body: dict[str, Any]) -> Payload:
    """Change an order as a body tells."""
    store = exchange.services().store
    order = find(batch.as_id(order_id), 400)
    draft = orders.copy(order)
    order_body.write(store, draft, body)
    status = body.get("status")
    orders.changed(store, draft, None if status is None else str(status))
    if validation.truth(body.get("set_paid", "")):
        orders.pay(store, draft)
    return order_payload(store, draft)


def delete(order_id: object) -> Payload:
    """Remove an order for good."""
    store = exchange.services().store
    order = find(batch.as_id(order_id))
    payload = order_payload(store, order)
    orders.delete(store, order)
    return payload


@routes.get("/orders")
def list_orders() -> Response:
    """GET orders."""
    validation.check_all(exchange.query(), order_query.SCHEMA)
    services = exchange.services()
    found = order_query.find(services)
    return exchange.page(found, lambda order: order_payload(services.store, order))


@routes.post("/orders")
def create_order() -> Response:
    """POST orders."""
    body = exchange.body()
    validation.check_all(body, order_body.SCHEMA)
    with exchange.services().store.lock:
        payload = create(body)
    location = f"orders/{payload['id']}"
    return exchange.answer(payload, 201, allow=exchange.COLLECTION_ALLOW, location=location)


@routes.get("/orders/<int:order_id>")
def get_order(order_id: int) -> Response:
    """GET orders/<id>."""
    store = exchange.services().store
    with store.lock:
        payload = order_payload(store, find(order_id))
    return exchange.answer(exchange.only_fields(payload), allow=exchange.ITEM_ALLOW)


@routes.route("/orders/<int:order_id>", methods=["PUT", "POST", "PATCH"])
def update_order(order_id: int) -> Response:
    """PUT orders/<id>."""
    body = exchange.body()
    validation.check_all(body, order_body.SCHEMA)
    with exchange.services().store.lock:
        payload = update(order_id, body)
    return exchange.answer(payload, allow=exchange.ITEM_ALLOW)


@routes.delete("/orders/<int:order_id>")
def delete_order(order_id: int) -> Response:
    """DELETE orders/<id>: to the trash, or for good with force=true."""
    forced = exchange.force()
    store = exchange.services().store
    with store.lock:
        order = find(order_id)
        if forced:
            return exchange.answer(delete(order_id), allow=exchange.ITEM_ALLOW)
        if order.status == "trash":
            raise already_trashed(POST_TYPE)
        payload = order_payload(store, order)
        orders.trash(store, order)
    return exchange.answer(payload, allow=exchange.ITEM_ALLOW)


@routes.route("/orders/batch", methods=["POST", "PUT", "PATCH"])
def batch_orders() -> Response:
    """POST orders/batch."""
    with exchange.services().store.lock:
        return batch.run(create, update, delete)
