import time

import pytest

from connector.errors import (
    CredentialsRefused,
    NotFound,
    RateLimited,
    Refused,
    TemporaryError,
)
from connector.http import GuardedSession
from connector.shopify.cost import LocalBucket
from connector.shopify.graphql import Client, next_cursor, nodes
from connector.shopify.tokens import MemoryKeeper
from tests.connector.recordings import Recorded, answer
from tests.connector.shopify.conftest import OpenShop
from tests.connector.shopify.pretend import (
    GRAPHQL,
    OAUTH,
    PretendShop,
    client_of,
    cost,
    data,
    grant,
    problem,
    tokens,
)

SHOP = {"shop": {"name": "Tea"}}


def client(shop: PretendShop, session: GuardedSession) -> Client:
    return client_of(shop, session, MemoryKeeper(tokens(1)))


def test_a_document_is_sent_with_the_token_and_its_variables(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    shop = open_shop({"BulkOperation": [data({"bulkOperation": None})]})
    assert client(shop, session).run("bulk_operation", id="gid://shopify/BulkOperation/1") == {
        "bulkOperation": None
    }
    (call,) = shop.calls
    assert (call.method, call.path) == ("POST", GRAPHQL)
    assert call.headers["X-Shopify-Access-Token"] == "access-1"
    assert call.headers["Content-Type"] == "application/json"
    assert call.content["variables"] == {"id": "gid://shopify/BulkOperation/1"}
    assert call.content["query"].startswith("query BulkOperation($id: ID!) {")


@pytest.mark.parametrize("status", [200, 429])
def test_a_throttled_call_waits_and_is_made_again(
    open_shop: OpenShop, session: GuardedSession, status: int
) -> None:
    # 25 points are missing of which 50 come back a second.
    throttled = answer(
        {"errors": [problem("THROTTLED")], "extensions": cost(100, 0, 75)}, status=status
    )
    shop = open_shop({"Shop": [throttled, data(SHOP, extensions=cost(100, 60, 40))]})
    began = time.monotonic()
    assert client(shop, session).run("shop") == SHOP
    assert 0.5 <= time.monotonic() - began < 1.5
    assert len(shop.calls) == 2


def test_a_throttled_call_that_must_wait_long_is_left_to_the_caller(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    throttled = answer({"errors": [problem("THROTTLED")], "extensions": cost(1000, 0, 0)})
    shop = open_shop({"Shop": [throttled]})
    with pytest.raises(RateLimited) as raised:
        client(shop, session).run("shop")
    assert raised.value.retry_after == 20
    assert len(shop.calls) == 1


def test_a_throttled_429_waits_no_less_than_it_asks_for(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    # The points would be back in half a second.
    extensions = cost(100, 0, 75)
    throttled = {"errors": [problem("THROTTLED")], "extensions": extensions}
    shop = open_shop({"Shop": [answer(throttled, status=429, Retry_After="60")]})
    with pytest.raises(RateLimited) as raised:
        client(shop, session).run("shop")
    assert raised.value.retry_after == 60
    assert len(shop.calls) == 1


def test_a_bare_429_says_when_to_come_back(open_shop: OpenShop, session: GuardedSession) -> None:
    busy = Recorded(b"", 429, {"Retry-After": "7"})
    shop = open_shop({"Shop": [busy]})
    with pytest.raises(RateLimited) as raised:
        client(shop, session).run("shop")
    assert raised.value.retry_after == 7


def test_calls_wait_for_their_turn_before_they_are_sent(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    shop = open_shop({"Shop": [data(SHOP, extensions=cost(800, 800, 0))]})
    paced = client(shop, session)
    paced.run("shop")
    with pytest.raises(RateLimited, match="points are used up") as raised:
        paced.run("shop")
    assert raised.value.retry_after == pytest.approx(16, abs=0.5)
    assert len(shop.calls) == 1


def test_a_call_that_was_not_made_takes_nothing_out_of_the_bucket(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    shop = open_shop({"Shop": [data(SHOP, extensions=cost(800, 800, 0))]})
    bucket = LocalBucket(clock=lambda: 0.0)
    paced = client_of(shop, session, MemoryKeeper(tokens(1)), bucket)
    paced.run("shop")
    for _ in range(3):
        with pytest.raises(RateLimited) as raised:
            paced.run("shop")
        assert raised.value.retry_after == 16


def test_an_expired_token_is_renewed_once_and_the_call_made_again(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    expired = answer({"errors": "[API] Invalid API key or access token"}, status=401)
    shop = open_shop({"Shop": [expired, data(SHOP)], f"POST {OAUTH}": [grant(2)]})
    keeper = MemoryKeeper(tokens(1))
    renewing = client_of(shop, session, keeper)
    assert renewing.run("shop") == SHOP
    assert [call.headers.get("X-Shopify-Access-Token") for call in shop.calls] == [
        "access-1",
        None,
        "access-2",
    ]
    assert keeper.current().refresh_token == "refresh-2"


def test_a_revoked_token_is_refused_after_one_renewal(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    refused = answer({"errors": "no"}, status=401)
    shop = open_shop({"Shop": [refused], f"POST {OAUTH}": [grant(2)]})
    with pytest.raises(CredentialsRefused, match="open the app in the shop"):
        client(shop, session).run("shop")
    assert [call.path for call in shop.calls] == [GRAPHQL, OAUTH, GRAPHQL]


def test_a_missing_scope_is_named(open_shop: OpenShop, session: GuardedSession) -> None:
    denied = problem("ACCESS_DENIED", "orders", requiredAccess="`read_orders` access scope.")
    shop = open_shop({"Shop": [answer({"data": None, "errors": [denied]})]})
    with pytest.raises(CredentialsRefused, match="approve in the shop: `read_orders` access scope"):
        client(shop, session).run("shop")
    assert len(shop.calls) == 1


def test_partial_data_is_never_taken_for_the_whole(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    half = data({"nodes": [None]}, errors=[problem("UNKNOWN", "nodes", 0)])
    shop = open_shop({"Categories": [half]})
    with pytest.raises(Refused, match=r"categories: UNKNOWN nodes\.0: as told") as raised:
        client(shop, session).run("categories", ids=["gid://shopify/Collection/1"])
    assert raised.value.code == "UNKNOWN"


def test_partial_data_is_given_with_its_problems_to_who_asks(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    half = data({"nodes": [None]}, errors=[problem("INTERNAL_SERVER_ERROR", "nodes", 0)])
    shop = open_shop({"Categories": [half]})
    found, problems = client(shop, session).run_partial("categories", ids=["x"])
    assert found == {"nodes": [None]}
    assert [(one.code, one.path) for one in problems] == [("INTERNAL_SERVER_ERROR", ("nodes", 0))]


def test_an_inner_fault_of_the_shop_is_outlasted(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    fault = answer({"data": None, "errors": [problem("INTERNAL_SERVER_ERROR")]})
    shop = open_shop({"Shop": [fault, fault, data(SHOP)]})
    assert client(shop, session).run("shop") == SHOP
    assert len(shop.calls) == 3


def test_user_errors_are_refusals_with_their_code(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    told = {"field": ["metafields", "0", "value"], "message": "is wrong", "code": "INVALID_VALUE"}
    shop = open_shop({"MetafieldsSet": [data({"metafieldsSet": {"userErrors": [told]}})]})
    with pytest.raises(Refused, match=r"metafields_set: metafields\.0\.value: is wrong") as raised:
        client(shop, session).change("metafields_set", "metafieldsSet", metafields=[])
    assert raised.value.code == "INVALID_VALUE"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (Recorded(b'{"data": {"sh', 200), TemporaryError),
        (Recorded(b"<html>Down</html>", 503), TemporaryError),
        (answer({"data": None}), TemporaryError),
        (answer([]), TemporaryError),
        (answer({"errors": "Not Found"}, status=404), NotFound),
        (answer({"errors": "frozen"}, status=402), TemporaryError),
        (answer({"errors": "locked"}, status=423), TemporaryError),
        (answer({"errors": "forbidden"}, status=403), CredentialsRefused),
        (answer({}, status=301), Refused),
        (answer({}, status=400), Refused),
    ],
)
def test_other_answers_have_their_place_in_the_tree(
    open_shop: OpenShop, session: GuardedSession, given: Recorded, error: type[Exception]
) -> None:
    shop = open_shop({"Shop": [given]})
    with pytest.raises(error) as raised:
        client(shop, session).run("shop")
    assert type(raised.value) is error
    assert len(shop.calls) == (4 if error is TemporaryError else 1)


def test_a_change_that_may_not_be_made_twice_is_not(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    shop = open_shop({"BulkStart": [Recorded(b"", 502)]})
    with pytest.raises(TemporaryError):
        client(shop, session).change(
            "bulk_start", "bulkOperationRunQuery", repeatable=False, query="{}"
        )
    assert len(shop.calls) == 1


def test_connections_are_read_by_their_path() -> None:
    found = {
        "order": {
            "lineItems": {"nodes": [1], "pageInfo": {"hasNextPage": True, "endCursor": "abc"}}
        }
    }
    assert nodes(found, "order", "lineItems") == [1]
    assert next_cursor(found, "order", "lineItems") == "abc"
    assert next_cursor({}, "orders") is None
    with pytest.raises(TemporaryError, match="no list of lineItems"):
        nodes({"order": None}, "order", "lineItems")
