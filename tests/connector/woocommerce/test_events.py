"""Every recorded webhook is verified, named and read."""

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import BadPayload
from connector.manifest import load
from connector.meanings import Changed, Ignored, LookUp
from connector.registry import platform
from connector.woocommerce.events import (
    READERS,
    decode_entities,
    interpret,
    is_ping,
    name_event,
    signature,
    verify,
)
from retention.records import Account, Order, OrderLine, Product, Refund
from tests.connector.recordings import Delivery, delivered, deliveries

PINGS = [delivery for delivery in deliveries() if delivery.topic is None]
SIGNED = [delivery for delivery in deliveries() if delivery.topic is not None]
MOMENT = datetime(2026, 11, 21, 21, 32, 15, tzinfo=UTC)


def name(delivery: Delivery) -> str:
    return f"{delivery.scenario} {delivery.topic}"


def test_the_recordings_are_all_there() -> None:
    assert (len(PINGS), len(SIGNED)) == (33, 85)


@pytest.mark.parametrize("ping", PINGS, ids=name)
def test_a_recorded_ping_is_a_ping(ping: Delivery) -> None:
    assert is_ping(ping.body, ping.headers)
    assert not verify(ping.body, ping.headers, ["whsec_test_0123456789abcdef"])


@pytest.mark.parametrize("delivery", SIGNED, ids=name)
def test_a_recorded_signature_holds_for_these_bytes_and_this_secret(delivery: Delivery) -> None:
    assert delivery.signature_valid is True
    assert delivery.secret is not None
    assert not is_ping(delivery.body, delivery.headers)
    assert verify(delivery.body, delivery.headers, ["another", delivery.secret])
    assert not verify(delivery.body + b" ", delivery.headers, [delivery.secret])
    assert not verify(delivery.body, delivery.headers, ["another", ""])
    assert not verify(delivery.body, delivery.headers, [])


@pytest.mark.parametrize("delivery", SIGNED, ids=name)
def test_a_recorded_event_has_a_name_and_a_meaning(delivery: Delivery) -> None:
    event = name_event(delivery.body, delivery.headers)
    assert event.topic == delivery.topic
    assert event.broken is None
    identifier = str(json.loads(delivery.body)["id"])
    match interpret(event.topic, delivery.body, region="US"):
        case Changed(record):
            assert record.id == identifier
            assert event.topic.endswith((".created", ".updated"))
        case LookUp(kind, found):
            assert kind == event.topic.partition(".")[0]
            assert found == ("73" if delivery.scenario == "52_variation_updated" else identifier)
        case Ignored():
            assert event.topic.startswith("coupon.")


def test_a_paid_order_is_read_to_the_cent() -> None:
    assert interpret(
        "order.created", delivered("12_order_created_paid", "order.created"), region="US"
    ) == Changed(
        Order(
            id="204",
            number="204",
            status="completed",
            currency="USD",
            placed_at=MOMENT,
            paid_at=MOMENT,
            modified_at=MOMENT,
            account_id="14",
            email="rec@example.test",
            phone=None,
            total=Decimal("113.38"),
            lines=(
                OrderLine("475", "27", "French Press", 1, Decimal("35.99")),
                OrderLine("476", "11", "House Blend Beans", 2, Decimal("41.40")),
                OrderLine("477", "73", "Tee Shirt - S", 1, Decimal("22.50")),
            ),
            discount=Decimal("11.10"),
            coupon_codes=("welcome10",),
            delivered_at=MOMENT,
        )
    )


def test_an_orders_refunds_are_known_by_amount_only() -> None:
    body = delivered("19_order_fully_refunded", "order.updated")
    meaning = interpret("order.updated", body, region="US")
    assert isinstance(meaning, Changed)
    assert isinstance(meaning.record, Order)
    assert meaning.record.status == "refunded"
    assert meaning.record.total == Decimal("113.38")
    assert meaning.record.refunds == (
        Refund("207", Decimal("72.39")),
        Refund("206", Decimal("35.99")),
        Refund("205", Decimal("5.00")),
    )
    assert not meaning.record.refunds_are_complete


def test_a_store_in_another_zone_is_read_in_utc() -> None:
    body = delivered("70_order_created_tz_la", "order.created")
    assert json.loads(body)["date_created"] == "2026-11-21T13:41:31"
    meaning = interpret("order.created", body, region="US")
    assert isinstance(meaning, Changed)
    assert isinstance(meaning.record, Order)
    assert meaning.record.placed_at == datetime(2026, 11, 21, 21, 41, 31, tzinfo=UTC)


def test_a_product_and_a_customer_are_read() -> None:
    product = delivered("21_product_updated_cross_sells", "product.updated")
    assert interpret("product.updated", product, region="US") == Changed(
        Product(
            id="71",
            name="Sticker Pack",
            published=True,
            visible=True,
            in_stock=True,
            category_ids=("23",),
            cross_sell_ids=("72", "68"),
            modified_at=datetime(2026, 11, 21, 21, 32, 27, tzinfo=UTC),
            skus=("APP-005",),
        )
    )
    customer = delivered("10_customer_created", "customer.created")
    assert interpret("customer.created", customer, region="US") == Changed(
        Account(
            id="14",
            email="rec@example.test",
            phone=None,
            name="Réc Order/er",
            modified_at=datetime(2026, 11, 21, 21, 32, 13, tzinfo=UTC),
            created_at=datetime(2026, 11, 21, 21, 32, 13, tzinfo=UTC),
        )
    )


def test_what_was_deleted_is_looked_up() -> None:
    order = delivered("24_order_deleted_trash", "order.deleted")
    assert interpret("order.deleted", order, region="US") == LookUp("order", "204")
    customer = delivered("56_customer_deleted", "customer.deleted")
    assert interpret("customer.deleted", customer, region="US") == LookUp("customer", "15")


def test_a_variation_is_looked_up_as_its_parent() -> None:
    body = delivered("52_variation_updated", "product.updated")
    assert interpret("product.updated", body, region="US") == LookUp("product", "73")
    orphan = {**json.loads(body), "parent_id": 0}
    assert interpret("product.updated", json.dumps(orphan).encode(), region="US") == Ignored(
        "a variation without a parent"
    )


@pytest.mark.parametrize("topic", sorted(READERS))
def test_a_rest_error_means_that_some_object_of_the_kind_is_gone(topic: str) -> None:
    body = (
        b'{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.",'
        b'"data":{"status":404}}'
    )
    meaning = interpret(topic, body, region="US")
    assert isinstance(meaning, LookUp)
    assert (meaning.kind, meaning.id) == (topic.partition(".")[0], "")


def test_the_manifest_and_the_readers_have_the_same_topics() -> None:
    assert set(READERS) == set(load().platforms["woocommerce"].topics)


@pytest.mark.parametrize("topic", ["coupon.created", "product.published", "", "action.x"])
def test_other_topics_are_ignored(topic: str) -> None:
    assert isinstance(interpret(topic, b'{"id":1}', region="US"), Ignored)


@pytest.mark.parametrize(
    ("scenario", "topic"),
    [
        ("12_order_created_paid", "order.created"),
        ("21_product_updated_cross_sells", "product.updated"),
        ("10_customer_created", "customer.created"),
    ],
)
def test_a_body_replayed_under_another_topic_does_no_harm(scenario: str, topic: str) -> None:
    body = delivered(scenario, topic)
    kind = topic.partition(".")[0]
    for other in READERS:
        if other.startswith(kind):
            continue
        if other.endswith(".deleted"):
            assert isinstance(interpret(other, body, region="US"), LookUp)
        else:
            with pytest.raises(BadPayload):
                interpret(other, body, region="US")


def test_a_body_without_identifier_or_error_is_refused() -> None:
    with pytest.raises(BadPayload, match="order: id: is missing"):
        interpret("order.deleted", b"{}", region="US")
    with pytest.raises(BadPayload, match="id: Field required"):
        interpret("order.updated", b"{}", region="US")
    with pytest.raises(BadPayload, match=r"^order: id: "):
        interpret("order.deleted", b'{"id":"abc"}', region="US")


def test_repeated_deliveries_share_a_key_and_different_ones_do_not() -> None:
    collided = [found for found in SIGNED if found.scenario == "30_delivery_id_collision"]
    by_webhook: dict[tuple[str, str], set[str]] = {}
    for found in collided:
        heading = (found.headers["X-WC-Webhook-ID"], found.headers["X-WC-Webhook-Delivery-ID"])
        by_webhook.setdefault(heading, set()).add(name_event(found.body, found.headers).key)
    assert max(len(keys) for keys in by_webhook.values()) == 6
    first = collided[0]
    again = {**first.headers, "X-WC-Webhook-Delivery-ID": "another"}
    assert name_event(first.body, again) == name_event(first.body, first.headers)
    assert name_event(first.body, first.headers).key == (
        hashlib.sha256(b"order.created\n" + first.body).hexdigest()
    )


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        (b'{"id":1', "the body is not JSON"),
        (b"", "the body is not JSON"),
        (b"\xff\xfe", "the body is not JSON"),
        (b'{"id":1} trailing', "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"[1]", "the body is not a JSON object"),
        (b"null", "the body is not a JSON object"),
        (b'{"id":1}', None),
    ],
)
def test_a_broken_body_is_told(body: bytes, broken: str | None) -> None:
    event = name_event(body, {"x-wc-webhook-topic": "order.updated"})
    assert (event.topic, event.broken) == ("order.updated", broken)


@pytest.mark.parametrize("topic", ["", "order", "Order.Updated", "a.b\x00", f"a.{'b' * 81}", "é.b"])
def test_a_malformed_topic_is_told(topic: str) -> None:
    event = name_event(b'{"id":1}', {"X-WC-Webhook-Topic": topic})
    assert event.topic == ""
    assert event.broken == "the X-WC-Webhook-Topic header is missing or malformed"
    assert name_event(b'{"id":1}', {}).broken == event.broken


@pytest.mark.parametrize("given_signature", ["", "é", "\udcff", "=" * 100, "☃" * 44])
def test_a_strange_signature_is_false_and_no_error(given_signature: str) -> None:
    assert not verify(b"{}", {"X-WC-Webhook-Signature": given_signature}, ["secret"])
    assert not verify(b"{}", {}, ["secret"])


def test_the_secret_is_decoded_as_wordpress_does() -> None:
    assert decode_entities("a&amp;b&lt;c&gt;&quot;d&#039;") == "a&b<c>\"d'"
    assert decode_entities("&#39;&#0039;&#x27;&#X027;&#34;&#x22;&#60;&#62;&#038;&#x26;") == (
        "''''\"\"<>&&"
    )
    # Neither other entities nor an entity that the decoding brings forth.
    untouched = "&copy; &#65; &apos; &LT; &lt &#x3c; &#x3e;"
    assert decode_entities(untouched) == untouched
    assert decode_entities("&amp;lt;") == "&lt;"
    assert decode_entities("&amp;amp;") == "&amp;"
    body = b'{"id":1}'
    headers = {"X-WC-Webhook-Signature": signature(body, "a&b<c")}
    assert verify(body, headers, ["a&amp;b&lt;c"])


@pytest.mark.parametrize(
    "body", [b"webhook_id=", b"webhook_id=1&x=2", b"webhook_id=a", b'{"webhook_id":1}', b""]
)
def test_what_is_not_exactly_a_ping_is_none(body: bytes) -> None:
    assert not is_ping(body, {})


def test_a_named_event_is_no_ping() -> None:
    assert is_ping(b"webhook_id=12", {})
    assert not is_ping(b"webhook_id=12", {"x-wc-webhook-topic": "order.updated"})


@given(st.binary(max_size=200), st.dictionaries(st.text(max_size=30), st.text(max_size=60)))
def test_whatever_comes_is_judged_without_an_error(body: bytes, headers: dict[str, str]) -> None:
    adapter = platform("woocommerce")
    adapter.is_ping(body, headers)
    assert not adapter.verify(body, headers, ["secret"])
    named = {**headers, "X-WC-Webhook-Topic": "order.updated"}
    assert adapter.name_event(body, named).topic == "order.updated"


def test_an_unknown_platform_is_named() -> None:
    assert platform("woocommerce").name == "woocommerce"
    with pytest.raises(ValueError, match="'magento' is not a platform; there are: woocommerce"):
        platform("magento")
