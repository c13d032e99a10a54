"""Routes of coupons."""

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, Response

from sandbox import clock
from sandbox.errors import RestError, already_trashed, not_found
from sandbox.operations import coupons
from sandbox.operations.meta import merged
from sandbox.payloads.common import Payload
from sandbox.payloads.coupons import coupon_payload
from sandbox.records import Coupon
from sandbox.rest import batch, exchange, validation
from sandbox.store import Store

routes = Blueprint("coupons", __name__)
POST_TYPE = "shop_coupon"
LIST_SCHEMA: dict[str, validation.Check] = {
    **exchange.PAGE_SCHEMA,
    "code": validation.string,
}
SCHEMA: dict[str, validation.Check] = {
    "code": validation.string,
    "amount": validation.string,
    "discount_type": validation.one_of("percent", "fixed_cart", "fixed_product"),
    "description": validation.string,
    "date_expires": validation.moment,
    "individual_use": validation.boolean,
    "product_ids": validation.list_of(validation.integer),
    "usage_limit": validation.integer,
    "usage_limit_per_user": validation.integer,
    "minimum_amount": validation.string,
    "email_restrictions": validation.list_of(validation.string),
    "meta_data": validation.list_of(validation.json_object),
}
Body = dict[str, Any]


def find(coupon_id: int, missing_status: int = 404) -> Coupon:
    """The coupon of an id; raises RestError when there is none."""
    coupon = exchange.services().store.coupons.get(coupon_id)
    if coupon is None:
        raise not_found(POST_TYPE, missing_status)
    return coupon


def create(body: Body) -> Payload:
    """Make a coupon as a body tells; its code is kept in lower case."""
    store = exchange.services().store
    code = str(body.get("code") or "").lower()
    if coupons.named(store, code) is not None:
        raise _taken()
    moment = clock.now()
    coupon = Coupon(store.next_post_id(), code, moment, moment)
    _write(store, coupon, body)
    coupons.create(store, coupon)
    return coupon_payload(store, coupon)


def update(coupon_id: object, body: Body) -> Payload:
    """Change a coupon as a body tells."""
    store = exchange.services().store
    coupon = find(batch.as_id(coupon_id), 400)
    holder = coupons.named(store, str(body.get("code") or coupon.code))
    if holder is not None and holder.id != coupon.id:
        raise _taken()
    _write(store, coupon, body)
    coupons.changed(store, coupon)
    return coupon_payload(store, coupon)


def delete(coupon_id: object) -> Payload:
    """Remove a coupon for good."""
    store = exchange.services().store
    coupon = find(batch.as_id(coupon_id))
    coupons.delete(store, coupon)
    return coupon_payload(store, coupon)


def _taken() -> RestError:
    code = "woocommerce_rest_coupon_code_already_exists"
    return RestError(code, "The coupon code already exists", 400)


def _write(store: Store, coupon: Coupon, body: Body) -> None:
    amounts = {name: _amount(body, name) for name in ("amount", "minimum_amount")}
    kind = str(body.get("discount_type") or coupon.discount_type)
    amount = coupon.amount if amounts["amount"] is None else amounts["amount"]
    if kind == "percent" and amount > 100:
        raise RestError("coupon_invalid_amount", "Invalid discount amount.", 400)
    coupon.discount_type, coupon.amount = kind, amount
    if amounts["minimum_amount"] is not None:
        coupon.minimum_amount = amounts["minimum_amount"]
    if body.get("code"):
        coupon.code = str(body["code"]).lower()
    coupon.description = str(body.get("description") or coupon.description)
    if "individual_use" in body:
        coupon.individual_use = validation.truth(body["individual_use"])
    _write_limits(store, coupon, body)
    if isinstance(body.get("meta_data"), list):
        coupon.meta = merged(store, coupon.meta, body["meta_data"])


def _write_limits(store: Store, coupon: Coupon, body: Body) -> None:
    if "date_expires" in body:
        expires = body["date_expires"]
        coupon.expires = clock.read(str(expires), store.zone) if expires else None
    for name in ("usage_limit", "usage_limit_per_user"):
        if name in body:
            setattr(coupon, name, int(body[name] or 0) or None)
    if body.get("product_ids") is not None:
        coupon.product_ids = tuple(map(int, body["product_ids"]))
    if body.get("email_restrictions") is not None:
        coupon.email_restrictions = coupons.kept_addresses(body["email_restrictions"])


def _amount(body: Body, name: str) -> Decimal | None:
    if body.get(name) is None:
        return None
    try:
        return Decimal(str(body[name]) or "0")
    except InvalidOperation:
        raise RestError("coupon_invalid_amount", "Invalid discount amount.", 400) from None


@routes.get("/coupons")
def list_coupons() -> Response:
    """GET coupons."""
    validation.check_all(exchange.query(), LIST_SCHEMA)
    store = exchange.services().store
    code = str(exchange.query().get("code") or "")
    with store.lock:
        named = coupons.named(store, code) if code else None
        found = [named] if named else []
        if not code:
            published = (one for one in store.coupons.values() if one.status == "publish")
            found = sorted(published, key=lambda coupon: coupon.id, reverse=True)
    return exchange.page(found, lambda coupon: coupon_payload(store, coupon))


@routes.post("/coupons")
def create_coupon() -> Response:
    """POST coupons."""
    body = exchange.body()
    validation.require(body, "code")
    validation.check_all(body, SCHEMA)
    with exchange.services().store.lock:
        payload = create(body)
    location = f"coupons/{payload['id']}"
    return exchange.answer(payload, 201, allow=exchange.COLLECTION_ALLOW, location=location)


@routes.get("/coupons/<int:coupon_id>")
def get_coupon(coupon_id: int) -> Response:
    """GET coupons/<id>."""
    store = exchange.services().store
    with store.lock:
        payload = coupon_payload(store, find(coupon_id))
    return exchange.answer(exchange.only_fields(payload), allow=exchange.ITEM_ALLOW)


@routes.route("/coupons/<int:coupon_id>", methods=["PUT", "POST", "PATCH"])
def update_coupon(coupon_id: int) -> Response:
    """PUT coupons/<id>."""
    body = exchange.body()
    validation.check_all(body, SCHEMA)
    with exchange.services().store.lock:
        payload = update(coupon_id, body)
    return exchange.answer(payload, allow=exchange.ITEM_ALLOW)


@routes.delete("/coupons/<int:coupon_id>")
def delete_coupon(coupon_id: int) -> Response:
    """DELETE coupons/<id>: to the trash, or for good with force=true."""
    forced = exchange.force()
    store = exchange.services().store
    with store.lock:
        coupon = find(coupon_id)
        if forced:
            return exchange.answer(delete(coupon_id), allow=exchange.ITEM_ALLOW)
        if coupon.status == "trash":
            raise already_trashed(POST_TYPE)
        payload = coupon_payload(store, coupon)
        coupons.trash(store, coupon)
    return exchange.answer(payload, allow=exchange.ITEM_ALLOW)


@routes.route("/coupons/batch", methods=["POST", "PUT", "PATCH"])
def batch_coupons() -> Response:
    """POST coupons/batch."""
    with exchange.services().store.lock:
        return batch.run(create, update, delete)
