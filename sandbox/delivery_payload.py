"""What a webhook sends about an object, built when it is delivered."""

from sandbox.errors import RestError, not_found
from sandbox.payloads.accounts import customer_payload
from sandbox.payloads.common import Payload
from sandbox.payloads.coupons import coupon_payload
from sandbox.payloads.orders import order_payload
from sandbox.payloads.products import product_payload
from sandbox.records import Webhook
from sandbox.store import Store


def payload_for(store: Store, webhook: Webhook, resource_id: int) -> Payload:
    """The body as the webhook's owner may see it.

    A deletion is told by the id alone. An object that is gone by now gives the body of
    the REST error, without an id.
    """
    resource, event = webhook.topic.split(".", 1)
    if event == "deleted":
        return {"id": resource_id}
    try:
        return _resource(store, resource, resource_id, _role_of(store, webhook.owner_id))
    except RestError as error:
        return error.body()


def _role_of(store: Store, user_id: int) -> str:
    owner = store.customers.get(user_id)
    return owner.role if owner else "customer"


def _resource(store: Store, resource: str, resource_id: int, role: str) -> Payload:
    if resource == "order":
        if resource_id not in store.orders:
            raise not_found("shop_order")
        return order_payload(store, store.orders[resource_id])
    if resource == "product":
        if resource_id not in store.products:
            raise not_found("product")
        return product_payload(store, store.products[resource_id])
    if resource == "customer":
        if resource_id not in store.customers:
            raise RestError("wc_user_invalid_id", "Invalid user ID.", 404)
        return customer_payload(store, store.customers[resource_id], role)
    if resource_id not in store.coupons:
        raise not_found("shop_coupon")
    return coupon_payload(store, store.coupons[resource_id])
