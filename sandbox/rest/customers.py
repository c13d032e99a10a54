"""Routes of customers."""

from typing import Any

from flask import Blueprint, Response

from sandbox import clock
from sandbox.errors import RestError, cannot_trash
from sandbox.operations import customers
from sandbox.payloads.accounts import customer_payload
from sandbox.payloads.common import Payload
from sandbox.records import BILLING_FIELDS, SHIPPING_FIELDS, Customer
from sandbox.rest import batch, exchange, validation
from sandbox.store import Store

routes = Blueprint("customers", __name__)
ROLES = ("all", "administrator", "editor", "author", "contributor", "subscriber")
LIST_SCHEMA: dict[str, validation.Check] = {
    **exchange.PAGE_SCHEMA,
    "orderby": validation.one_of("id", "include", "name", "registered_date"),
    "role": validation.one_of(*ROLES, "customer", "shop_manager"),
    "include": validation.list_of(validation.integer),
    "exclude": validation.list_of(validation.integer),
    "email": validation.string,
}
SCHEMA: dict[str, validation.Check] = {
    "email": validation.string,
    "first_name": validation.string,
    "last_name": validation.string,
    "username": validation.string,
    "password": validation.string,
    "billing": validation.json_object,
    "shipping": validation.json_object,
    "meta_data": validation.list_of(validation.json_object),
}


def _allow() -> str:
    return "GET, POST, PUT, PATCH" + (", DELETE" if _is_administrator() else "")


def _is_administrator() -> bool:
    return exchange.user().role == "administrator"


def _find(customer_id: int) -> Customer:
    customer = exchange.services().store.customers.get(customer_id)
    if customer is None:
        raise RestError("wc_user_invalid_id", "Invalid user ID.", 404)
    return customer


def _shown(customer: Customer) -> Payload:
    return customer_payload(exchange.services().store, customer, exchange.user().role)


def _write(store: Store, customer: Customer, body: dict[str, Any]) -> None:
    for name in ("first_name", "last_name"):
        if body.get(name) is not None:
            setattr(customer, name, str(body[name]))
    for attribute, names in (("billing", BILLING_FIELDS), ("shipping", SHIPPING_FIELDS)):
        change = body.get(attribute)
        if isinstance(change, dict):
            given = {n: str(change[n]) for n in names if change.get(n) is not None}
            setattr(customer, attribute, {**getattr(customer, attribute), **given})
    if isinstance(body.get("meta_data"), list):
        customers.write_meta(store, customer, body["meta_data"])


def create(body: dict[str, Any]) -> Payload:
    """Open an account as a body tells."""
    store = exchange.services().store
    email = str(body.get("email") or "")
    customers.check_email(store, email, None)
    customer = Customer(
        id=store.next_user_id(),
        email=email,
        username=str(body.get("username") or email.split("@", maxsplit=1)[0]),
        created=clock.now(),
    )
    _write(store, customer, body)
    customers.create(store, customer)
    return _shown(customer)


def update(customer_id: object, body: dict[str, Any]) -> Payload:
    """Change an account as a body tells."""
    store = exchange.services().store
    customer = _find(batch.as_id(customer_id))
    if body.get("email") is not None and body["email"] != customer.email:
        customers.move_email(store, customer, str(body["email"]))
    _write(store, customer, body)
    customers.changed(store, customer)
    return _shown(customer)


def delete(customer_id: object) -> Payload:
    """Close an account."""
    store = exchange.services().store
    customer = _find(batch.as_id(customer_id))
    if not _is_administrator():
        raise RestError(
            "woocommerce_rest_cannot_delete",
            "Sorry, you are not allowed to delete this resource.",
            403,
        )
    customers.delete(store, customer)
    return customer_payload(store, customer, exchange.user().role, deleted=True)


def _listed(store: Store) -> list[Customer]:
    parameters = exchange.query()
    role = str(parameters.get("role", "customer"))
    email = str(parameters.get("email", "")).lower()
    if email:
        holder = store.customer_ids_by_email.get(email)
        candidates = [] if holder is None else [store.customers[holder]]
    else:
        candidates = list(store.customers.values())
    ids = exchange.selected(customer.id for customer in candidates)
    found = [c for c in candidates if c.id in ids and role in ("all", c.role)]
    descending = parameters.get("order", "asc") == "desc"
    if parameters.get("orderby", "name") == "name":
        return sorted(found, key=lambda customer: customer.username, reverse=descending)
    return sorted(found, key=lambda customer: customer.id, reverse=descending)


@routes.get("/customers")
def list_customers() -> Response:
    """GET customers."""
    validation.check_all(exchange.query(), LIST_SCHEMA)
    store = exchange.services().store
    with store.lock:
        found = _listed(store)
    return exchange.page(found, _shown)


@routes.post("/customers")
def create_customer() -> Response:
    """POST customers."""
    body = exchange.body()
    validation.require(body, "email")
    validation.check_all(body, SCHEMA)
    with exchange.services().store.lock:
        payload = create(body)
    location = f"customers/{payload['id']}"
    return exchange.answer(payload, 201, allow=exchange.COLLECTION_ALLOW, location=location)


@routes.get("/customers/<int:customer_id>")
def get_customer(customer_id: int) -> Response:
    """GET customers/<id>."""
    with exchange.services().store.lock:
        payload = _shown(_find(customer_id))
    return exchange.answer(exchange.only_fields(payload), allow=_allow())


@routes.route("/customers/<int:customer_id>", methods=["PUT", "POST", "PATCH"])
def update_customer(customer_id: int) -> Response:
    """PUT customers/<id>."""
    body = exchange.body()
    validation.check_all(body, SCHEMA)
    with exchange.services().store.lock:
        payload = update(customer_id, body)
    return exchange.answer(payload, allow=_allow())


@routes.delete("/customers/<int:customer_id>")
def delete_customer(customer_id: int) -> Response:
    """DELETE customers/<id>, which needs force=true."""
    forced = exchange.force()
    with exchange.services().store.lock:
        _find(customer_id)
        if not forced:
            raise cannot_trash("Customers")
        payload = delete(customer_id)
    return exchange.answer(payload)


@routes.route("/customers/batch", methods=["POST", "PUT", "PATCH"])
def batch_customers() -> Response:
    """POST customers/batch."""
    with exchange.services().store.lock:
        return batch.run(create, update, delete)
