"""Setting, deleting and defining metafields."""

import json
from typing import Any

import pytest

from sandbox.shopify.gid import gid
from sandbox.shopify.metafields import NATIVE_NAMESPACE
from sandbox.shopify.server import RunningShop
from tests.sandbox.shopify.client import Admin, code_of

BEANS, ROAST, PRESS = 82, 83, 85
ADA = gid("Customer", 2)


def recommended(owner: int, *products: int, **more: Any) -> dict[str, Any]:
    return {
        "ownerId": gid("Product", owner),
        "namespace": "$app",
        "key": "recommendations",
        "type": "list.product_reference",
        "value": json.dumps([gid("Product", product) for product in products]),
        **more,
    }


def points(value: str = "120", **more: Any) -> dict[str, Any]:
    return {"ownerId": ADA, "key": "points", "type": "number_integer", "value": value, **more}


def errors(payload: Any) -> list[tuple[str, str]]:
    return [(".".join(one["field"]), one["code"]) for one in payload["userErrors"]]


def test_the_apps_own_namespace_is_written_out(admin: Admin) -> None:
    payload = admin.set_metafields(recommended(BEANS, PRESS, ROAST))
    assert payload["userErrors"] == []
    (made,) = payload["metafields"]
    assert (made["namespace"], made["key"]) == ("app--84000101", "recommendations")
    assert made["owner"] == {"id": gid("Product", BEANS)}
    product = admin.data("products", "OneProduct", id=gid("Product", BEANS))["product"]
    read = product["recommendations"]
    assert read["jsonValue"] == [gid("Product", PRESS), gid("Product", ROAST)]
    assert [one["title"] for one in read["references"]["nodes"]] == [
        "French Press",
        "Espresso Roast",
    ]
    assert [one["key"] for one in product["metafields"]["nodes"]] == ["recommendations"]


def test_a_change_touches_its_owner_and_no_change_does_not(shop: RunningShop, admin: Admin) -> None:
    product = shop.store.products[BEANS]
    before = product.modified
    admin.set_metafields(recommended(BEANS, ROAST))
    assert product.modified > before
    product.modified = before
    admin.set_metafields(recommended(BEANS, ROAST))
    assert product.modified == before


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (recommended(BEANS, 999), ("metafields.1.value", "INVALID_VALUE")),
        (recommended(999, BEANS), ("metafields.1.ownerId", "INVALID")),
        (recommended(BEANS, *[ROAST] * 129), ("metafields.1.value", "INVALID_VALUE")),
        (recommended(BEANS, value="no list"), ("metafields.1.value", "INVALID_VALUE")),
        (recommended(BEANS, value=""), ("metafields.1.value", "BLANK")),
        (recommended(BEANS, type="list.cow"), ("metafields.1.type", "INVALID_TYPE")),
        (recommended(BEANS, type=None), ("metafields.1.type", "BLANK")),
        (recommended(BEANS, key="x"), ("metafields.1.key", "TOO_SHORT")),
        (recommended(BEANS, key="x" * 65), ("metafields.1.key", "TOO_LONG")),
        (recommended(BEANS, key="a key"), ("metafields.1.key", "INVALID")),
        (recommended(BEANS, namespace="ab"), ("metafields.1.namespace", "TOO_SHORT")),
        (
            recommended(BEANS, namespace="app--7"),
            ("metafields.1.namespace", "APP_NOT_AUTHORIZED"),
        ),
        (
            recommended(BEANS, namespace="shopify"),
            ("metafields.1.namespace", "APP_NOT_AUTHORIZED"),
        ),
        (points("1.5"), ("metafields.1.value", "INVALID_VALUE")),
        (points("9007199254740992"), ("metafields.1.value", "INVALID_VALUE")),
        (points(compareDigest="old"), ("metafields.1.compareDigest", "STALE_OBJECT")),
    ],
)
def test_all_are_set_or_none(
    admin: Admin, wanted: dict[str, Any], expected: tuple[str, str]
) -> None:
    payload = admin.set_metafields(recommended(ROAST, BEANS), wanted)
    assert errors(payload) == [expected]
    assert payload["metafields"] == []
    other = admin.data("products", "OneProduct", id=gid("Product", ROAST))["product"]
    assert other["recommendations"] is None


def test_twenty_five_at_once_and_128_references(admin: Admin) -> None:
    many = [recommended(BEANS, *[ROAST] * 128, key=f"key-{n}") for n in range(26)]
    assert errors(admin.set_metafields(*many)) == [("metafields", "LESS_THAN_OR_EQUAL_TO")]
    assert admin.set_metafields(*many[:25])["userErrors"] == []


def test_native_recommendations_as_the_shop_allows(shop: RunningShop, admin: Admin) -> None:
    native = recommended(BEANS, PRESS, namespace=NATIVE_NAMESPACE, key="complementary_products")
    shop.allow_native_recommendations(allowed=False)
    assert errors(admin.set_metafields(native)) == [
        ("metafields.0.namespace", "APP_NOT_AUTHORIZED")
    ]
    shop.allow_native_recommendations(allowed=True)
    assert admin.set_metafields(native)["userErrors"] == []
    other = {**native, "type": "json"}
    assert errors(admin.set_metafields(other)) == [("metafields.0.type", "INVALID_TYPE")]
    unknown = {**native, "key": "more_products"}
    assert errors(admin.set_metafields(unknown)) == [
        ("metafields.0.namespace", "APP_NOT_AUTHORIZED")
    ]


def test_a_merchants_pick_is_seen_whatever_apps_may(shop: RunningShop, admin: Admin) -> None:
    shop.allow_native_recommendations(allowed=False)
    value = json.dumps([gid("Product", ROAST)])
    kind = "list.product_reference"
    shop.merchant.pick(BEANS, NATIVE_NAMESPACE, "complementary_products", kind, value)
    product = admin.data("products", "OneProduct", id=gid("Product", BEANS))["product"]
    assert product["native"] == {"value": value}


def test_compare_digest_guards_a_value(admin: Admin) -> None:
    (made,) = admin.set_metafields(points(compareDigest=None))["metafields"]
    changed = points("130", compareDigest=made["compareDigest"])
    assert admin.set_metafields(changed)["userErrors"] == []
    assert errors(admin.set_metafields(changed)) == [("metafields.0.compareDigest", "STALE_OBJECT")]


def test_metafields_are_deleted(admin: Admin) -> None:
    admin.set_metafields(points())
    wanted = {"ownerId": ADA, "namespace": "$app", "key": "points"}
    missing = {**wanted, "key": "level"}
    data = admin.data("metafields", "DeleteMetafields", metafields=[wanted, missing])
    assert data["metafieldsDelete"] == {"deletedMetafields": [wanted, None], "userErrors": []}
    customer = admin.data("customers", "OneCustomer", id=ADA)["customer"]
    assert customer["points"] is None


def test_writing_needs_the_owners_scope(shop: RunningShop, admin: Admin) -> None:
    shop.install(("read_customers", "write_products"))
    body = admin.run("metafields", "SetMetafields", metafields=[points()])
    assert code_of(body) == "ACCESS_DENIED"
    assert body["data"] == {"metafieldsSet": None}
    assert admin.set_metafields(recommended(BEANS, ROAST))["userErrors"] == []


def test_definitions_fix_the_type(admin: Admin) -> None:
    definition = {
        "name": "Points",
        "namespace": "$app",
        "key": "points",
        "ownerType": "CUSTOMER",
        "type": "number_integer",
    }
    made = admin.data("metafields", "DefineMetafield", definition=definition)
    assert made["metafieldDefinitionCreate"]["userErrors"] == []
    created = made["metafieldDefinitionCreate"]["createdDefinition"]
    assert (created["namespace"], created["type"]) == ("app--84000101", {"name": "number_integer"})
    again = admin.data("metafields", "DefineMetafield", definition=definition)
    assert errors(again["metafieldDefinitionCreate"]) == [("definition.key", "TAKEN")]
    wrong = admin.data("metafields", "DefineMetafield", definition={**definition, "type": "cow"})
    assert errors(wrong["metafieldDefinitionCreate"]) == [("definition.type", "INCLUSION")]
    assert admin.set_metafields(points(type=None))["metafields"][0]["type"] == "number_integer"
    assert errors(admin.set_metafields(points(type="json"))) == [
        ("metafields.0.type", "INVALID_TYPE")
    ]
    listed = admin.data("metafields", "Definitions", ownerType="CUSTOMER", namespace="$app")
    (found,) = listed["metafieldDefinitions"]["nodes"]
    assert (found["key"], found["metafieldsCount"]) == ("points", 1)


def test_shop_and_installation_hold_metafields(admin: Admin) -> None:
    data = admin.data("shop")
    owner = data["currentAppInstallation"]["id"]
    state = {"key": "state", "type": "json", "value": '{"probed": true}'}
    payload = admin.set_metafields(
        {"ownerId": owner, **state}, {"ownerId": data["shop"]["id"], **state}
    )
    assert payload["userErrors"] == []
    assert admin.data("shop")["shop"]["metafield"] == {"value": '{"probed": true}'}
