"""Webhooks are made, mended and removed; those of others are left alone."""

from typing import Any

import pytest

from connector.errors import TemporaryError
from tests.connector.conftest import Open
from tests.connector.recordings import Recorded, Replay, answer, content, recorded

ADDRESS = "https://app.example/webhooks/woocommerce/7"
TOPICS = ["order.created", "order.updated"]


def webhook(number: int, **changes: Any) -> dict[str, Any]:
    whole = content("webhook_get")
    named = {"name": "Bazgasht order.created", "delivery_url": ADDRESS}
    return {**whole, "id": number, **named, **changes}


def listed(*webhooks: dict[str, Any]) -> Recorded:
    return answer(list(webhooks), X_WP_Total=str(len(webhooks)), X_WP_TotalPages="1")


def changes(replay: Replay) -> list[tuple[str, str]]:
    prefix = "/wp-json/wc/v3/"
    return [
        (call.method, call.path.removeprefix(prefix))
        for call in replay.calls
        if call.method != "GET"
    ]


def test_all_are_made_in_a_store_that_has_none_of_ours(open_store: Open) -> None:
    store, replay = open_store(
        {"GET webhooks": [recorded("webhooks_list")], "POST webhooks": [recorded("webhook_create")]}
    )
    store.register_webhooks(ADDRESS, "s3cret", TOPICS)
    assert changes(replay) == [("POST", "webhooks"), ("POST", "webhooks")]
    assert replay.calls[1].content == {
        "name": "Bazgasht order.created",
        "topic": "order.created",
        "delivery_url": ADDRESS,
        "secret": "s3cret",
    }
    assert replay.calls[2].content["topic"] == "order.updated"


def test_what_is_there_is_kept_once_and_the_rest_mended(open_store: Open) -> None:
    others = webhook(90, name="Another app", delivery_url="https://other.example/hook")
    there = listed(
        webhook(1),
        webhook(2),
        webhook(3, topic="order.updated", status="disabled"),
        webhook(4, topic="coupon.created"),
        webhook(5, delivery_url="https://app.example/webhooks/woocommerce/3"),
        webhook(6, delivery_url="https://staging.example/webhooks/woocommerce/7"),
        webhook(7, name="By hand", topic="order.updated", status="paused"),
        others,
    )
    answers = {f"DELETE webhooks/{number}": [answer({})] for number in (2, 3, 4, 5, 7)}
    store, replay = open_store(
        {
            "GET webhooks": [there],
            "PUT webhooks/1": [answer(webhook(1))],
            "POST webhooks": [answer(webhook(91), 201)],
            **answers,
        }
    )
    store.register_webhooks(ADDRESS, "s3cret", TOPICS)
    assert changes(replay) == [
        ("PUT", "webhooks/1"),
        ("DELETE", "webhooks/2"),
        ("DELETE", "webhooks/3"),
        ("DELETE", "webhooks/4"),
        ("DELETE", "webhooks/5"),
        ("DELETE", "webhooks/7"),
        ("POST", "webhooks"),
    ]
    assert replay.calls[1].content == {"secret": "s3cret"}
    assert replay.calls[2].query["force"] == "true"
    assert replay.calls[-1].content["topic"] == "order.updated"


def test_making_one_is_not_repeated(open_store: Open) -> None:
    store, replay = open_store({"GET webhooks": [listed()], "POST webhooks": [answer({}, 502)]})
    with pytest.raises(TemporaryError):
        store.register_webhooks(ADDRESS, "s3cret", TOPICS)
    assert changes(replay) == [("POST", "webhooks")]


def test_healthy_are_active_ones_to_the_address_for_every_topic(open_store: Open) -> None:
    updated = webhook(2, topic="order.updated")
    disabled = {**content("webhook_disabled_get"), "delivery_url": ADDRESS}
    assert disabled["status"] == "disabled"
    answers = [
        listed(webhook(1), updated),
        listed(webhook(1)),
        listed(webhook(1), disabled),
        listed(webhook(1), {**updated, "delivery_url": f"{ADDRESS}0"}),
        recorded("webhooks_list"),
    ]
    store, _ = open_store({"GET webhooks": answers})
    healthy = [store.webhooks_are_healthy(ADDRESS, TOPICS) for _ in answers]
    assert healthy == [True, False, False, False, False]


def test_removing_leaves_those_of_others(open_store: Open) -> None:
    others = webhook(90, name="Another app", delivery_url="https://other.example/hook")
    gone = answer({"code": "woocommerce_rest_shop_webhook_invalid_id"}, 404)
    store, replay = open_store(
        {
            "GET webhooks": [listed(webhook(1), webhook(2), others)],
            "DELETE webhooks/1": [gone],
            "DELETE webhooks/2": [answer({})],
        }
    )
    store.remove_webhooks(ADDRESS)
    assert changes(replay) == [("DELETE", "webhooks/1"), ("DELETE", "webhooks/2")]
