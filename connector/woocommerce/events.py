"""WooCommerce's webhooks: whether they are genuine, what they are called, what they mean."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence

import pydantic_core

from connector.errors import BadPayload
from connector.meanings import Changed, EventName, Ignored, LookUp, Meaning
from connector.values import header, validate
from connector.woocommerce.parse import product_of, read_account, read_order
from connector.woocommerce.payloads import Named, ProductPayload
from retention.records import ObjectKind

_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_TOPIC = re.compile(r"[a-z0-9_]{1,40}\.[a-z0-9_]{1,80}")
_ENTITY = re.compile(
    r"&(?:(lt|#0*60)|(gt|#0*62)|(quot|#0*34|#[xX]0*22)|(#0*39|#[xX]0*27)|(amp|#0*38|#[xX]0*26));"
)
_CHARACTERS = "<>\"'&"


def is_ping(body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether this is the test call that comes unsigned when a subscription is made."""
    is_named = header(headers, "X-WC-Webhook-Topic") is not None
    return not is_named and _PING.fullmatch(body.strip()) is not None


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """Whether one of the secrets signed these raw bytes; compared in constant time."""
    given = (header(headers, "X-WC-Webhook-Signature") or "").encode("utf-8", "surrogateescape")
    matches = [
        hmac.compare_digest(signature(body, secret).encode("ascii"), given)
        for secret in secrets
        if secret
    ]
    return any(matches)


def signature(body: bytes, secret: str) -> str:
    """The signature that a store with this secret sends along with the body."""
    key = decode_entities(secret).encode()
    return base64.b64encode(hmac.digest(key, body, "sha256")).decode("ascii")


def decode_entities(text: str) -> str:
    """The text with the entities of the five special characters decoded.

    This is WordPress's wp_specialchars_decode with ENT_QUOTES, through which a store passes the
    secret. It knows fewer entities than HTML does, so Python's own decoder would decode more.
    """
    return _ENTITY.sub(lambda found: _CHARACTERS[(found.lastindex or 1) - 1], text)


def name_event(body: bytes, headers: Mapping[str, str]) -> EventName:
    """The event's topic and a key made of topic and body, because delivery ids are shared.

    Never raises. A repeated delivery has the same key; so has a later event that finds the
    object in the very same state, which is the same news.
    """
    topic = header(headers, "X-WC-Webhook-Topic") or ""
    if _TOPIC.fullmatch(topic) is None:
        topic = ""
    key = hashlib.sha256(topic.encode() + b"\n" + body).hexdigest()
    if not topic:
        return EventName("", key, "the X-WC-Webhook-Topic header is missing or malformed")
    try:
        content = pydantic_core.from_json(body)
    except ValueError:
        return EventName(topic, key, "the body is not JSON")
    broken = None if isinstance(content, dict) else "the body is not a JSON object"
    return EventName(topic, key, broken)


def interpret(topic: str, body: bytes, *, region: str) -> Meaning:
    """What a verified event means.

    The topic is not signed, so a body replayed under another topic must do no harm: it does not
    read as the other object, or leads to a look-up. A signed REST error in place of the object,
    which comes when the object was gone before delivery, tells no identifier: it gives a
    `LookUp` with an empty one, which means that some object of this kind is to be found by
    reconciling.

    Raises:
        BadPayload: the body does not read as the topic's object; the field is named.
    """
    reader = READERS.get(topic)
    if reader is None:
        return Ignored(f"no use is made of {topic or 'events without a topic'}")
    try:
        return reader(body, region)
    except BadPayload:
        kind = _kind(topic)
        named = validate(Named, body, kind)
        if named.id is None and named.code is not None:
            return LookUp(kind, "")
        raise


def _changed_order(body: bytes, region: str) -> Meaning:
    return Changed(read_order(body, region))


def _changed_product(body: bytes, region: str) -> Meaning:  # noqa: ARG001  # One signature.
    payload = validate(ProductPayload, body)
    if payload.type != "variation":
        return Changed(product_of(payload))
    if payload.parent is None:
        return Ignored("a variation without a parent")
    return LookUp("product", payload.parent)


def _changed_customer(body: bytes, region: str) -> Meaning:
    return Changed(read_account(body, region))


def _deleted(kind: ObjectKind) -> Callable[[bytes, str], Meaning]:
    # Trashing a coupon or a page is also told as product.deleted, with an identifier that may
    # be nobody's: whether the object is gone is for the look-up to find out.
    def read(body: bytes, region: str) -> Meaning:  # noqa: ARG001  # One signature.
        named = validate(Named, body, kind)
        if named.id is None:
            raise BadPayload(f"{kind}: id: is missing")
        return LookUp(kind, str(named.id))

    return read


def _kind(topic: str) -> ObjectKind:
    kinds: dict[str, ObjectKind] = {"order": "order", "product": "product", "customer": "customer"}
    return kinds[topic.partition(".")[0]]


READERS: Mapping[str, Callable[[bytes, str], Meaning]] = {
    "order.created": _changed_order,
    "order.updated": _changed_order,
    "order.deleted": _deleted("order"),
    "order.restored": _changed_order,
    "product.created": _changed_product,
    "product.updated": _changed_product,
    "product.deleted": _deleted("product"),
    "product.restored": _changed_product,
    "customer.created": _changed_customer,
    "customer.updated": _changed_customer,
    "customer.deleted": _deleted("customer"),
}
"""What reads each topic; the manifest names the same topics."""
