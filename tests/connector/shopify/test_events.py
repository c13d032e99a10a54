import base64
import hashlib
import hmac
import json

import pytest

from connector.errors import BadPayload
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
from connector.shopify.events import (
    COMPLIANCE_TOPICS,
    INCLUDE_FIELDS,
    READERS,
    interpret,
    name_event,
    shop_of,
    verify,
)
from tests.connector.shopify.pretend import APP, body, content

HEADERS: dict[str, str] = content("headers_classic")
BODY = body("orders_create")

MEANINGS: dict[str, Meaning] = {
    "orders/create": LookUp("order", "820982911946154508"),
    "orders/updated": LookUp("order", "820982911946154508"),
    "orders/cancelled": LookUp("order", "820982911946154508"),
    # These samples hold only the rounded number.
    "orders/edited": LookUp("order", "820982911946154500"),
    "orders/delete": LookUp("order", "820982911946154500"),
    "refunds/create": LookUp("order", "820982911946154500"),
    "products/create": LookUp("product", "788032119674292922"),
    "products/update": LookUp("product", "788032119674292922"),
    "products/delete": LookUp("product", "788032119674292900"),
    "customers/create": LookUp("customer", "706405506930370084"),
    "customers/update": LookUp("customer", "706405506930370084"),
    "customers/delete": LookUp("customer", "706405506930370084"),
    "customers/merge": Ignored("two customers were not merged after all"),
    "collections/update": LookUp("category", "Collection/408372092144951419"),
    "bulk_operations/finish": BulkFinished("147595010"),
    "shop/update": ProfileChanged(),
    "app/scopes_update": ProfileChanged(),
    "app/uninstalled": Uninstalled(""),
    "customers/data_request": PersonalData(
        action="export",
        shop="{shop}.myshopify.com",
        account_id="191167",
        email="john@example.com",
        phone=None,
        order_ids=("299938", "280263", "220458"),
        request_id="9999",
    ),
    "customers/redact": PersonalData(
        action="erase",
        shop="{shop}.myshopify.com",
        account_id="191167",
        email="john@example.com",
        phone=None,
        order_ids=("299938", "280263", "220458"),
    ),
    "shop/redact": StoreErased("{shop}.myshopify.com"),
}


def signature(raw: bytes, secret: str = APP.client_secret) -> str:
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


def signed(raw: bytes = BODY, secret: str = APP.client_secret, **changed: str) -> dict[str, str]:
    known = {**HEADERS, "X-Shopify-Hmac-Sha256": signature(raw, secret)}
    return {**known, **{name.replace("_", "-"): text for name, text in changed.items()}}


@pytest.mark.parametrize("topic", sorted(MEANINGS))
def test_a_recorded_body_means(topic: str) -> None:
    raw = body(topic.replace("/", "_"))
    assert interpret(topic, raw, region="US") == MEANINGS[topic]


def test_every_topic_is_told_apart_from_those_of_no_use() -> None:
    unsampled = {"collections/create", "collections/delete"}
    assert set(READERS) == set(MEANINGS) | unsampled
    assert interpret("carts/update", b"{}", region="US") == Ignored(
        "no use is made of carts/update"
    )


def test_merged_customers_are_both_told() -> None:
    raw = {**content("customers_merge"), "status": "completed", "errors": []}
    meaning = interpret("customers/merge", json.dumps(raw).encode(), region="US")
    assert meaning == Merged(kept_id="1", gone_id="2")


def test_the_shop_that_was_left_is_taken_from_the_signed_body() -> None:
    raw = {**content("app_uninstalled"), "myshopify_domain": "tea.myshopify.com"}
    assert interpret("app/uninstalled", json.dumps(raw).encode(), region="US") == Uninstalled(
        "tea.myshopify.com"
    )


def test_a_persons_phone_is_read_as_of_the_shops_country() -> None:
    raw = content("customers_redact")
    raw["customer"] = {"id": None, "email": "", "phone": "0912 345 6780"}
    raw["orders_to_redact"] = []
    meaning = interpret("customers/redact", json.dumps(raw).encode(), region="IR")
    assert meaning == PersonalData("erase", "{shop}.myshopify.com", None, None, "+989123456780", ())
    assert "989123456780" not in repr(meaning)


def test_numbers_beyond_floating_point_stay_exact() -> None:
    raw = b'{"id": 9007199254740993}'
    assert interpret("orders/delete", raw, region="US") == LookUp("order", "9007199254740993")


@pytest.mark.parametrize(
    ("topic", "recorded"),
    [
        ("shop/redact", "customers_redact"),
        ("shop/redact", "customers_data_request"),
        ("shop/redact", "orders_create"),
        ("customers/redact", "customers_data_request"),
        ("customers/redact", "shop_redact"),
        ("customers/redact", "customers_create"),
        ("customers/data_request", "customers_redact"),
        ("orders/create", "customers_create"),
        ("orders/create", "refunds_create"),
        ("refunds/create", "orders_create"),
        ("customers/merge", "customers_create"),
        ("bulk_operations/finish", "orders_create"),
    ],
)
def test_a_body_sent_again_under_another_topic_is_not_read(topic: str, recorded: str) -> None:
    with pytest.raises(BadPayload):
        interpret(topic, body(recorded), region="US")


def test_a_bad_body_is_named_by_field_and_not_quoted() -> None:
    raw = b'{"shop_domain": "x", "customer": {"id": 1, "email": 7}, "orders_to_redact": ["secret"]}'
    with pytest.raises(BadPayload) as raised:
        interpret("customers/redact", raw, region="US")
    assert "erasure: customer.email: Input should be a valid string" in str(raised.value)
    assert "secret" not in str(raised.value)
    with pytest.raises(BadPayload, match="Order: id: is missing"):
        interpret("orders/create", b"{}", region="US")


def test_a_genuine_delivery_is_believed() -> None:
    assert verify(BODY, signed(), APP.secrets)
    assert verify(BODY, signed(secret=APP.previous_secret), APP.secrets)
    assert verify(BODY, {key.lower(): value for key, value in signed().items()}, APP.secrets)
    persian = '{"note": "سلام ☕"}'.encode()
    assert verify(persian, signed(persian), ["", APP.client_secret])


@pytest.mark.parametrize(
    ("raw", "headers"),
    [
        (BODY + b" ", signed()),
        (BODY, signed(secret="another")),
        (BODY, signed(X_Shopify_Hmac_Sha256="")),
        (BODY, signed(X_Shopify_Hmac_Sha256="ä")),
        (BODY, signed(X_Shopify_Hmac_Sha256="\udcff")),
        (BODY, signed(X_Shopify_Shop_Domain="")),
        (BODY, signed(X_Shopify_Shop_Domain="example.com")),
        (BODY, signed(X_Shopify_Shop_Domain="a.myshopify.com.evil.example")),
        (b"\xff\xfe", signed(b"\xff\xfe")),
        (b"", {}),
    ],
)
def test_what_is_not_signed_or_names_no_shop_is_not_believed(
    raw: bytes, headers: dict[str, str]
) -> None:
    assert not verify(raw, headers, APP.secrets)
    assert not verify(raw, headers, [])


def test_the_shop_that_a_delivery_claims() -> None:
    assert shop_of({"x-shopify-shop-domain": "Tea.myshopify.com "}) == "tea.myshopify.com"
    assert shop_of({"X-Shopify-Shop-Domain": "tea.myshopify.com/x"}) == ""
    assert shop_of({}) == ""


def test_an_event_is_named_by_its_delivery() -> None:
    key = "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"
    assert name_event(BODY, HEADERS) == EventName("orders/create", key)
    assert name_event(b"[]", HEADERS).broken == "the body is not a JSON object"
    assert name_event(b"{", HEADERS).broken == "the body is not JSON"


@pytest.mark.parametrize("topic", ["", "orders", "Orders/Create", "orders/create/x", "a/b\nc"])
def test_an_event_without_a_topic_is_broken(topic: str) -> None:
    named = name_event(b"{}", {**HEADERS, "X-Shopify-Topic": topic})
    assert named.topic == ""
    assert named.broken == "the X-Shopify-Topic header is missing or malformed"


def test_an_event_without_a_number_is_named_by_its_content() -> None:
    bare = {"X-Shopify-Topic": "orders/create", "X-Shopify-Webhook-Id": "no number"}
    named = name_event(b"{}", bare)
    assert named.key == hashlib.sha256(b"orders/create\n{}").hexdigest()
    assert name_event(b"{ }", bare).key != named.key


def test_no_personal_field_is_asked_for() -> None:
    asked = {field for fields in INCLUDE_FIELDS.values() for field in fields}
    assert asked == {
        "id",
        "admin_graphql_api_id",
        "updated_at",
        "order_edit",
        "order_id",
        "admin_graphql_api_customer_kept_id",
        "admin_graphql_api_customer_deleted_id",
        "status",
        "error_code",
        "myshopify_domain",
    }
    assert set(INCLUDE_FIELDS) == set(READERS) - set(COMPLIANCE_TOPICS)


@pytest.mark.parametrize("topic", sorted(set(MEANINGS) - set(COMPLIANCE_TOPICS)))
def test_the_fields_asked_for_suffice(topic: str) -> None:
    whole = content(topic.replace("/", "_"))
    fields = INCLUDE_FIELDS[topic]
    kept = {name: whole[name] for name in fields if name in whole} if fields else whole
    assert interpret(topic, json.dumps(kept).encode(), region="US") == MEANINGS[topic]
