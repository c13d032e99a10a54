"""Webhooks: who is told what, with which body, and what happens when nobody answers 200."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.shopify.amounts import Presentment
from sandbox.shopify.app_config import AppConfig, AppSubscription
from sandbox.shopify.deliveries import RETRY_DELAYS, WebhookPolicy, included
from sandbox.shopify.gid import gid
from sandbox.shopify.operations import Terms
from sandbox.shopify.server import RunningShop, ShopOptions
from sandbox.small import small_store
from sandbox.store import Checkout, TaxRate
from tests.sandbox.receiver import Received, Receiver
from tests.sandbox.shopify.client import Admin

SAMPLES = Path(__file__).parents[2] / "recordings" / "shopify"
BEANS, ROAST = 82, 83
ADA, SARA = 2, 3


def sample(topic: str) -> Any:
    """Shopify's own example of a body."""
    return json.loads(SAMPLES.joinpath(f"{topic.replace('/', '_')}.json").read_text())


def topics(receiver: Receiver) -> list[str]:
    return [str(topic) for topic in receiver.topics]


def hook(receiver: Receiver, topic: str) -> Received:
    (found,) = [one for one in receiver.requests if one.topic == topic]
    return found


def test_headers_are_shopifys_and_the_signature_is_the_secrets(
    shop: RunningShop, admin: Admin, receiver: Receiver
) -> None:
    made = admin.subscribe("ORDERS_CREATE", f"{receiver.url}/ok", name="orders-create")
    assert made["userErrors"] == []
    shop.merchant.place_order({BEANS: 1})
    shop.drain_deliveries()
    (told,) = receiver.requests
    example = {name for name in sample("headers_classic") if not name.startswith("_")}
    assert example <= set(told.headers)
    assert told.headers["X-Shopify-Topic"] == "orders/create"
    assert told.headers["X-Shopify-Shop-Domain"] == "bazgasht-demo.myshopify.com"
    assert told.headers["X-Shopify-API-Version"] == "2026-10"
    assert told.headers["X-Shopify-Name"] == "orders-create"
    key = AppConfig().client_secret.encode()
    expected = base64.b64encode(hmac.new(key, told.body, hashlib.sha256).digest()).decode()
    assert told.headers["X-Shopify-Hmac-Sha256"] == expected
    shop.rotate_secret("another secret of thirty-two letters")
    shop.merchant.place_order({BEANS: 1})
    shop.drain_deliveries()
    last = receiver.requests[-1]
    key = b"another secret of thirty-two letters"
    expected = base64.b64encode(hmac.new(key, last.body, hashlib.sha256).digest()).decode()
    assert last.headers["X-Shopify-Hmac-Sha256"] == expected


def shape_problems(ours: Any, theirs: Any, path: str) -> Iterator[str]:
    """Where a body has members or kinds of values that Shopify's example does not have."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            if name in theirs:
                yield from shape_problems(value, theirs[name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is not sent by Shopify"
    elif isinstance(ours, list) and isinstance(theirs, list):
        for value in ours if theirs else ():
            yield from shape_problems(value, theirs[0], f"{path}[]")
    elif ours is not None and theirs is not None:
        kinds = {int: "number", float: "number"}
        if kinds.get(type(ours), type(ours)) != kinds.get(type(theirs), type(theirs)):
            yield f"{path} is {ours!r} and not like {theirs!r}"


# What changelogs and Shopify's own pages name beyond the examples.
KNOWN_BESIDES = {"selling_plan_id", "amount_set", "tax_amount_set"}


EVERY_TOPIC = (
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/cancelled",
    "orders/edited",
    "orders/delete",
    "refunds/create",
    "products/update",
    "products/delete",
    "customers/create",
    "customers/update",
    "customers/merge",
    "customers/delete",
    "collections/update",
    "app/scopes_update",
    "app/uninstalled",
    "shop/update",
    "customers/data_request",
    "customers/redact",
    "shop/redact",
)


@pytest.fixture
def told(receiver: Receiver) -> dict[str, Any]:
    """The bodies of all topics, by topic, of a shop where everything has happened once."""
    subscriptions = tuple(AppSubscription(name, f"{receiver.url}/ok") for name in EVERY_TOPIC)
    store = small_store(time_zone="America/New_York")
    store.settings = replace(store.settings, tax=TaxRate(Decimal("8.5")))
    options = ShopOptions(app=AppConfig(subscriptions=subscriptions))
    with RunningShop(store, options) as shop:
        everything_happens(shop)
        shop.drain_deliveries()
    return {str(one.topic): one.json() for one in reversed(receiver.requests)}


def everything_happens(shop: RunningShop) -> None:
    shop.install()
    merchant = shop.merchant
    seen = Presentment("EUR", 2, Decimal("0.9"))
    terms = Terms(discount=100, shipping=500, presentment=seen)
    order = merchant.place_order({BEANS: 2, ROAST: 1}, customer_id=ADA, terms=terms)
    merchant.edit(order.id, {order.lines[1].id: -1})
    merchant.refund(order.id, {order.lines[0].id: (1, 1000)}, shipping=500, extra=50)
    merchant.cancel(order.id)
    merchant.delete_order(order.id)
    merchant.change_product(BEANS, title="Beans")
    merchant.delete_product(BEANS)
    merchant.rename_collection(17, "Coffees")
    made = merchant.create_customer("new@example.test", "New", "Buyer")
    merchant.merge_customers(ADA, SARA)
    shop.installation.change_shop("Another name")
    shop.request_customer_data(made)
    shop.redact_customer(made)
    merchant.delete_customer(made.id)
    shop.install(("read_customers", "read_orders", "read_products"))
    shop.uninstall()
    shop.redact_shop()


def test_bodies_have_the_shape_of_shopifys_examples(told: dict[str, Any]) -> None:
    assert set(told) == set(EVERY_TOPIC)
    problems = [
        problem
        for topic, body in told.items()
        if topic != "shop/update"
        for problem in shape_problems(body, sample(topic), topic)
        if problem.split()[0].rsplit(".", 1)[-1] not in KNOWN_BESIDES
    ]
    assert problems == []


def test_bodies_say_what_happened(told: dict[str, Any]) -> None:
    created = told["orders/create"]
    number = created["id"]
    assert created["admin_graphql_api_id"] == gid("Order", number)
    assert (created["financial_status"], created["cancelled_at"]) == ("paid", None)
    # 45.00 + 25.00 = 70.00; 8.5 % of each are 3.83 + 2.13 = 5.96; shipping is 5.00.
    assert (created["subtotal_price"], created["total_tax"]) == ("70.00", "5.96")
    assert created["total_price_set"] == {
        "shop_money": {"amount": "80.96", "currency_code": "USD"},
        "presentment_money": {"amount": "72.86", "currency_code": "EUR"},
    }
    assert created["created_at"].endswith(("-05:00", "-04:00"))
    assert created["line_items"][0]["product_id"] == BEANS
    assert told["orders/paid"]["id"] == number
    lines = [line["id"] for line in created["line_items"]]
    assert told["orders/edited"]["order_edit"]["line_items"] == {
        "additions": [],
        "removals": [{"id": lines[1], "delta": 1}],
    }
    refund = told["refunds/create"]
    assert refund["order_id"] == number
    (back,) = refund["refund_line_items"]
    assert (back["line_item_id"], back["subtotal_set"]["shop_money"]["amount"]) == (
        lines[0],
        "10.00",
    )
    assert [one["amount"] for one in refund["order_adjustments"]] == ["-0.50"]
    assert told["orders/cancelled"]["cancel_reason"] == "customer"
    assert told["orders/delete"] == {"id": number}
    assert told["products/update"]["title"] == "Beans"
    assert told["products/delete"] == {"id": BEANS}
    assert told["customers/merge"]["admin_graphql_api_customer_deleted_id"] == gid("Customer", SARA)
    assert told["app/scopes_update"]["current"] == [
        "read_customers",
        "read_orders",
        "read_products",
    ]
    assert told["customers/redact"]["customer"]["email"] == "new@example.test"
    assert told["shop/redact"] == {
        "shop_id": 548_380_009,
        "shop_domain": "bazgasht-demo.myshopify.com",
    }


@pytest.mark.parametrize("answer", ["/code/201", "/code/204", "/code/302", "/code/500", "/slow/1"])
def test_only_200_in_time_is_success_and_retries_are_the_same(
    shop: RunningShop, admin: Admin, receiver: Receiver, answer: str
) -> None:
    admin.subscribe("PRODUCTS_UPDATE", f"{receiver.url}{answer}")
    shop.deliveries.hold()
    shop.merchant.change_product(BEANS, title="First")
    shop.merchant.change_product(ROAST, title="Second")
    shop.merchant.change_product(BEANS, title="Third")
    shop.deliveries.release()
    shop.drain_deliveries()
    # Eight failures in a row remove the subscription; what waits is tried to its end.
    assert admin.data("webhooks", "Subscriptions", first=9)["webhookSubscriptions"]["nodes"] == []
    assert len(receiver.requests) == 3 * (1 + len(RETRY_DELAYS))
    by_id: dict[str, set[tuple[bytes, str]]] = {}
    for one in receiver.requests:
        known = by_id.setdefault(one.headers["X-Shopify-Webhook-Id"], set())
        known.add((one.body, one.headers["X-Shopify-Triggered-At"]))
    assert [len(known) for known in by_id.values()] == [1, 1, 1]
    titles = {json.loads(next(iter(known))[0])["title"] for known in by_id.values()}
    assert titles == {"First", "Second", "Third"}


def test_a_success_resets_the_count(shop: RunningShop, admin: Admin, receiver: Receiver) -> None:
    made = admin.subscribe("PRODUCTS_UPDATE", f"{receiver.url}/ok")["webhookSubscription"]
    subscription = shop.shop.subscriptions.get(int(made["legacyResourceId"]))
    assert subscription is not None
    subscription.failures_in_a_row = 7
    shop.merchant.change_product(BEANS, title="New")
    shop.drain_deliveries()
    assert subscription.failures_in_a_row == 0


def test_the_apps_own_configuration_is_never_removed(receiver: Receiver) -> None:
    app = AppConfig(subscriptions=(AppSubscription("products/update", f"{receiver.url}/code/500"),))
    delivery = WebhookPolicy(retry_scale=0)
    with RunningShop(small_store(), ShopOptions(app=app, delivery=delivery)) as shop:
        shop.merchant.change_product(BEANS, title="Before the install")
        shop.install()
        for title in ("First", "Second"):
            shop.merchant.change_product(BEANS, title=title)
            shop.drain_deliveries()
        assert shop.shop.subscriptions.by_api() == []
    assert len(receiver.requests) == 18


def test_retries_wait_as_long_as_the_schedule_says(
    shop: RunningShop, admin: Admin, receiver: Receiver
) -> None:
    shop.deliveries.policy = WebhookPolicy(retry_scale=0.02)
    admin.subscribe("PRODUCTS_UPDATE", f"{receiver.url}/code/500")
    begun = time.monotonic()
    shop.merchant.change_product(BEANS, title="New")
    while len(receiver.requests) < 2 and time.monotonic() < begun + 5:
        time.sleep(0.01)
    # The second try comes ten seconds after the first, here 0.2.
    assert time.monotonic() - begun >= 0.2
    shop.deliveries.hold()
    shop.merchant.change_product(BEANS, title="Newer")
    assert shop.deliveries.lose() in {1, 2}
    assert shop.deliveries.lose() == 0


def test_duplicates_losses_and_disorder(receiver: Receiver) -> None:
    app = AppConfig(subscriptions=(AppSubscription("products/update", f"{receiver.url}/ok"),))

    def titles(**policy: Any) -> list[str]:
        receiver.forget()
        options = ShopOptions(app=app, delivery=WebhookPolicy(**policy))
        with RunningShop(small_store(), options) as shop:
            shop.install()
            shop.deliveries.hold()
            for number in range(8):
                shop.merchant.change_product(BEANS, title=str(number))
            shop.deliveries.release()
            shop.drain_deliveries()
        return [str(one.json()["title"]) for one in receiver.requests]

    in_order = [str(number) for number in range(8)]
    assert titles() == in_order
    shuffled = titles(shuffle_seed=1)
    assert sorted(shuffled) == in_order != shuffled
    assert titles(duplicates=1.0) == [title for title in in_order for _time in range(2)]
    ids = [one.headers["X-Shopify-Webhook-Id"] for one in receiver.requests]
    assert (len(ids), len(set(ids))) == (16, 8)
    assert titles(losses=1.0) == []


def test_fields_can_be_chosen(shop: RunningShop, admin: Admin, receiver: Receiver) -> None:
    admin.subscribe(
        "PRODUCTS_UPDATE",
        f"{receiver.url}/ok",
        includeFields=["id", "variants.id", "variants.price", "category.full_name", "cow"],
    )
    shop.merchant.change_product(BEANS, title="New")
    shop.drain_deliveries()
    assert receiver.requests[0].json() == {
        "id": BEANS,
        "variants": [{"id": 40_000_000_000_000 + BEANS, "price": "23.00"}],
        "category": {"full_name": "Drinks > Coffee"},
    }
    assert included({"a": {"b": 1}, "c": 2}, ()) == {"a": {"b": 1}, "c": 2}
    assert included({"a": {"b": 1}, "c": 2}, ("a",)) == {"a": {"b": 1}}


def test_metafields_come_along_when_asked_for(
    shop: RunningShop, admin: Admin, receiver: Receiver
) -> None:
    admin.subscribe("CUSTOMERS_UPDATE", f"{receiver.url}/ok", metafieldNamespaces=["$app"])
    owner = gid("Customer", ADA)
    admin.set_metafields(
        {"ownerId": owner, "key": "points", "type": "number_integer", "value": "7"}
    )
    shop.drain_deliveries()
    (found,) = receiver.requests[0].json()["metafields"]
    assert (found["namespace"], found["key"], found["value"]) == ("app--84000101", "points", "7")
    assert (found["owner_id"], found["owner_resource"]) == (ADA, "customer")


def test_one_event_has_one_event_id(shop: RunningShop, admin: Admin, receiver: Receiver) -> None:
    for path in ("/ok", "/ok/2"):
        admin.subscribe("ORDERS_CREATE", f"{receiver.url}{path}")
    shop.merchant.place_order({BEANS: 1})
    shop.drain_deliveries()
    first, second = (one.headers for one in receiver.requests)
    assert first["X-Shopify-Event-Id"] == second["X-Shopify-Event-Id"]
    assert first["X-Shopify-Webhook-Id"] != second["X-Shopify-Webhook-Id"]


def test_subscriptions_are_listed_changed_and_deleted(admin: Admin) -> None:
    made = admin.subscribe("ORDERS_CREATE", "https://app.test/a")["webhookSubscription"]
    assert (made["topic"], made["uri"]) == ("ORDERS_CREATE", "https://app.test/a")
    admin.subscribe("ORDERS_UPDATED", "https://app.test/a")
    listed = admin.data("webhooks", "Subscriptions", first=9, topics=["ORDERS_CREATE"])
    assert [one["id"] for one in listed["webhookSubscriptions"]["nodes"]] == [made["id"]]
    changed = admin.data(
        "webhooks", "Resubscribe", id=made["id"], subscription={"uri": "https://app.test/b"}
    )
    payload = changed["webhookSubscriptionUpdate"]
    assert payload["webhookSubscription"]["uri"] == "https://app.test/b"
    gone = admin.data("webhooks", "Unsubscribe", id=made["id"])["webhookSubscriptionDelete"]
    assert gone == {"deletedWebhookSubscriptionId": made["id"], "userErrors": []}
    again = admin.data("webhooks", "Unsubscribe", id=made["id"])["webhookSubscriptionDelete"]
    assert again["userErrors"][0]["message"] == "Webhook subscription does not exist"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("", "Address can't be blank"),
        ("nonsense", "Address is invalid"),
        ("http://app.test/", "Address protocol http:// is not supported"),
        ("https://app.test/taken", "Address for this topic has already been taken"),
    ],
)
def test_bad_addresses_are_user_errors(admin: Admin, uri: str, message: str) -> None:
    admin.subscribe("ORDERS_CREATE", "https://app.test/taken")
    (error,) = admin.subscribe("ORDERS_CREATE", uri)["userErrors"]
    assert error == {"field": ["webhookSubscription", "uri"], "message": message}


def test_topics_need_their_scope_and_compliance_topics_do_not_exist(
    shop: RunningShop, admin: Admin, receiver: Receiver
) -> None:
    admin.subscribe("CUSTOMERS_UPDATE", f"{receiver.url}/ok")
    shop.install(("read_products",))
    (error,) = admin.subscribe("CUSTOMERS_CREATE", "https://app.test/")["userErrors"]
    assert error["field"] == ["webhookSubscription", "topic"]
    shop.merchant.create_customer("a@b.test")
    shop.drain_deliveries()
    assert receiver.requests == []
    subscription = {"uri": "https://app.test/"}
    body = admin.run("webhooks", "Subscribe", topic="SHOP_REDACT", subscription=subscription)
    assert "does not exist in 'WebhookSubscriptionTopic' enum" in body["errors"][0]["message"]


def test_another_app_is_not_ours(shop: RunningShop, admin: Admin, receiver: Receiver) -> None:
    shop.subscribe_another_app("orders/create", f"{receiver.url}/ok")
    listed = admin.data("webhooks", "Subscriptions", first=9)["webhookSubscriptions"]
    assert listed["nodes"] == []
    shop.uninstall()
    shop.merchant.place_order({BEANS: 1})
    shop.drain_deliveries()
    assert topics(receiver) == ["orders/create"]


def test_a_live_checkout_is_told_paid(shop: RunningShop, admin: Admin, receiver: Receiver) -> None:
    for topic in ("ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_PAID", "CUSTOMERS_CREATE"):
        admin.subscribe(topic, f"{receiver.url}/ok")
    moment = 1_500_000_000
    items = ((BEANS, 1, 2300),)
    checkout = Checkout(moment, "new@x.test", "N", "B", "new", items)
    shop.store.upcoming.append(checkout)
    shop.services.live.start(1, 100)
    deadline = time.monotonic() + 5
    while shop.services.live.progress.running and time.monotonic() < deadline:
        time.sleep(0.01)
    shop.drain_deliveries()
    assert sorted(topics(receiver)) == [
        "customers/create",
        "orders/create",
        "orders/paid",
        "orders/updated",
    ]
    order = hook(receiver, "orders/create").json()
    assert (order["financial_status"], order["total_price"]) == ("paid", "23.00")
    assert order["customer"]["email"] == "new@x.test"
