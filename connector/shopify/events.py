"""Shopify's webhooks: whether they are genuine, what they are called, what they mean.

The signature covers the body alone: the shop's domain, the topic and the delivery's number come
unsigned. So an event about an object says only that something happened to it, and the object
is read from the shop itself.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence

import pydantic_core
from shopify_app import AppConfig, RequestInput
from shopify_app.verify.webhook import verify_webhook_req

from connector.identity import normalise_email, normalise_phone
from connector.meanings import (
    BulkFinished,
    EventName,
    Ignored,
    LookUp,
    Meaning,
    Merged,
    PersonalData,
    ProfileChanged,
    StoreErased,
    Uninstalled,
)
from connector.shopify import notices
from connector.shopify.ids import category_id, number_of
from connector.shopify.shop import is_shop_domain
from connector.values import header, validate
from retention.records import ObjectKind

_TOPIC = re.compile(r"[a-z_]{1,40}/[a-z_]{1,40}")
_KEY = re.compile(r"[A-Za-z0-9-]{8,100}")

Reader = Callable[[bytes, str], Meaning]


def shop_of(headers: Mapping[str, str]) -> str:
    """The domain of the shop that a delivery claims to be from; empty if it names no shop."""
    domain = (header(headers, "X-Shopify-Shop-Domain") or "").strip().lower()
    return domain if is_shop_domain(domain) else ""


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """Whether one of the secrets signed these raw bytes, and a shop is named.

    The comparison is that of Shopify's own package, in constant time. What it cannot take is
    kept from it: a body that is no text, a signature that is not ASCII, a missing shop. Its
    result is dropped at once, because it quotes the body.
    """
    given = header(headers, "X-Shopify-Hmac-Sha256") or ""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if not given.isascii() or not shop_of(headers):
        return False
    request = RequestInput(
        method="POST", headers={"x-shopify-hmac-sha256": given}, url="", body=text
    )
    matches = [verify_webhook_req(request, _config(secret)).ok for secret in secrets if secret]
    return any(matches)


def name_event(body: bytes, headers: Mapping[str, str]) -> EventName:
    """The event's topic, and as its key the delivery's number. Never raises."""
    topic = header(headers, "X-Shopify-Topic") or ""
    if _TOPIC.fullmatch(topic) is None:
        topic = ""
    key = header(headers, "X-Shopify-Webhook-Id") or ""
    if _KEY.fullmatch(key) is None:
        key = hashlib.sha256(topic.encode() + b"\n" + body).hexdigest()
    if not topic:
        return EventName("", key, "the X-Shopify-Topic header is missing or malformed")
    try:
        content = pydantic_core.from_json(body)
    except ValueError:
        return EventName(topic, key, "the body is not JSON")
    broken = None if isinstance(content, dict) else "the body is not a JSON object"
    return EventName(topic, key, broken)


def interpret(topic: str, body: bytes, *, region: str) -> Meaning:
    """What a verified event means; see the head of this module for why so little.

    Raises:
        BadPayload: the body does not read as the topic's object; the field is named.
    """
    reader = READERS.get(topic)
    if reader is None:
        return Ignored(f"no use is made of {topic or 'events without a topic'}")
    return reader(body, region)


def _look_up(kind: ObjectKind, type_name: str) -> Reader:
    def read(body: bytes, region: str) -> Meaning:  # noqa: ARG001  # One signature.
        named = validate(notices.Named, body, kind)
        identifier = named.global_id(type_name)
        number = category_id(identifier) if kind == "category" else number_of(identifier)
        return LookUp(kind, number, at=named.updated_at)

    return read


def _edited_order(body: bytes, region: str) -> Meaning:  # noqa: ARG001
    edit = validate(notices.OrderEdited, body, "order edit").order_edit
    return LookUp("order", str(edit.order_id))


def _refunded_order(body: bytes, region: str) -> Meaning:  # noqa: ARG001
    return LookUp("order", str(validate(notices.RefundCreated, body, "refund").order_id))


def _merged_customers(body: bytes, region: str) -> Meaning:  # noqa: ARG001
    merge = validate(notices.CustomersMerged, body, "customers merge")
    kept, gone = number_of(merge.kept), number_of(merge.deleted)
    if merge.status == "failed":
        return Ignored("two customers were not merged after all")
    return Merged(kept_id=kept, gone_id=gone)


def _bulk_finished(body: bytes, region: str) -> Meaning:  # noqa: ARG001
    operation = validate(notices.Named, body, "bulk operation")
    return BulkFinished(number_of(operation.global_id("BulkOperation")))


def _profile_changed(body: bytes, region: str) -> Meaning:  # noqa: ARG001
    validate(notices.Anything, body, "shop")
    return ProfileChanged()


def _uninstalled(body: bytes, region: str) -> Meaning:  # noqa: ARG001
    return Uninstalled(validate(notices.ShopNotice, body, "shop").myshopify_domain)


def _data_request(body: bytes, region: str) -> Meaning:
    notice = validate(notices.DataRequest, body, "data request")
    number = str(notice.data_request.id)
    return _personal_data("export", notice, notice.orders_requested, region, number)


def _erasure(body: bytes, region: str) -> Meaning:
    notice = validate(notices.Redaction, body, "erasure")
    return _personal_data("erase", notice, notice.orders_to_redact, region, "")


def _personal_data(
    action: notices.Action,
    notice: notices.PersonNotice,
    orders: Sequence[int],
    region: str,
    request_id: str,
) -> PersonalData:
    person = notice.customer
    return PersonalData(
        action=action,
        shop=notice.shop_domain,
        account_id=None if person.id is None else str(person.id),
        email=normalise_email(person.email),
        phone=normalise_phone(person.phone, region),
        order_ids=tuple(str(identifier) for identifier in orders),
        request_id=request_id,
    )


def _shop_erased(body: bytes, region: str) -> Meaning:  # noqa: ARG001
    return StoreErased(validate(notices.ShopRedaction, body, "shop erasure").shop_domain)


def _config(secret: str) -> AppConfig:
    return AppConfig(client_id="", client_secret=secret, old_client_secret=None)


READERS: Mapping[str, Reader] = {
    **{f"orders/{verb}": _look_up("order", "Order") for verb in ("create", "updated", "cancelled")},
    "orders/delete": _look_up("order", "Order"),
    "orders/edited": _edited_order,
    "refunds/create": _refunded_order,
    **{
        f"products/{verb}": _look_up("product", "Product")
        for verb in ("create", "update", "delete")
    },
    **{
        f"customers/{verb}": _look_up("customer", "Customer")
        for verb in ("create", "update", "delete")
    },
    "customers/merge": _merged_customers,
    **{
        f"collections/{verb}": _look_up("category", "Collection")
        for verb in ("create", "update", "delete")
    },
    "bulk_operations/finish": _bulk_finished,
    "shop/update": _profile_changed,
    "app/scopes_update": _profile_changed,
    "app/uninstalled": _uninstalled,
    "customers/data_request": _data_request,
    "customers/redact": _erasure,
    "shop/redact": _shop_erased,
}
"""What reads each topic; the manifest names the same topics."""

COMPLIANCE_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")
"""Declared in the app's configuration file only: Shopify's API does not take them."""

_OBJECT = ("id", "admin_graphql_api_id", "updated_at")
INCLUDE_FIELDS: Mapping[str, tuple[str, ...]] = {
    **{topic: _OBJECT for topic in READERS if topic not in COMPLIANCE_TOPICS},
    "orders/edited": ("order_edit",),
    "refunds/create": ("id", "order_id", "admin_graphql_api_id"),
    "customers/merge": (
        "admin_graphql_api_customer_kept_id",
        "admin_graphql_api_customer_deleted_id",
        "status",
    ),
    "bulk_operations/finish": ("admin_graphql_api_id", "status", "error_code"),
    "shop/update": ("id", "myshopify_domain"),
    "app/uninstalled": ("id", "myshopify_domain"),
    "app/scopes_update": (),
}
"""The fields of each topic's payload that are asked for: numbers and dates, nothing personal.

An empty list asks for all. The compliance topics cannot be narrowed down.
"""
