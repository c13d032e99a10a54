"""Which webhook events fire, against the recorded scenarios."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable

import pytest

from sandbox.delivery import delivery_id, signature
from sandbox.live import check_out
from sandbox.server import RunningStore
from sandbox.store import Checkout
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver
from tests.sandbox.recorded_store import give_back
from tests.sandbox.recordings import delivered, differences, scenario

# The topics that webhooks existed for when the scenarios were recorded.
RECORDED_TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "product.updated",
    "product.deleted",
    "product.created",
)
SECRET = "whsec_test_0123456789abcdef"
Action = Callable[[Client], object]
PAID_ORDER = {
    "customer_id": 14,
    "set_paid": True,
    "payment_method": "cod",
    "line_items": [
        {"product_id": 27, "quantity": 1},
        {"product_id": 11, "quantity": 2},
        {"product_id": 73, "variation_id": 74, "quantity": 1},
    ],
    "shipping_lines": [{"method_id": "flat_rate", "method_title": "Flat rate", "total": "5.00"}],
    "meta_data": [{"key": "_src", "value": "rec"}],
}


def subscribe(api: Client, receiver: Receiver, *topics: str, path: str = "/ok") -> list[int]:
    ids = []
    for topic in topics:
        body = {"topic": topic, "delivery_url": f"{receiver.url}{path}", "secret": SECRET}
        ids.append(api.post("webhooks", body).json()["id"])
    return ids


@pytest.fixture
def subscribed(recorded: RunningStore, api: Client, receiver: Receiver) -> Receiver:
    """A receiver of all topics."""
    subscribe(api, receiver, *RECORDED_TOPICS)
    recorded.drain_deliveries()
    receiver.forget()
    return receiver


def trash_204(api: Client) -> None:
    api.delete("orders/204")


SCENARIOS: dict[str, Action] = {
    "10_customer_created": lambda api: api.post("customers", {"email": "new@example.test"}),
    "11_customer_updated": lambda api: api.put(
        "customers/14", {"meta_data": [{"key": "points_balance", "value": "150"}]}
    ),
    "12_order_created_paid": lambda api: api.post("orders", PAID_ORDER),
    "13_order_status_completed": lambda api: api.put("orders/204", {"status": "completed"}),
    "14_order_note_field": lambda api: api.put("orders/204", {"customer_note": "hello"}),
    "16_order_meta_only": lambda api: api.put(
        "orders/204", {"meta_data": [{"key": "m1", "value": "v"}]}
    ),
    "17_order_partial_refund": lambda api: api.post("orders/204/refunds", {"amount": "5.00"}),
    "18_order_line_refund": lambda api: api.post(
        "orders/204/refunds",
        {"line_items": [{"id": 475, "quantity": 1, "refund_total": 35.99}]},
    ),
    "19_order_fully_refunded": lambda api: api.post("orders/204/refunds", {"amount": "113.38"}),
    "21_product_updated_cross_sells": lambda api: api.put(
        "products/71", {"cross_sell_ids": [72, 68], "upsell_ids": [66]}
    ),
    "22_product_updated_no_change": lambda api: api.put("products/71", {"cross_sell_ids": []}),
    "24_order_deleted_trash": trash_204,
    "25_order_deleted_force": lambda api: api.delete("orders/209", force="true"),
    "26_product_deleted_trash": lambda api: api.delete("products/210"),
    "27_product_deleted_force": lambda api: api.delete("products/211", force="true"),
    "52_variation_updated": lambda api: api.put(
        "products/73/variations/74", {"regular_price": "26.00"}
    ),
    "53_product_created": lambda api: api.post(
        "products", {"name": "Batch doomed", "regular_price": "1"}
    ),
    "54_product_batch_delete": lambda api: api.post("products/batch", {"delete": [210, 211]}),
    "56_customer_deleted": lambda api: api.delete("customers/15", force="true"),
    "61_order_put_same_status": lambda api: api.put("orders/209", {"status": "pending"}),
}


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_recorded_scenario(
    name: str, recorded: RunningStore, api: Client, subscribed: Receiver
) -> None:
    SCENARIOS[name](api)
    recorded.drain_deliveries()
    expected = [
        delivery["headers"]["X-WC-Webhook-Topic"] for delivery in scenario(name)["deliveries"]
    ]
    assert sorted(map(str, subscribed.topics)) == sorted(expected)
    for delivery in subscribed.deliveries:
        assert delivery.topic is not None
        body = delivered(name, delivery.topic)
        assert differences(body, delivery.json()) == []


def test_delivery_has_the_recorded_headers_and_a_valid_signature(
    recorded: RunningStore, api: Client, subscribed: Receiver
) -> None:
    api.put("orders/204", {"customer_note": "سلام/😀"})
    recorded.drain_deliveries()
    (delivery,) = subscribed.deliveries
    example = scenario("13_order_status_completed")["deliveries"][0]
    assert list(delivery.headers) == example["header_order"]
    for header in ("User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Connection"):
        assert delivery.headers[header] == example["headers"][header]
    assert delivery.headers["X-WC-Webhook-Source"] == f"{recorded.url}/"
    assert delivery.headers["X-WC-Webhook-Resource"] == "order"
    assert delivery.headers["X-WC-Webhook-Event"] == "updated"
    digest = hmac.new(SECRET.encode(), delivery.body, hashlib.sha256).digest()
    assert delivery.headers["X-WC-Webhook-Signature"] == base64.b64encode(digest).decode()
    assert b"\\u0633\\u0644\\u0627\\u0645\\/\\ud83d\\ude00" in delivery.body
    assert delivery.json() == api.get("orders/204").json()


@pytest.mark.parametrize("name", ["amp", "none", "plain", "spaces", "utf8"])
def test_signature_of_a_recorded_delivery(name: str) -> None:
    (delivery,) = scenario(f"45_secret_{name}")["deliveries"]
    body = base64.b64decode(delivery["body_b64"])
    expected = delivery["headers"]["X-WC-Webhook-Signature"]
    assert signature(delivery["secret"], body) == expected


def test_signature_decodes_html_entities_in_the_secret() -> None:
    assert signature("a&amp;b", b"body") == signature("a&b", b"body")


def test_delivery_id_is_shared_within_a_second() -> None:
    assert delivery_id(3, 1000) == delivery_id(3, 1000)
    assert len({delivery_id(3, 1000), delivery_id(3, 1001), delivery_id(4, 1000)}) == 3
    assert len(delivery_id(3, 1000)) == 32


def test_deleting_a_refund_fires_nothing(
    recorded: RunningStore, api: Client, subscribed: Receiver
) -> None:
    give_back(recorded.store, 500, 3599)
    recorded.drain_deliveries()
    subscribed.forget()
    assert api.delete("orders/204/refunds/206", force="true").status_code == 200
    recorded.drain_deliveries()
    assert subscribed.requests == []
    assert [refund["id"] for refund in api.get("orders/204").json()["refunds"]] == [205]


def test_taking_an_order_out_of_the_trash_by_status_fires_nothing(
    recorded: RunningStore, api: Client, subscribed: Receiver
) -> None:
    trash_204(api)
    recorded.drain_deliveries()
    subscribed.forget()
    restored = api.put("orders/204", {"status": "processing"}).json()
    recorded.drain_deliveries()
    assert subscribed.requests == []
    assert restored["status"] == "processing"
    assert "_wp_trash_meta_status" not in {row["key"] for row in restored["meta_data"]}


def test_taking_a_product_out_of_the_trash_fires_product_updated(
    recorded: RunningStore, api: Client, subscribed: Receiver
) -> None:
    api.delete("products/210")
    recorded.drain_deliveries()
    subscribed.forget()
    api.put("products/210", {"status": "publish"})
    recorded.drain_deliveries()
    assert subscribed.topics == ["product.updated"]


def test_trashing_a_product_fires_coupon_deleted_with_its_id(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    subscribe(api, receiver, "coupon.deleted", "product.deleted")
    receiver.forget()
    api.delete("products/210")
    recorded.drain_deliveries()
    assert receiver.topics == ["coupon.deleted", "product.deleted"]
    assert [delivery.body for delivery in receiver.deliveries] == [b'{"id":210}'] * 2


def test_order_deleted_says_only_the_id(
    recorded: RunningStore, api: Client, subscribed: Receiver
) -> None:
    trash_204(api)
    recorded.drain_deliveries()
    assert [delivery.body for delivery in subscribed.deliveries] == [b'{"id":204}']


def test_batch_update_fires_order_updated_for_each_order(
    recorded: RunningStore, api: Client, subscribed: Receiver
) -> None:
    updates = [{"id": order_id, "customer_note": "x"} for order_id in (204, 209)]
    api.post("orders/batch", {"update": updates})
    recorded.drain_deliveries()
    assert [delivery.json()["id"] for delivery in subscribed.deliveries] == [204, 209]


def test_cancelling_returns_stock_and_fires_product_updated(
    recorded: RunningStore, api: Client, subscribed: Receiver
) -> None:
    # 40 pieces, less the 1 and 2 that order 204 took.
    assert api.get("products/27").json()["stock_quantity"] == 39
    api.put("orders/204", {"status": "cancelled"})
    recorded.drain_deliveries()
    assert sorted(map(str, subscribed.topics)) == ["order.updated"] + ["product.updated"] * 2
    assert api.get("products/27").json()["stock_quantity"] == 40


def test_checkout_delivers_updated_before_created(
    recorded: RunningStore, api: Client, subscribed: Receiver
) -> None:
    shopper = Checkout(1_500_000_000, "g@example.com", "Gül", "Öz", None, ((71, 2, 450),))
    check_out(recorded.store, shopper)
    recorded.drain_deliveries()
    assert subscribed.topics == ["order.updated", "order.created"]
    order = subscribed.deliveries[0].json()
    assert (order["status"], order["total"]) == ("processing", "4.88")
    assert order["date_created"] == order["date_paid"] == "2017-07-14T02:40:00"
    assert order["date_modified"] > "2026"


def test_first_checkout_opens_an_account(
    recorded: RunningStore, api: Client, subscribed: Receiver
) -> None:
    shopper = Checkout(1_500_000_000, "h@example.com", "Ada", "B", "h", ((71, 1, 250),))
    first, second = check_out(recorded.store, shopper), check_out(recorded.store, shopper)
    assert first.customer_id == second.customer_id != 0
    recorded.drain_deliveries()
    assert subscribed.topics.count("customer.created") == 1


def test_waiting_deliveries_of_one_object_collapse_and_show_the_latest_state(
    recorded: RunningStore, api: Client, subscribed: Receiver
) -> None:
    recorded.deliveries.hold()
    api.put("orders/204", {"customer_note": "one"})
    api.put("orders/204", {"customer_note": "two"})
    recorded.deliveries.release()
    recorded.drain_deliveries()
    assert [delivery.json()["customer_note"] for delivery in subscribed.deliveries] == ["two"]


def test_created_may_already_show_the_trash(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    subscribe(api, receiver, "order.created")
    receiver.forget()
    recorded.deliveries.hold()
    order_id = api.post("orders", {"line_items": [{"product_id": 71}]}).json()["id"]
    api.delete(f"orders/{order_id}")
    recorded.deliveries.release()
    recorded.drain_deliveries()
    (delivery,) = receiver.deliveries
    assert (delivery.topic, delivery.json()["status"]) == ("order.created", "trash")


def test_gone_object_delivers_a_signed_error_body_without_id(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    subscribe(api, receiver, "order.updated")
    receiver.forget()
    recorded.deliveries.hold()
    api.put("orders/209", {"customer_note": "bye"})
    api.delete("orders/209", force="true")
    recorded.deliveries.release()
    recorded.drain_deliveries()
    (delivery,) = receiver.deliveries
    assert delivery.body == (
        b'{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.",'
        b'"data":{"status":404}}'
    )
    assert delivery.headers["X-WC-Webhook-Signature"] == signature(SECRET, delivery.body)


def test_shop_manager_webhook_sees_no_meta_data(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    manager = Client(recorded.url, recorded.new_key("shop_manager"))
    body = {"topic": "customer.updated", "delivery_url": f"{receiver.url}/manager"}
    assert manager.post("webhooks", body).status_code == 201
    manager.close()
    subscribe(api, receiver, "customer.updated")
    receiver.forget()
    api.put("customers/2", {"meta_data": [{"key": "points", "value": "7"}]})
    recorded.drain_deliveries()
    bodies = {delivery.path: delivery.json() for delivery in receiver.deliveries}
    expected = [
        json.loads(d["body"])
        for d in scenario("63_customer_updated_shop_manager_webhook")["deliveries"]
    ]
    assert "meta_data" not in bodies["/manager"]
    assert differences(expected[2], bodies["/manager"]) == []
    assert [row["value"] for row in bodies["/ok"]["meta_data"]] == ["7"]


def test_paused_webhook_receives_nothing(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    (webhook_id,) = subscribe(api, receiver, "order.updated")
    receiver.forget()
    api.put(f"webhooks/{webhook_id}", {"status": "paused"})
    api.put("orders/204", {"customer_note": "x"})
    recorded.drain_deliveries()
    assert receiver.requests == []
