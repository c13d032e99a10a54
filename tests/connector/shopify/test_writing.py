"""Writing, against the sandbox's shop."""

import json
from collections.abc import Mapping

import pytest

from connector.platform import ConnectedStore, CrossSells, CustomerFields, Written
from connector.shopify.native import KEY, NAMESPACE
from sandbox.shopify.gid import gid
from sandbox.shopify.server import ShopOptions
from tests.connector.shopify.sandboxed import APP, SandboxShop, sandbox_shop


def native(shop: SandboxShop, product: str) -> list[str] | None:
    found = shop.shop.metafields.get(gid("Product", int(product)), NAMESPACE, KEY)
    return None if found is None else [one.rpartition("/")[2] for one in json.loads(found.value)]


def remembered(shop: SandboxShop) -> list[str]:
    owners = shop.shop.metafields.by_owner
    return [
        field.value
        for fields in owners.values()
        for field in fields.values()
        if field.key == "native_recommendations"
    ]


def pick(shop: SandboxShop, product: str, *picked: str) -> None:
    value = json.dumps([gid("Product", int(one)) for one in picked])
    shop.merchant.pick(int(product), NAMESPACE, KEY, "list.product_reference", value)


def definitions(shop: SandboxShop) -> list[tuple[str, str, str]]:
    return sorted(
        (one.owner_type, one.key, one.type) for one in shop.shop.metafields.definitions.values()
    )


def errors(written: object) -> list[str | None]:
    assert isinstance(written, list)
    return [one.error for one in written]


def test_metafields_are_declared_once(shop: SandboxShop, store: ConnectedStore) -> None:
    first, second, *_ = shop.product_ids()
    for _ in range(2):
        store.write_cross_sells([CrossSells(first, (second,))])
        store.write_customers([CustomerFields(shop.account_ids()[0], {"points": "7"})])
        again = shop.platform.open(shop.credentials, region="IR", development=True)
        again.write_cross_sells([CrossSells(second, (first,))])
        again.close()
    assert definitions(shop) == [
        ("CUSTOMER", "points", "number_integer"),
        ("CUSTOMER", "points_expiring", "number_integer"),
        ("CUSTOMER", "points_next_expiry", "date"),
        ("CUSTOMER", "points_pending", "number_integer"),
        ("CUSTOMER", "points_value", "single_line_text_field"),
        ("CUSTOMER", "recommended_new_products", "list.product_reference"),
        ("CUSTOMER", "recommended_products", "list.product_reference"),
        ("CUSTOMER", "second_purchase_category", "single_line_text_field"),
        ("CUSTOMER", "tier", "single_line_text_field"),
        ("CUSTOMER", "tier_second_name", "single_line_text_field"),
        ("PRODUCT", "recommendations", "list.product_reference"),
    ]


def test_native_lists_are_written_where_the_shop_allows_it(
    shop: SandboxShop, store: ConnectedStore
) -> None:
    first, second, third, fourth, *_ = shop.product_ids()
    lists = [CrossSells(first, (second, third)), CrossSells(second, (first,))]
    assert errors(store.write_cross_sells(lists)) == [None, None]
    assert (native(shop, first), native(shop, second)) == ([second, third], [first])
    assert remembered(shop) == ["allowed"]
    assert errors(store.write_cross_sells([CrossSells(first, (fourth,))])) == [None]
    assert native(shop, first) == [fourth]
    assert errors(store.write_cross_sells([CrossSells(first, ())])) == [None]
    assert native(shop, first) is None


def test_what_a_merchant_picked_is_never_touched(shop: SandboxShop, store: ConnectedStore) -> None:
    first, second, third, fourth, *_ = shop.product_ids()
    pick(shop, first, fourth)
    lists = [CrossSells(first, (second,)), CrossSells(second, (third,))]
    assert errors(store.write_cross_sells(lists)) == [None, None]
    assert (native(shop, first), native(shop, second)) == ([fourth], [third])
    # The merchant changes a list that was ours.
    pick(shop, second, fourth, third)
    assert errors(store.write_cross_sells([CrossSells(second, (first,))])) == [None]
    assert native(shop, second) == [fourth, third]
    assert errors(store.write_cross_sells([CrossSells(second, ())])) == [None]
    assert native(shop, second) == [fourth, third]


def test_a_shop_that_does_not_allow_native_lists_is_asked_once() -> None:
    options = ShopOptions(app=APP, native_recommendations=False)
    with sandbox_shop(options) as shop:
        first, second, *_ = shop.product_ids()
        store = shop.platform.open(shop.credentials, region="IR", development=True)
        assert errors(store.write_cross_sells([CrossSells(first, (second,))])) == [None]
        store.close()
        assert (native(shop, first), remembered(shop)) == (None, ["refused"])
        # Another worker believes the answer that is kept in the shop.
        shop.running.allow_native_recommendations(allowed=True)
        store = shop.platform.open(shop.credentials, region="IR", development=True)
        assert errors(store.write_cross_sells([CrossSells(second, (first,))])) == [None]
        store.close()
        assert native(shop, second) is None


def test_a_product_that_is_the_reason_itself_says_nothing_about_the_shop(
    shop: SandboxShop, store: ConnectedStore
) -> None:
    first, second, *_ = shop.product_ids()
    (refused,) = store.write_cross_sells([CrossSells(first, ("987654321",))])
    assert refused.error is not None
    assert refused.permanent
    assert remembered(shop) == []
    assert errors(store.write_cross_sells([CrossSells(second, (first,))])) == [None]
    assert remembered(shop) == ["allowed"]


def test_the_native_list_holds_ten_and_ours_all(shop: SandboxShop, store: ConnectedStore) -> None:
    first, *others = shop.product_ids()
    others.append(shop.variation()[1])
    assert len(others) == 11
    (written,) = store.write_cross_sells([CrossSells(first, tuple(others))])
    assert written.record is not None
    assert written.error is None
    assert native(shop, first) == others[:10]
    assert errors(store.write_cross_sells([CrossSells(first, tuple(others[::-1]))])) == [None]
    assert native(shop, first) == others[::-1][:10]


def test_one_culprit_in_a_full_batch_is_alone(shop: SandboxShop, store: ConnectedStore) -> None:
    products = shop.product_ids()
    bad = products[4]
    lists = [
        CrossSells(one, ("987654321",) if one == bad else (products[0 if n else 1],))
        for n, one in enumerate(products)
    ]
    written = store.write_cross_sells(lists)
    assert [one.id for one in written if one.error] == [bad]
    assert all(one.permanent for one in written if one.error)


def test_too_long_a_list_is_not_sent(store: ConnectedStore) -> None:
    (written,) = store.write_cross_sells([CrossSells("1", tuple(map(str, range(2, 131))))])
    assert written == Written("1", "the platform takes at most 128 cross-sells of a product", True)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"Points": "1"}, "is not a key"),
        ({"p": "1"}, "is not a key"),
        ({"points": ""}, "must be one line and not empty"),
        ({"points": "1\n2"}, "must be one line and not empty"),
        ({"tag:": "x"}, "is not a key"),
    ],
)
def test_fields_that_a_shop_cannot_keep_are_not_sent(
    shop: SandboxShop, store: ConnectedStore, fields: Mapping[str, str], told: str
) -> None:
    (written,) = store.write_customers([CustomerFields(shop.account_ids()[0], fields)])
    assert written.permanent
    assert told in (written.error or "")


def test_points_must_be_a_whole_number(shop: SandboxShop, store: ConnectedStore) -> None:
    first, second, *_ = shop.account_ids()
    written = store.write_customers(
        [CustomerFields(first, {"points": "many"}), CustomerFields(second, {"points": "12"})]
    )
    assert [one.permanent for one in written] == [True, False]
    assert shop.fields_of(second) == {"points": "12"}


def test_a_customer_that_is_gone_is_said_to_be(shop: SandboxShop, store: ConnectedStore) -> None:
    (removed,) = store.write_customers([CustomerFields("987654321", {"points": None})])
    assert removed.permanent
    assert removed.error is not None


def test_tags_are_replaced_by_name(shop: SandboxShop, store: ConnectedStore) -> None:
    account = shop.account_ids()[0]
    owner = gid("Customer", int(account))
    shop.shop.tags[owner] = ("vip", "next: Coffee")
    fields = {"points": "7", "tag:next": "Tea, green"}
    assert errors(store.write_customers([CustomerFields(account, fields)])) == [None]
    assert sorted(shop.shop.tags[owner]) == ["next: Tea green", "vip"]
    assert errors(store.write_customers([CustomerFields(account, {"tag:next": None})])) == [None]
    assert shop.shop.tags[owner] == ("vip",)


def test_a_tag_that_differs_in_capitals_only_is_ours_too(
    shop: SandboxShop, store: ConnectedStore
) -> None:
    account = shop.account_ids()[0]
    owner = gid("Customer", int(account))
    shop.shop.tags[owner] = ("NEXT: coffee", "next week")
    fields = {"tag:next": "Coffee"}
    assert errors(store.write_customers([CustomerFields(account, fields)])) == [None]
    assert shop.shop.tags[owner] == ("next week", "next: Coffee")


def test_a_customer_with_too_many_tags_holds_up_nobody(
    shop: SandboxShop, store: ConnectedStore
) -> None:
    full, other = shop.account_ids()[:2]
    owner = gid("Customer", int(full))
    many = tuple(f"tag {number}" for number in range(250))
    shop.shop.tags[owner] = many
    fields = {"points": "7", "tag:next": "Tea"}
    refused, accepted = store.write_customers(
        [CustomerFields(full, fields), CustomerFields(other, fields)]
    )
    assert (refused.error, refused.permanent) == ("tags: tags_add: tags: Tags exceed 250", True)
    assert accepted.error is None
    assert shop.shop.tags[owner] == many
    assert shop.shop.tags[gid("Customer", int(other))] == ("next: Tea",)
    points = shop.shop.metafields.get(owner, "$app", "points")
    assert points is not None
    assert points.value == "7"


def test_a_list_with_a_product_that_is_gone_holds_up_no_other_field(
    shop: SandboxShop, store: ConnectedStore
) -> None:
    customer, product = shop.account_ids()[0], shop.product_ids()[0]
    fields = {"points": "7", "recommended_products": f"{product},99999"}
    (refused,) = store.write_customers([CustomerFields(customer, fields)])
    assert refused.permanent
    points = shop.shop.metafields.get(gid("Customer", int(customer)), "$app", "points")
    assert points is not None
    assert points.value == "7"
    (accepted,) = store.write_customers(
        [CustomerFields(customer, {**fields, "recommended_products": product})]
    )
    assert accepted.error is None


def test_a_product_there_twice_is_a_mistake(store: ConnectedStore) -> None:
    with pytest.raises(ValueError, match="1 is there twice"):
        store.write_cross_sells([CrossSells("1", ("2",)), CrossSells("1", ("3",))])


def test_nothing_to_write_asks_nothing(shop: SandboxShop, store: ConnectedStore) -> None:
    assert store.write_cross_sells([]) == []
    assert store.write_customers([]) == []
    assert definitions(shop) == []
