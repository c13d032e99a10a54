import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.errors import CredentialsRefused, NotReady, Refused, TemporaryError
from connector.http import GuardedSession
from connector.shopify.bulk import BulkFile, BulkFiles, Patience
from connector.shopify.documents import document
from connector.shopify.tokens import MemoryKeeper
from tests.connector.recordings import Recorded
from tests.connector.shopify.conftest import OpenShop
from tests.connector.shopify.pretend import PretendShop, client_of, data, tokens

QUICKLY = Patience(total=0.2, first=0.01, longest=0.02)
ORDERS = document("bulk_orders")


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def operation(status: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/BulkOperation/1",
        "status": status,
        "errorCode": None,
        "createdAt": ago(minutes=5),
        "completedAt": ago(minutes=1) if status == "COMPLETED" else None,
        "objectCount": "7",
        "rootObjectCount": "3",
        "url": "https://files.example/1" if status == "COMPLETED" else None,
        "query": ORDERS,
        **changed,
    }


def listed(*operations: dict[str, Any]) -> Recorded:
    return data({"bulkOperations": {"nodes": list(operations)}})


def looked(status: str, **changed: Any) -> Recorded:
    return data({"bulkOperation": operation(status, **changed)})


def started(**changed: Any) -> Recorded:
    payload = {"bulkOperation": operation("CREATED"), "userErrors": [], **changed}
    return data({"bulkOperationRunQuery": payload})


def files(shop: PretendShop, session: GuardedSession) -> BulkFiles:
    return BulkFiles(client_of(shop, session, MemoryKeeper(tokens(1))), session, QUICKLY)


def test_a_file_is_asked_for_and_waited_for(open_shop: OpenShop, session: GuardedSession) -> None:
    shop = open_shop(
        {
            "BulkOperations": [listed()],
            "BulkStart": [started()],
            "BulkOperation": [looked("CREATED"), looked("RUNNING"), looked("COMPLETED")],
        }
    )
    found = files(shop, session).file("bulk_orders", to_go_on=False)
    assert found == BulkFile("https://files.example/1", 3)
    assert shop.variables("BulkStart") == [{"query": ORDERS}]
    assert shop.variables("BulkOperation") == [{"id": "gid://shopify/BulkOperation/1"}] * 3


def test_what_takes_long_is_left_and_found_again(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    running = operation("RUNNING", query=ORDERS.replace("  ", " ").replace("\n", " "))
    shop = open_shop(
        {
            "BulkOperations": [listed(operation("COMPLETED", query="{ shop { id } }"), running)],
            "BulkOperation": [looked("RUNNING")],
        }
    )
    with pytest.raises(NotReady, match="still writing its file \\(3 objects yet\\)"):
        files(shop, session).file("bulk_orders", to_go_on=False)
    shop.answers["BulkOperation"] = [looked("COMPLETED")]
    assert files(shop, session).file("bulk_orders", to_go_on=False).total == 3
    assert shop.variables("BulkStart") == []


@pytest.mark.parametrize(
    ("age", "to_go_on", "is_used"),
    [
        ({"minutes": 59}, False, True),
        ({"minutes": 61}, False, False),
        ({"days": 5}, True, True),
        ({"days": 6, "minutes": 1}, True, False),
    ],
)
def test_a_finished_file_is_used_while_it_is_fresh_enough(
    open_shop: OpenShop,
    session: GuardedSession,
    age: dict[str, float],
    to_go_on: bool,
    is_used: bool,
) -> None:
    shop = open_shop(
        {
            "BulkOperations": [listed(operation("COMPLETED", completedAt=ago(**age), url=None))],
            "BulkStart": [started()],
            "BulkOperation": [looked("COMPLETED")],
        }
    )
    found = files(shop, session).file("bulk_orders", to_go_on=to_go_on)
    assert (found.url is None) is is_used
    assert len(shop.variables("BulkStart")) == (0 if is_used else 1)


@pytest.mark.parametrize("status", ["FAILED", "CANCELED", "EXPIRED"])
def test_what_failed_before_is_begun_anew(
    open_shop: OpenShop, session: GuardedSession, status: str
) -> None:
    shop = open_shop(
        {
            "BulkOperations": [listed(operation(status), operation("COMPLETED"))],
            "BulkStart": [started()],
            "BulkOperation": [looked("COMPLETED")],
        }
    )
    files(shop, session).file("bulk_orders", to_go_on=True)
    assert len(shop.variables("BulkStart")) == 1


def test_a_stuck_operation_is_cancelled(open_shop: OpenShop, session: GuardedSession) -> None:
    cancelled: dict[str, Any] = {"bulkOperation": None, "userErrors": []}
    stuck = operation("RUNNING", createdAt=ago(hours=25))
    shop = open_shop(
        {
            "BulkOperations": [listed(stuck)],
            "BulkOperation": [looked("RUNNING", createdAt=ago(hours=25))],
            "BulkCancel": [data({"bulkOperationCancel": cancelled})],
        }
    )
    with pytest.raises(NotReady, match="was stuck"):
        files(shop, session).file("bulk_orders", to_go_on=False)
    assert shop.variables("BulkCancel") == [{"id": "gid://shopify/BulkOperation/1"}]


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ({"status": "FAILED", "errorCode": "ACCESS_DENIED"}, CredentialsRefused),
        ({"status": "FAILED", "errorCode": "TIMEOUT"}, TemporaryError),
        ({"status": "CANCELED"}, TemporaryError),
    ],
)
def test_an_operation_that_ends_badly(
    open_shop: OpenShop, session: GuardedSession, end: dict[str, str], error: type[Exception]
) -> None:
    shop = open_shop(
        {
            "BulkOperations": [listed()],
            "BulkStart": [started()],
            "BulkOperation": [looked(**end)],
        }
    )
    with pytest.raises(error):
        files(shop, session).file("bulk_orders", to_go_on=False)


@pytest.mark.parametrize(
    ("code", "error"), [("OPERATION_IN_PROGRESS", NotReady), ("INVALID", Refused)]
)
def test_a_shop_that_takes_no_operation_now(
    open_shop: OpenShop, session: GuardedSession, code: str, error: type[Exception]
) -> None:
    told = {"field": None, "message": "not now", "code": code}
    shop = open_shop({"BulkOperations": [listed()], "BulkStart": [started(userErrors=[told])]})
    with pytest.raises(error):
        files(shop, session).file("bulk_orders", to_go_on=False)


def order(number: int) -> dict[str, Any]:
    return {"id": f"gid://shopify/Order/{number}", "name": f'"__parentId": {number}'}


def child(kind: str, number: int, parent: int) -> dict[str, Any]:
    return {"id": f"gid://shopify/{kind}/{number}", "__parentId": f"gid://shopify/Order/{parent}"}


def jsonl(*objects: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in objects)


LINES = jsonl(
    order(1),
    child("LineItem", 11, 1),
    child("LineItem", 12, 1),
    order(2),
    order(3),
    child("LineItem", 31, 3),
    child("Unheard", 5, 3),
)


@pytest.mark.parametrize("body", [LINES, LINES.rstrip(b"\n"), LINES.replace(b"\n", b"\n\n")])
def test_children_are_put_back_under_their_parents(
    open_shop: OpenShop, session: GuardedSession, body: bytes
) -> None:
    shop = open_shop({"GET /file": [Recorded(body)]})
    file = BulkFile(f"{shop.url}/file", 3)
    found = list(files(shop, session).objects(file))
    assert found == [
        {**order(1), "lineItems": {"nodes": [child("LineItem", 11, 1), child("LineItem", 12, 1)]}},
        order(2),
        {**order(3), "lineItems": {"nodes": [child("LineItem", 31, 3)]}},
    ]
    for skip in range(4):
        assert list(files(shop, session).objects(file, skip)) == found[skip:]


def test_an_empty_file_has_no_address(open_shop: OpenShop, session: GuardedSession) -> None:
    assert list(files(open_shop({}), session).objects(BulkFile(None, 0))) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (jsonl(order(1), child("LineItem", 21, 2)), "does not follow its parent"),
        (jsonl(child("LineItem", 11, 1)), "does not follow its parent"),
        (b'{"id": \n', "no JSON object"),
        (b"[]\n", "no JSON object"),
    ],
)
def test_a_file_that_does_not_read_is_asked_for_again(
    open_shop: OpenShop, session: GuardedSession, body: bytes, told: str
) -> None:
    shop = open_shop({"GET /file": [Recorded(body)]})
    with pytest.raises(TemporaryError, match=told):
        list(files(shop, session).objects(BulkFile(f"{shop.url}/file", 1)))
