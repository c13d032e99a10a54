"""Bodies of customers and webhooks."""

import hashlib

from sandbox import clock
from sandbox.payloads.common import READ_WRITE, READ_WRITE_DELETE, Payload, links, meta_list
from sandbox.records import Address, Customer, Meta, Webhook
from sandbox.store import Store

CUSTOMER_BILLING_FIELDS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "postcode",
    "country",
    "state",
    "email",
    "phone",
)
CUSTOMER_SHIPPING_FIELDS = tuple(name for name in CUSTOMER_BILLING_FIELDS if name != "email")

HOOKS = {
    "order.created": ["woocommerce_new_order"],
    "order.updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
    "order.deleted": ["wp_trash_post", "woocommerce_trash_order"],
    "order.restored": ["untrashed_post", "woocommerce_untrash_order"],
    "customer.created": [
        "user_register",
        "woocommerce_created_customer",
        "woocommerce_new_customer",
    ],
    "customer.updated": ["profile_update", "woocommerce_update_customer"],
    "customer.deleted": ["delete_user"],
    "product.created": [
        "woocommerce_process_product_meta",
        "woocommerce_new_product",
        "woocommerce_new_product_variation",
    ],
    "product.updated": [
        "woocommerce_process_product_meta",
        "woocommerce_update_product",
        "woocommerce_update_product_variation",
    ],
    "product.deleted": ["wp_trash_post"],
    "product.restored": ["untrashed_post"],
    "coupon.created": ["woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"],
    "coupon.updated": ["woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"],
    "coupon.deleted": ["wp_trash_post"],
    "coupon.restored": ["untrashed_post"],
}


def is_hidden_meta(key: str) -> bool:
    """Whether REST never shows this key of an account."""
    return key.startswith(("_", "wp_"))


def _address(address: Address, names: tuple[str, ...]) -> Address:
    return {name: address.get(name, "") for name in names}


def customer_payload(
    store: Store, customer: Customer, viewer_role: str, *, deleted: bool = False
) -> Payload:
    """The body of GET customers/<id> as a user of `viewer_role` sees it.

    Only administrators see `meta_data`, and only they may delete, and only customers.
    """
    created, created_gmt = clock.both_texts(customer.created, store.zone)
    modified, modified_gmt = clock.both_texts(customer.modified, store.zone)
    avatar = hashlib.sha256(customer.email.lower().encode()).hexdigest()
    is_administrator = viewer_role == "administrator"
    may_delete = is_administrator and customer.role == "customer"
    allow = () if deleted else READ_WRITE_DELETE if may_delete else READ_WRITE
    meta: tuple[Meta, ...] = tuple(row for row in customer.meta if not is_hidden_meta(row.key))
    return {
        "id": customer.id,
        "date_created": created,
        "date_created_gmt": created_gmt,
        "date_modified": modified,
        "date_modified_gmt": modified_gmt,
        "email": customer.email,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "role": customer.role,
        "username": customer.username,
        "billing": _address(customer.billing, CUSTOMER_BILLING_FIELDS),
        "shipping": _address(customer.shipping, CUSTOMER_SHIPPING_FIELDS),
        "is_paying_customer": customer.is_paying,
        "avatar_url": f"https://secure.gravatar.com/avatar/{avatar}?s=96&d=mm&r=g",
        **({"meta_data": meta_list(meta)} if is_administrator else {}),
        "_links": links(store, "customers", customer.id, allow),
    }


def webhook_payload(store: Store, webhook: Webhook) -> Payload:
    """The body of GET webhooks/<id>; the secret is never shown."""
    created, created_gmt = clock.both_texts(webhook.created, store.zone)
    modified, modified_gmt = clock.both_texts(webhook.modified, store.zone)
    resource, event = webhook.topic.split(".", 1)
    return {
        "id": webhook.id,
        "name": webhook.name,
        "status": webhook.status,
        "topic": webhook.topic,
        "resource": resource,
        "event": event,
        "hooks": HOOKS.get(webhook.topic, []),
        "delivery_url": webhook.delivery_url,
        "date_created": created,
        "date_created_gmt": created_gmt,
        "date_modified": modified,
        "date_modified_gmt": modified_gmt,
        "_links": links(store, "webhooks", webhook.id),
    }
