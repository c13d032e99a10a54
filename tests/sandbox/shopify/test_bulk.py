"""Bulk operations: their life, their files, and what goes wrong with them."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.faults import Fault
from sandbox.shopify.bulk.checks import problem_of
from sandbox.shopify.gid import gid
from sandbox.shopify.server import RunningShop, admin_schema
from tests.sandbox.receiver import Receiver
from tests.sandbox.shopify.client import Admin, document

BEANS, ROAST, PRESS = 82, 83, 85
ADA = 2


@pytest.fixture
def orders(shop: RunningShop, admin: Admin) -> Iterator[list[int]]:
    """Three orders of two lines each; the first with a refund."""
    made = [
        shop.merchant.place_order({BEANS: n, ROAST: 1}, customer_id=ADA).id for n in range(1, 4)
    ]
    first = shop.store.orders[made[0]]
    shop.merchant.refund(first.id, {first.lines[0].id: (1, 2300)})
    shop.drain_deliveries()
    yield made
    shop.bulk.release()


def start(admin: Admin, query: str | None = None, *, grouped: bool = False) -> Any:
    text = document("bulk_orders") if query is None else query
    data = admin.data("bulk", "RunBulk", query=text, groupObjects=grouped)
    return data["bulkOperationRunQuery"]


def state(admin: Admin, started: Any) -> Any:
    data = admin.data("bulk", "Bulk", id=started["bulkOperation"]["id"])
    return data["bulkOperation"]


def finished(admin: Admin, started: Any) -> Any:
    deadline = time.monotonic() + 5
    over = {"COMPLETED", "FAILED", "CANCELED"}
    while (found := state(admin, started))["status"] not in over and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def lines_at(url: str) -> list[dict[str, Any]]:
    answer = requests.get(url, timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/jsonl"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_an_operation_from_created_to_completed(
    shop: RunningShop, admin: Admin, orders: list[int], receiver: Receiver
) -> None:
    admin.subscribe("BULK_OPERATIONS_FINISH", f"{receiver.url}/ok")
    shop.bulk.hold()
    started = start(admin)
    assert started["userErrors"] == []
    created = started["bulkOperation"]
    assert (created["status"], created["url"], created["objectCount"]) == ("CREATED", None, "0")
    shop.bulk.release()
    done = finished(admin, started)
    assert (done["status"], done["errorCode"], done["partialDataUrl"]) == ("COMPLETED", None, None)
    assert (done["objectCount"], done["rootObjectCount"]) == ("9", "3")
    assert int(done["fileSize"]) == len(requests.get(done["url"], timeout=5).content)
    shop.drain_deliveries()
    (told,) = receiver.requests
    assert told.topic == "bulk_operations/finish"
    body = told.json()
    assert body["admin_graphql_api_id"] == created["id"]
    assert (body["status"], body["type"], body["error_code"]) == ("completed", "query", None)
    assert admin.data("bulk", "CurrentBulk")["currentBulkOperation"]["id"] == created["id"]
    listed = admin.data("bulk", "BulkOperations", first=9, query="status:completed")
    assert [one["id"] for one in listed["bulkOperations"]["nodes"]] == [created["id"]]


@pytest.mark.parametrize("grouped", [True, False])
def test_lines_name_their_parents(admin: Admin, orders: list[int], grouped: bool) -> None:
    lines = lines_at(finished(admin, start(admin, grouped=grouped))["url"])
    roots = [line for line in lines if "__parentId" not in line]
    assert [line["id"] for line in roots] == [gid("Order", number) for number in orders]
    assert roots[0]["totalPriceSet"] == {"shopMoney": {"amount": "48.0", "currencyCode": "USD"}}
    (refund,) = roots[0]["refunds"]
    assert refund["totalRefundedSet"] == {"shopMoney": {"amount": "23.0"}}
    below = [line for line in lines if "__parentId" in line]
    assert [(line["__parentId"], line["quantity"]) for line in below] == [
        (gid("Order", number), quantity)
        for number, beans in zip(orders, (1, 2, 3), strict=True)
        for quantity in (beans, 1)
    ]
    is_below = ["__parentId" in line for line in lines]
    assert is_below == ([False, True, True] * 3 if grouped else [False] * 3 + [True] * 6)
    places = {line["id"]: place for place, line in enumerate(lines)}
    assert all(places[line["__parentId"]] < places[line["id"]] for line in below)


def test_the_file_is_what_the_same_query_answers(admin: Admin, orders: list[int]) -> None:
    query = "{ orders(first: 9) { nodes { id name processedAt } } }"
    answered = admin.post(query).json()["data"]["orders"]["nodes"]
    assert lines_at(finished(admin, start(admin, query))["url"]) == answered


def test_two_connections_below_products(admin: Admin) -> None:
    done = finished(admin, start(admin, document("bulk_products"), grouped=True))
    lines = lines_at(done["url"])
    kinds = [line["id"].split("/")[-2] for line in lines]
    # Twelve products, each in one collection; eleven with one variant, one with three.
    assert [kinds.count(kind) for kind in ("Product", "Collection", "ProductVariant")] == [
        12,
        12,
        14,
    ]
    assert kinds[:3] == ["Product", "Collection", "ProductVariant"]


def test_parts_of_the_file_can_be_fetched(admin: Admin, orders: list[int]) -> None:
    url = finished(admin, start(admin))["url"]
    whole = requests.get(url, timeout=5).content
    rest = requests.get(url, headers={"Range": "bytes=100-"}, timeout=5)
    assert (rest.status_code, rest.content) == (206, whole[100:])
    assert (
        requests.get(url.replace("/bulk-results/", "/bulk-results/x"), timeout=5).status_code == 404
    )


def test_nothing_found_has_no_file(admin: Admin) -> None:
    done = finished(admin, start(admin))
    assert (done["status"], done["objectCount"], done["url"]) == ("COMPLETED", "0", None)


def test_a_failure_leaves_a_part(shop: RunningShop, admin: Admin, orders: list[int]) -> None:
    shop.bulk.fail_next(after_objects=2, error_code="TIMEOUT")
    done = finished(admin, start(admin))
    assert (done["status"], done["errorCode"], done["url"]) == ("FAILED", "TIMEOUT", None)
    assert len(lines_at(done["partialDataUrl"])) == 2
    shop.bulk.fail_next()
    done = finished(admin, start(admin))
    assert (done["errorCode"], done["partialDataUrl"]) == ("INTERNAL_SERVER_ERROR", None)
    assert finished(admin, start(admin))["status"] == "COMPLETED"


def test_a_scope_that_is_missing_fails_the_operation(
    shop: RunningShop, admin: Admin, orders: list[int]
) -> None:
    shop.install(("read_orders",))
    done = finished(admin, start(admin))
    assert (done["status"], done["errorCode"]) == ("FAILED", "ACCESS_DENIED")


def test_cancelling(shop: RunningShop, admin: Admin, orders: list[int]) -> None:
    shop.bulk.hold()
    started = start(admin)
    operation = started["bulkOperation"]["id"]
    payload = admin.data("bulk", "CancelBulk", id=operation)["bulkOperationCancel"]
    assert payload["bulkOperation"]["status"] == "CANCELING"
    shop.bulk.release()
    assert finished(admin, started)["status"] == "CANCELED"
    again = admin.data("bulk", "CancelBulk", id=operation)["bulkOperationCancel"]
    assert again["userErrors"][0]["message"].endswith("when it is canceled")


def test_an_expired_file_is_gone(shop: RunningShop, admin: Admin, orders: list[int]) -> None:
    done = finished(admin, started := start(admin))
    operation = shop.bulk.latest()
    assert operation is not None
    shop.bulk.expire(operation)
    found = state(admin, started)
    assert (found["status"], found["url"]) == ("EXPIRED", None)
    assert requests.get(done["url"], timeout=5).status_code == 404


def test_five_at_once(shop: RunningShop, admin: Admin, orders: list[int]) -> None:
    shop.bulk.hold()
    five = [start(admin) for _time in range(5)]
    assert all(one["userErrors"] == [] for one in five)
    (error,) = start(admin)["userErrors"]
    assert error["code"] == "LIMIT_REACHED"
    shop.bulk.release()
    assert {finished(admin, one)["status"] for one in five} == {"COMPLETED"}
    assert start(admin)["userErrors"] == []


def test_an_uninstall_ends_what_runs(shop: RunningShop, admin: Admin, orders: list[int]) -> None:
    shop.bulk.hold()
    start(admin)
    shop.uninstall()
    shop.bulk.release()
    operation = shop.bulk.latest()
    deadline = time.monotonic() + 5
    while operation and not operation.is_over and time.monotonic() < deadline:
        time.sleep(0.01)
    assert operation
    assert operation.status == "CANCELED"


def test_a_download_may_break_off(shop: RunningShop, admin: Admin, orders: list[int]) -> None:
    url = finished(admin, start(admin))["url"]
    shop.add_fault(Fault("half_answer", times=1, path="/bulk-results/"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        requests.get(url, timeout=5)
    assert len(lines_at(url)) == 9


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ shop { name } }", "must contain at least one connection"),
        ("{ orders { nodes { colour } } }", "Cannot query field 'colour'"),
        ("{ orders {", "Syntax Error"),
        ("mutation { tagsAdd(id: 1, tags: []) { userErrors { message } } }", "exactly one query"),
        ("query ($n: Int) { orders(first: $n) { nodes { id } } }", "cannot have variables"),
        ('{ nodes(ids: ["1"]) { id } }', "node and nodes fields can't be used"),
        (
            "{ orders { nodes { refunds { refundLineItems { nodes { quantity } } } } } }",
            "connection field within a list field",
        ),
        (
            "{ collections { nodes { products { nodes { variants { nodes { id } } } } } } }",
            "more than 2 levels deep",
        ),
        (
            "{ " + " ".join(f"{name}: products {{ nodes {{ id }} }}" for name in "abcdef") + " }",
            "more than 5 connections",
        ),
    ],
)
def test_queries_that_cannot_run_in_bulk(query: str, message: str) -> None:
    problem = problem_of(admin_schema().schema, query)
    assert problem is not None
    assert message in problem


def test_a_bad_query_is_a_user_error(admin: Admin) -> None:
    payload = start(admin, "{ shop { name } }")
    assert payload["bulkOperation"] is None
    assert (payload["userErrors"][0]["field"], payload["userErrors"][0]["code"]) == (
        ["query"],
        "INVALID",
    )
