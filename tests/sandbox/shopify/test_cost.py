"""What queries cost, and what happens without points."""

import time
from collections.abc import Iterator

import pytest

from sandbox.faults import Fault
from sandbox.shopify.api.cost import Bucket, RateLimit, weight
from sandbox.shopify.server import RunningShop, ShopOptions
from sandbox.small import small_store
from tests.sandbox.shopify.client import Admin, code_of, document


@pytest.mark.parametrize(
    ("size", "counted"), [(0, 0), (1, 1), (2, 2), (5, 3), (10, 5), (50, 8), (100, 9), (250, 11)]
)
def test_large_lists_count_by_their_logarithm(size: int, counted: int) -> None:
    assert weight(size) == counted


def cost(admin: Admin, query: str) -> tuple[int, int]:
    told = admin.post(query).json()["extensions"]["cost"]
    return told["requestedQueryCost"], told["actualQueryCost"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # One object for each of shop and plan.
        ("{ shop { name plan { publicDisplayName } } }", (2, 2)),
        # A connection and five nodes that count as three; there are four customers: three too.
        ("{ customers(first: 5) { nodes { id } } }", (5, 5)),
        # 2 + 11 × (1 + 1): the recorded answer charges 24 for such a connection.
        ("{ customers(first: 250) { edges { node { defaultAddress { phone } } } } }", (24, 8)),
        # Of an interface the dearest type: a product with its category.
        (
            '{ node(id: "gid://shopify/Customer/2") { id ... on Product { category { id } } } }',
            (2, 2),
        ),
        # An object that is not there costs one point and nothing below it.
        ('{ product(id: "gid://shopify/Product/9") { category { id } } }', (2, 1)),
        # Ten ids count as five; none of them is there.
        ("{ nodes(ids: [" + '"gid://shopify/Product/9",' * 10 + "]) { id } }", (5, 0)),
    ],
)
def test_costs_worked_out_by_hand(admin: Admin, query: str, expected: tuple[int, int]) -> None:
    assert cost(admin, query) == expected


def test_a_mutation_costs_ten(admin: Admin) -> None:
    body = admin.run("metafields", "SetMetafields", metafields=[])
    assert body["extensions"]["cost"]["requestedQueryCost"] == 10


def test_points_are_restored_steadily() -> None:
    bucket = Bucket(RateLimit(maximum=20, restore_rate=50))
    assert bucket.take(15)
    assert not bucket.take(10)
    time.sleep(0.12)
    assert bucket.take(10)
    bucket.give_back(1000)
    assert bucket.status() == {
        "maximumAvailable": 20.0,
        "currentlyAvailable": 20.0,
        "restoreRate": 50.0,
    }


@pytest.fixture
def poor(request: pytest.FixtureRequest) -> Iterator[Admin]:
    """An app whose bucket holds hardly anything; throttled answers have the given status."""
    limit = RateLimit(maximum=20, restore_rate=1, throttled_status=request.param)
    with RunningShop(small_store(), ShopOptions(rate_limit=limit)) as running:
        admin = Admin(running, running.new_token().access_token)
        yield admin
        admin.session.close()


@pytest.mark.parametrize("poor", [200, 429], indirect=True)
def test_without_points_an_answer_is_throttled(poor: Admin) -> None:
    status = poor.shop.services.api.bucket.limit.throttled_status
    assert poor.post("{ customers(first: 250) { nodes { id } } }").status_code == 200
    poor.shop.empty_bucket()
    answer = poor.post(document("shop"))
    assert answer.status_code == status
    body = answer.json()
    assert code_of(body) == "THROTTLED"
    assert "data" not in body
    told = body["extensions"]["cost"]
    assert (told["requestedQueryCost"], told["actualQueryCost"]) == (7, None)
    assert told["throttleStatus"]["currentlyAvailable"] < 7


def test_a_query_that_is_too_dear_is_refused(admin: Admin) -> None:
    inner = "products(first: 250) { nodes { collections(first: 250) { nodes { id } } } }"
    body = admin.post(f"{{ collections(first: 250) {{ nodes {{ {inner} }} }} }}").json()
    # 2 + 11 × (1 + 2 + 11 × (1 + 2 + 11 × 1)) = 1,729.
    assert (code_of(body), body["errors"][0]["extensions"]["cost"]) == ("MAX_COST_EXCEEDED", 1729)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [("throttled", 200, "THROTTLED"), ("too_many_requests", 429, "THROTTLED")],
)
def test_throttling_can_be_switched_on(admin: Admin, fault: str, status: int, code: str) -> None:
    admin.shop.add_fault(Fault(fault, times=1, seconds=2.5))
    answer = admin.post(document("shop"))
    assert (answer.status_code, code_of(answer.json())) == (status, code)
    assert answer.headers.get("Retry-After") == ("2.5" if status == 429 else None)
    assert admin.post(document("shop")).json()["data"]


def test_points_come_back_at_the_rate_of_the_plan(admin: Admin) -> None:
    admin.shop.limit_rate(restore_rate=0.1)
    admin.shop.empty_bucket()
    admin.shop.restore_points(69)
    assert code_of(admin.post(document("shop")).json()) == "THROTTLED"
    admin.shop.restore_points(1)
    assert admin.post(document("shop")).json()["data"]
