"""Routes of refunds."""

from typing import Any

from flask import Blueprint, Response

from sandbox import money
from sandbox.errors import RestError, cannot_trash
from sandbox.operations import refunds
from sandbox.payloads.refunds import refund_payload
from sandbox.records import Refund
from sandbox.rest import exchange, orders, validation

routes = Blueprint("refunds", __name__)
ALLOW = "GET, DELETE"
SCHEMA: dict[str, validation.Check] = {
    "amount": validation.string,
    "reason": validation.string,
    "api_refund": validation.boolean,
    "api_restock": validation.boolean,
    "line_items": validation.list_of(validation.json_object),
}
# WooCommerce puts the route's pattern, not the order's id, into the Location header.
LOCATION = "orders/(?P<order_id>[\\d]+)/refunds/{refund_id}"


def _find(order_id: int, refund_id: int) -> Refund:
    order = orders.find(order_id)
    if refund_id not in order.refund_ids:
        raise RestError("woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID.", 404)
    return exchange.services().store.refunds[refund_id]


def _request(body: dict[str, Any]) -> refunds.RefundRequest:
    decimals = exchange.services().store.settings.decimals
    try:
        lines = tuple(
            (
                int(item.get("id", 0)),
                int(item.get("quantity", 0)),
                money.from_text(item.get("refund_total", 0), decimals),
            )
            for item in body.get("line_items") or []
        )
        given = body.get("amount")
        amount = (
            sum(total for _id, _quantity, total in lines)
            if given is None
            else money.from_text(given, decimals)
        )
    except ValueError as error:
        raise RestError("woocommerce_rest_invalid_order_refund", f"{error}.", 400) from None
    return refunds.RefundRequest(
        amount=amount,
        reason=str(body.get("reason") or ""),
        lines=lines,
        refunded_by=exchange.user().id,
        refunded_payment=False,
        restock=validation.truth(body.get("api_restock", "true")),
    )


@routes.get("/orders/<int:order_id>/refunds")
def list_refunds(order_id: int) -> Response:
    """GET orders/<id>/refunds."""
    validation.check_all(exchange.query(), exchange.PAGE_SCHEMA)
    store = exchange.services().store
    with store.lock:
        ids = sorted(orders.find(order_id).refund_ids, reverse=True)
        found = [store.refunds[refund_id] for refund_id in ids]
    return exchange.page(found, lambda refund: refund_payload(store, refund))


@routes.post("/orders/<int:order_id>/refunds")
def create_refund(order_id: int) -> Response:
    """POST orders/<id>/refunds."""
    body = exchange.body()
    validation.check_all(body, SCHEMA)
    store = exchange.services().store
    with store.lock:
        order = orders.find(order_id)
        refund = refunds.create(store, order, _request(body))
        payload = refund_payload(store, refund)
    location = LOCATION.format(refund_id=refund.id)
    return exchange.answer(payload, 201, allow=exchange.COLLECTION_ALLOW, location=location)


@routes.get("/orders/<int:order_id>/refunds/<int:refund_id>")
def get_refund(order_id: int, refund_id: int) -> Response:
    """GET orders/<id>/refunds/<id>."""
    store = exchange.services().store
    with store.lock:
        payload = refund_payload(store, _find(order_id, refund_id))
    return exchange.answer(payload, allow=ALLOW)


@routes.delete("/orders/<int:order_id>/refunds/<int:refund_id>")
def delete_refund(order_id: int, refund_id: int) -> Response:
    """DELETE orders/<id>/refunds/<id>, which needs force=true."""
    forced = exchange.force()
    store = exchange.services().store
    with store.lock:
        refund = _find(order_id, refund_id)
        if not forced:
            raise cannot_trash("Order refunds")
        payload = refund_payload(store, refund)
        refunds.delete(store, orders.find(order_id), refund)
    return exchange.answer(payload, allow=ALLOW)
