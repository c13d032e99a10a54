"""Pings, failures and disabling, against the recorded scenarios."""

import ssl

import pytest
import trustme

from sandbox.delivery import DeliveryPolicy
from sandbox.server import RunningStore
from sandbox.small import small_store
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver
from tests.sandbox.recordings import scenario


def subscribe(api: Client, receiver: Receiver, path: str = "/ok", **fields: str) -> int:
    body = {"topic": "order.updated", "delivery_url": f"{receiver.url}{path}", **fields}
    response = api.post("webhooks", body)
    assert response.status_code == 201
    return int(response.json()["id"])


def touch(api: Client, running: RunningStore) -> None:
    api.put("orders/204", {"customer_note": "x"})
    running.drain_deliveries()


def kinds(receiver: Receiver) -> list[str]:
    return ["ping" if request.is_ping else str(request.topic) for request in receiver.requests]


def test_ping_is_an_unsigned_form(api: Client, receiver: Receiver) -> None:
    webhook_id = subscribe(api, receiver)
    (ping,) = receiver.requests
    example = scenario("00_pings_on_create")["deliveries"][0]
    assert ping.body == f"webhook_id={webhook_id}".encode()
    assert sorted(ping.headers) == sorted(example["header_order"])
    assert ping.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert ping.headers["User-Agent"] == example["headers"]["User-Agent"]


def test_changed_delivery_url_is_pinged_and_pausing_is_not(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    webhook_id = subscribe(api, receiver)
    api.put(f"webhooks/{webhook_id}", {"delivery_url": f"{receiver.url}/ok?x=1"})
    assert [request.path for request in receiver.requests] == ["/ok", "/ok?x=1"]
    api.put(f"webhooks/{webhook_id}", {"status": "paused"})
    api.put(f"webhooks/{webhook_id}", {"status": "active"})
    assert len(receiver.requests) == 2


def test_creating_ignores_status_paused(api: Client, receiver: Receiver) -> None:
    body = {
        "topic": "order.updated",
        "delivery_url": f"{receiver.url}/ok",
        "status": "paused",
    }
    assert api.post("webhooks", body).json()["status"] == "active"


@pytest.mark.parametrize("status", [202, 204, 401])
def test_ping_not_answered_200_follows_every_delivery(
    status: int, recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    receiver.ping_status = status
    webhook_id = subscribe(api, receiver)
    for _time in range(3):
        touch(api, recorded)
    assert kinds(receiver) == ["ping", *["order.updated", "ping"] * 3]
    webhook = recorded.store.webhooks[webhook_id]
    row = [webhook.status, str(webhook.failure_count), str(int(webhook.pending_delivery))]
    assert row == scenario(f"43_ping_answered_{status}")["row_after"]
    receiver.ping_status = 200
    touch(api, recorded)
    touch(api, recorded)
    assert kinds(receiver)[-3:] == ["order.updated", "ping", "order.updated"]


@pytest.mark.parametrize("status", [201, 202, 204, 301, 302, 307, 308, 400, 410, 429, 503])
def test_answer_counts_as_recorded(
    status: int, recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    receiver.ping_status = 200
    webhook_id = subscribe(api, receiver, f"/code/{status}")
    touch(api, recorded)
    webhook = recorded.store.webhooks[webhook_id]
    row = [webhook.status, str(webhook.failure_count), str(int(webhook.pending_delivery))]
    assert row == scenario(f"44_answer_{status}")["row_after"]
    assert [request.path for request in receiver.deliveries] == [f"/code/{status}"]


def test_disabled_at_the_seventh_failure_and_repaired_by_a_new_url(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    webhook_id = subscribe(api, receiver, "/code/500")
    statuses = []
    for _time in range(9):
        touch(api, recorded)
        statuses.append(api.get(f"webhooks/{webhook_id}").json()["status"])
    assert statuses == ["active"] * 6 + ["disabled"] * 3
    expected = [
        d["headers"].get("X-WC-Webhook-Topic", "ping")
        for d in scenario("40_endpoint_500")["deliveries"]
    ]
    assert kinds(receiver) == expected
    # Activating alone keeps the count: one more failure disables again.
    receiver.forget()
    api.put(f"webhooks/{webhook_id}", {"status": "active"})
    touch(api, recorded)
    assert kinds(receiver) == ["ping", "order.updated"]
    assert api.get(f"webhooks/{webhook_id}").json()["status"] == "disabled"
    receiver.forget()
    repaired = {"delivery_url": f"{receiver.url}/ok", "status": "active"}
    api.put(f"webhooks/{webhook_id}", repaired)
    touch(api, recorded)
    assert kinds(receiver) == ["ping", "order.updated"]
    webhook = recorded.store.webhooks[webhook_id]
    assert (webhook.status, webhook.failure_count) == ("active", 0)
    assert not webhook.pending_delivery


def test_slow_receiver_is_a_failure_and_not_tried_again(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    receiver.ping_status = 200
    webhook_id = subscribe(api, receiver, "/ok")
    recorded.store.webhooks[webhook_id].delivery_url = f"{receiver.url}/slow/1.2"
    touch(api, recorded)
    assert recorded.store.webhooks[webhook_id].failure_count == 1
    assert len(receiver.deliveries) == 1
    assert recorded.deliveries.failed == 1


def test_unreachable_receiver_still_gives_an_active_webhook(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    receiver.stop()
    webhook_id = subscribe(api, receiver)
    assert api.get(f"webhooks/{webhook_id}").json()["status"] == "active"
    receiver.__post_init__()


def test_missing_secret_is_made_and_never_shown(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    webhook_id = subscribe(api, receiver)
    assert len(recorded.store.webhooks[webhook_id].secret) == 50
    assert "secret" not in api.get(f"webhooks/{webhook_id}").json()


def test_deleted_webhook_needs_force_and_then_receives_nothing(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    webhook_id = subscribe(api, receiver)
    refused = api.delete(f"webhooks/{webhook_id}")
    assert (refused.status_code, refused.json()["code"]) == (
        501,
        "woocommerce_rest_trash_not_supported",
    )
    assert api.delete(f"webhooks/{webhook_id}", force="true").status_code == 200
    receiver.forget()
    touch(api, recorded)
    assert receiver.requests == []


def test_bad_topic_and_bad_address_are_refused(api: Client) -> None:
    wrong_topic = api.post("webhooks", {"topic": "x.y", "delivery_url": "http://a.test/"})
    assert wrong_topic.json()["code"] == "woocommerce_rest_shop_webhook_invalid_topic"
    wrong_url = api.post("webhooks", {"topic": "order.created", "delivery_url": "ftp://a"})
    assert wrong_url.json()["code"] == "woocommerce_rest_shop_webhook_invalid_delivery_url"
    missing = api.post("webhooks", {"topic": "order.created"})
    assert missing.json()["code"] == "rest_missing_callback_param"


def test_shuffled_deliveries_all_arrive_in_another_order(receiver: Receiver) -> None:
    with RunningStore(small_store(), delivery=DeliveryPolicy(shuffle_seed=5)) as running:
        api = Client(running.url, running.new_key())
        body = {"topic": "customer.updated", "delivery_url": f"{receiver.url}/ok"}
        api.post("webhooks", body)
        receiver.forget()
        running.deliveries.hold()
        for customer_id in (2, 3, 4, 5):
            api.put(f"customers/{customer_id}", {"first_name": "A"})
        running.deliveries.release()
        running.drain_deliveries()
        api.close()
    arrived = [delivery.json()["id"] for delivery in receiver.deliveries]
    assert sorted(arrived) == [2, 3, 4, 5]
    assert arrived != [2, 3, 4, 5]


def test_delivery_over_tls_trusts_the_given_authority() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    receiver = Receiver(tls=context)
    with authority.cert_pem.tempfile() as certificate:
        policy = DeliveryPolicy(verify=certificate)
        with RunningStore(small_store(), delivery=policy) as running:
            api = Client(running.url, running.new_key())
            body = {"topic": "customer.updated", "delivery_url": f"{receiver.url}/ok"}
            api.post("webhooks", body)
            api.put("customers/2", {"first_name": "A"})
            running.drain_deliveries()
            api.close()
            assert running.deliveries.delivered == 1
    receiver.stop()
    assert [request.is_ping for request in receiver.requests] == [True, False]
