"""Reading orders, products, customers and collections by GraphQL."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.shopify.amounts import Money, Presentment, bag
from sandbox.shopify.app_config import AppConfig
from sandbox.shopify.gid import gid
from sandbox.shopify.operations import Terms
from sandbox.shopify.server import RunningShop, create_app
from sandbox.small import small_store
from sandbox.store import Settings
from tests.sandbox.shopify.client import Admin, code_of, document

BEANS, ROAST, PRESS = 82, 83, 85
ADA = 2


def both(amount: str, currency: str = "USD") -> dict[str, dict[str, str]]:
    one = {"amount": amount, "currencyCode": currency}
    return {"shopMoney": one, "presentmentMoney": one}


def test_the_shop_and_the_installed_app(admin: Admin) -> None:
    data = admin.data("shop")
    assert data["shop"]["id"] == "gid://shopify/Shop/548380009"
    assert data["shop"]["currencyCode"] == "USD"
    assert data["shop"]["ianaTimezone"] == "UTC"
    assert data["shop"]["shopAddress"] == {"countryCodeV2": "US"}
    scopes = [scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]]
    assert scopes == list(AppConfig().scopes)


def test_an_order_to_the_last_cent(shop: RunningShop, admin: Admin) -> None:
    terms = Terms(discount=600, shipping=500)
    placed = shop.merchant.place_order({BEANS: 2, ROAST: 1}, customer_id=ADA, terms=terms)
    order = admin.order(placed.id)
    assert order["id"] == gid("Order", placed.id)
    assert order["name"] == f"#{1000 + placed.id}"
    assert order["displayFinancialStatus"] == "PAID"
    assert order["customer"] == {"id": gid("Customer", ADA)}
    assert order["email"] == "ada@example.test"
    # 2 × 23.00 + 25.00 = 71.00; a code takes 6.00 off; 5.00 are for shipping.
    assert order["subtotalPriceSet"] == both("65.0")
    assert order["totalDiscountsSet"] == both("6.0")
    assert order["totalShippingPriceSet"] == both("5.0")
    assert order["totalPriceSet"] == both("70.0")
    assert order["discountCodes"] == ["DISCOUNT"]
    beans, roast = order["lineItems"]["nodes"]
    assert (beans["quantity"], beans["product"]["id"]) == (2, gid("Product", BEANS))
    assert beans["originalUnitPriceSet"] == both("23.0")
    # Shopify leaves discounts of codes out of discountedTotalSet unless it is asked for them.
    assert beans["discountedTotalSet"] == both("46.0")
    assert beans["afterCodes"] == both("40.0")
    assert beans["discountedUnitPriceAfterAllDiscountsSet"] == both("20.0")
    assert beans["discountAllocations"] == [{"allocatedAmountSet": both("6.0")}]
    assert roast["discountAllocations"] == []
    assert beans["variant"]["id"] == gid("ProductVariant", 40_000_000_000_000 + BEANS)


def test_a_refund_of_lines_shipping_and_more(shop: RunningShop, admin: Admin) -> None:
    placed = shop.merchant.place_order({BEANS: 2}, terms=Terms(shipping=500))
    line = placed.lines[0].id
    shop.merchant.refund(placed.id, {line: (1, 2300)}, shipping=500, extra=100, note="Torn")
    order = admin.order(placed.id)
    assert order["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    assert order["lineItems"]["nodes"][0]["currentQuantity"] == 1
    assert order["totalRefundedSet"] == both("29.0")
    assert order["totalRefundedShippingSet"] == both("5.0")
    assert order["currentTotalPriceSet"] == both("22.0")
    (refund,) = order["refunds"]
    assert (refund["note"], refund["totalRefundedSet"]) == ("Torn", both("29.0"))
    (back,) = refund["refundLineItems"]["nodes"]
    assert (back["quantity"], back["lineItem"]["id"]) == (1, gid("LineItem", line))
    assert back["subtotalSet"] == both("23.0")
    (adjustment,) = refund["orderAdjustments"]["nodes"]
    assert adjustment["amountSet"] == both("-1.0")
    shop.merchant.refund(placed.id, {line: (1, 2200)})
    assert admin.order(placed.id)["displayFinancialStatus"] == "REFUNDED"


def test_an_edit_changes_what_remains(shop: RunningShop, admin: Admin) -> None:
    placed = shop.merchant.place_order({BEANS: 3, ROAST: 1})
    beans, roast = placed.lines
    shop.merchant.edit(placed.id, {beans.id: -2, roast.id: 1})
    order = admin.order(placed.id)
    first, second = order["lineItems"]["nodes"]
    assert (first["quantity"], first["currentQuantity"]) == (3, 1)
    assert (second["quantity"], second["currentQuantity"]) == (2, 2)
    assert order["edited"]
    # 3 × 23 + 2 × 25 = 119 were ordered in all; 2 × 23 were taken off.
    assert order["totalPriceSet"] == both("119.0")
    assert order["currentTotalPriceSet"] == both("73.0")


def test_a_cancelled_order_says_when_and_why(shop: RunningShop, admin: Admin) -> None:
    placed = shop.merchant.place_order({BEANS: 1})
    shop.merchant.cancel(placed.id, "FRAUD")
    order = admin.order(placed.id)
    assert (order["cancelReason"], order["displayFinancialStatus"]) == ("FRAUD", "REFUNDED")
    assert datetime.fromisoformat(order["cancelledAt"]).tzinfo is UTC
    assert order["totalRefundedSet"] == both("23.0")
    kept = shop.merchant.place_order({BEANS: 1})
    shop.merchant.cancel(kept.id, refund=False)
    assert admin.order(kept.id)["displayFinancialStatus"] == "PAID"
    unpaid = shop.merchant.place_order({BEANS: 1}, terms=Terms(paid=False))
    assert admin.order(unpaid.id)["displayFinancialStatus"] == "PENDING"
    shop.merchant.cancel(unpaid.id)
    assert admin.order(unpaid.id)["displayFinancialStatus"] == "VOIDED"


def test_cancelling_gives_back_what_an_amount_has_left(shop: RunningShop, admin: Admin) -> None:
    placed = shop.merchant.place_order({BEANS: 1}, terms=Terms(shipping=500))
    shop.merchant.refund(placed.id, {}, extra=800)
    shop.merchant.cancel(placed.id)
    order = admin.order(placed.id)
    assert (order["displayFinancialStatus"], order["totalRefundedSet"]) == (
        "REFUNDED",
        both("28.0"),
    )
    first, second = order["refunds"]
    assert (first["totalRefundedSet"], second["totalRefundedSet"]) == (both("8.0"), both("20.0"))
    (more,), (less,) = (one["orderAdjustments"]["nodes"] for one in (first, second))
    assert (more["amountSet"], less["amountSet"]) == (both("-8.0"), both("8.0"))
    assert len(second["refundLineItems"]["nodes"]) == 1


def test_cancelling_an_order_that_was_given_back_gives_nothing_more(
    shop: RunningShop, admin: Admin
) -> None:
    placed = shop.merchant.place_order({BEANS: 1})
    shop.merchant.refund(placed.id, {}, extra=2300)
    shop.merchant.cancel(placed.id)
    order = admin.order(placed.id)
    assert order["cancelledAt"] is not None
    assert [one["totalRefundedSet"] for one in order["refunds"]] == [both("23.0")]


@pytest.mark.parametrize(
    ("currency", "decimals", "cents", "own", "seen"),
    [
        ("USD", 2, Presentment("JPY", 0, Decimal("151.5")), "23.0", "3485.0"),
        ("JPY", 0, Presentment("USD", 2, Decimal("0.0066")), "2300000.0", "15180.0"),
        ("KWD", 3, Presentment("EUR", 2, Decimal("2.9871")), "2300.0", "6870.33"),
    ],
)
def test_both_currencies_of_an_order(
    currency: str, decimals: int, cents: Presentment, own: str, seen: str
) -> None:
    with RunningShop(small_store(currency=currency, decimals=decimals)) as shop:
        admin = Admin(shop, shop.new_token().access_token)
        placed = shop.merchant.place_order({BEANS: 1}, terms=Terms(presentment=cents))
        order = admin.order(placed.id)
        admin.session.close()
    assert (order["currencyCode"], order["presentmentCurrencyCode"]) == (currency, cents.currency)
    assert order["totalPriceSet"]["shopMoney"] == {"amount": own, "currencyCode": currency}
    assert order["totalPriceSet"]["presentmentMoney"]["amount"] == seen


def test_amounts_are_written_like_shopifys() -> None:
    three = Money(10_125, 3, "KWD")
    assert (three.decimal_text, three.fixed_text) == ("10.125", "10.125")
    assert (Money(1000, 2, "USD").decimal_text, Money(1000, 2, "USD").fixed_text) == (
        "10.0",
        "10.00",
    )
    assert (Money(1000, 0, "JPY").decimal_text, Money(1000, 0, "JPY").fixed_text) == (
        "1000.0",
        "1000",
    )
    # 10.01 × 0.5 = 5.005, rounded half up.
    half = bag(Settings(), Presentment("EUR", 2, Decimal("0.5")), 1001)
    assert half.presentment.fixed_text == "5.01"


def test_a_currency_that_shopify_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="currency is 'IRT'"):
        create_app(small_store(currency="IRT"))


def test_orders_are_found_sorted_and_paged(shop: RunningShop, admin: Admin) -> None:
    now = int(time.time())
    placed = [
        shop.merchant.place_order({BEANS: 1}, email=f"{n}@x.test", terms=Terms(created=now - n))
        for n in range(5)
    ]
    for order, moment in zip(placed, (50, 20, 40, 10, 30), strict=True):
        order.modified = now - 1000 + moment
    by_update = [gid("Order", placed[n].id) for n in (3, 1, 4, 2, 0)]
    first = admin.data("orders", first=2)["orders"]
    assert [node["id"] for node in first["nodes"]] == by_update[:2]
    assert first["pageInfo"]["hasNextPage"]
    assert not first["pageInfo"]["hasPreviousPage"]
    cursor = first["pageInfo"]["endCursor"]
    assert first["edges"][1]["cursor"] == cursor
    rest = admin.data("orders", first=9, after=cursor)["orders"]
    assert [node["id"] for node in rest["nodes"]] == by_update[2:]
    assert not rest["pageInfo"]["hasNextPage"]
    assert rest["pageInfo"]["hasPreviousPage"]
    reverse = admin.data("orders", first=2, reverse=True)["orders"]
    assert [node["id"] for node in reverse["nodes"]] == by_update[:2:-1]
    after = admin.data("orders", first=9, reverse=True, after=reverse["pageInfo"]["endCursor"])
    assert [node["id"] for node in after["orders"]["nodes"]] == by_update[2::-1]
    last = admin.data("orders", last=2, before=rest["pageInfo"]["endCursor"])["orders"]
    assert [node["id"] for node in last["nodes"]] == by_update[2:4]
    bound = datetime.fromtimestamp(now - 975, UTC).isoformat()
    found = admin.data("orders", first=9, query=f"updated_at:>'{bound}' AND -status:cancelled")
    assert [node["id"] for node in found["orders"]["nodes"]] == by_update[2:]
    assert found["ordersCount"] == {"count": 3, "precision": "EXACT"}
    one = admin.data("orders", first=9, query=f'id:>={placed[4].id} email:"4@X.test"')
    assert [node["id"] for node in one["orders"]["nodes"]] == [gid("Order", placed[4].id)]


def test_a_search_field_that_does_not_exist_is_left_out_and_warned_of(admin: Admin) -> None:
    body = admin.run("orders", first=1, query="colour:red")
    assert body["extensions"]["search"][0]["warnings"] == [
        {"field": "colour", "message": "Invalid search field for this query."}
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "you must provide one of first or last"),
        ({"first": 1, "last": 1}, "providing both first and last"),
        ({"first": 251}, "first or last is 251"),
        ({"first": 1, "after": "nonsense"}, "Invalid cursor"),
        ({"first": 1, "query": "(a OR b)"}, "does not read"),
    ],
)
def test_bad_arguments_are_refused(admin: Admin, arguments: dict[str, Any], message: str) -> None:
    body = admin.run("orders", **arguments)
    assert message in body["errors"][0]["message"]
    assert code_of(body) == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        ("{ shop { colour } }", {}, "Cannot query field 'colour' on type 'Shop'."),
        ("{ order(number: 1) { id } }", {}, "Unknown argument 'number'"),
        ("{ order(id: 1) { id } ", {}, "Syntax Error"),
        ("query ($n: Int!) { orders(first: $n) { nodes { id } } }", {"n": "5"}, "non-integer"),
        ("query ($n: String!) { orders(first: $n) { nodes { id } } }", {"n": "5"}, "expecting"),
        ("query A { shop { id } } query B { shop { id } }", {}, "operation name is required"),
        ('{ order(id: "7") { id } }', {}, "Invalid global id '7'"),
        ('{ order(id: "gid://shopify/Product/7") { id } }', {}, "Invalid global id"),
    ],
)
def test_a_wrong_document_fails_within_200(
    admin: Admin, query: str, variables: dict[str, Any], message: str
) -> None:
    answer = admin.post(query, variables=variables)
    assert answer.status_code == 200
    assert message in answer.json()["errors"][0]["message"]


def test_what_is_no_request_is_refused(admin: Admin) -> None:
    assert admin.post(None).status_code == 400
    admin.token = "wrong"
    answer = admin.post(document("shop"))
    assert answer.status_code == 401
    assert answer.json()["errors"].startswith("[API] Invalid API key or access token")


def test_old_orders_are_hidden_without_the_scope(shop: RunningShop, admin: Admin) -> None:
    day = 24 * 3600
    now = int(time.time())
    old, young = (
        shop.merchant.place_order({BEANS: 1}, customer_id=ADA, terms=Terms(created=now - age * day))
        for age in (61, 59)
    )
    assert len(admin.data("orders", first=9)["orders"]["nodes"]) == 2
    shop.install(("read_orders", "read_customers"))
    nodes = admin.data("orders", first=9)["orders"]["nodes"]
    assert [node["id"] for node in nodes] == [gid("Order", young.id)]
    assert admin.order(old.id) is None
    customer = admin.data("customers", "OneCustomer", id=gid("Customer", ADA))["customer"]
    assert customer["numberOfOrders"] == "1"


def test_missing_scopes_leave_partial_data(shop: RunningShop, admin: Admin) -> None:
    placed = shop.merchant.place_order({BEANS: 1}, customer_id=ADA)
    shop.install(("read_orders",))
    body = admin.run("order_fields", id=gid("Order", placed.id))
    order = body["data"]["order"]
    assert order["customer"] is None
    assert order["lineItems"]["nodes"][0]["product"] is None
    assert {error["extensions"]["code"] for error in body["errors"]} == {"ACCESS_DENIED"}
    (error,) = [one for one in body["errors"] if one["path"] == ["order", "customer"]]
    assert error["message"] == (
        "Access denied for customer field. Required access: `read_customers` access scope."
    )
    body = admin.run("customers", "Customers", first=1)
    assert body["data"] is None
    assert code_of(body) == "ACCESS_DENIED"


def test_a_product_and_what_it_is(shop: RunningShop, admin: Admin) -> None:
    product = admin.data("products", "OneProduct", id=gid("Product", PRESS))["product"]
    assert (product["title"], product["status"], product["productType"]) == (
        "French Press",
        "ACTIVE",
        "Coffee",
    )
    assert (product["totalInventory"], product["tracksInventory"]) == (50, True)
    category = product["category"]
    assert (category["fullName"], category["level"], category["isLeaf"]) == (
        "Drinks > Coffee",
        2,
        True,
    )
    assert category["ancestorIds"] == [category["parentId"]]
    node = {"__typename": "TaxonomyCategory", "id": category["id"], "fullName": "Drinks > Coffee"}
    assert admin.data("nodes", "Nodes", ids=[category["id"]])["nodes"] == [node]
    assert [one["title"] for one in product["collections"]["nodes"]] == ["Coffee"]
    classification = shop.shop.classification
    for way in ("without_category", "without_type", "without_collections"):
        getattr(classification, way).add(PRESS)
    product = admin.data("products", "OneProduct", id=gid("Product", PRESS))["product"]
    assert (product["category"], product["productType"]) == (None, "")
    assert product["collections"]["nodes"] == []


def test_variants_belong_to_their_product(shop: RunningShop, admin: Admin) -> None:
    (tee,) = [one for one in shop.shop.products() if one.variation_ids]
    product = admin.data("products", "OneProduct", id=gid("Product", tee.id))["product"]
    titles = [variant["title"] for variant in product["variants"]["nodes"]]
    assert titles == ["S", "M", "L"]
    first = product["variants"]["nodes"][0]["id"]
    variant = admin.data("products", "OneVariant", id=first)["productVariant"]
    assert (variant["product"]["id"], variant["price"]) == (gid("Product", tee.id), "25.00")
    number = first.rsplit("/", 1)[-1]
    assert admin.data("products", "OneProduct", id=gid("Product", number))["product"] is None
    placed = shop.merchant.place_order({int(number): 1})
    line = admin.order(placed.id)["lineItems"]["nodes"][0]
    assert (line["product"]["id"], line["variant"]["id"]) == (gid("Product", tee.id), first)
    assert line["variantTitle"] == "S"


def test_products_are_listed_without_variants(admin: Admin) -> None:
    data = admin.data("products", first=250, query="product_type:tea", operation="Products")
    names = [product["title"] for product in data["products"]["nodes"]]
    assert names == ["Green Tea", "Earl Grey", "چای ایرانی", "Tea Pot & Cup"]
    assert data["productsCount"]["count"] == 4
    assert admin.data("products", first=1, operation="Products")["productsCount"]["count"] == 12


def test_collections_hold_their_products(admin: Admin) -> None:
    data = admin.data("collections", "Collections", first=9)["collections"]
    assert [one["title"] for one in data["nodes"]] == ["Drinks", "Coffee", "Tea", "Clothing"]
    coffee = data["nodes"][1]
    assert coffee["products"]["nodes"][0]["id"] == gid("Product", BEANS)


def test_customers_leave_the_staff_out(shop: RunningShop, admin: Admin) -> None:
    shop.merchant.place_order({BEANS: 2}, customer_id=ADA)
    data = admin.data("customers", "Customers", first=9)
    assert data["customersCount"]["count"] == 4
    ada, sara = data["customers"]["nodes"][:2]
    assert ada["defaultEmailAddress"] == {"emailAddress": "ada@example.test"}
    assert ada["defaultPhoneNumber"] == {"phoneNumber": "+15550100"}
    assert ada["amountSpent"] == {"amount": "46.0", "currencyCode": "USD"}
    # The account's own phone number always has its country's code.
    assert sara["defaultPhoneNumber"] is None
    assert sara["defaultAddress"]["phone"] == "09121234567"
    merchant = admin.data("customers", "OneCustomer", id=gid("Customer", 1))
    assert merchant["customer"] is None


def test_merged_customers_become_one(shop: RunningShop, admin: Admin) -> None:
    placed = shop.merchant.place_order({BEANS: 1}, customer_id=3)
    shop.merchant.merge_customers(ADA, 3)
    assert admin.order(placed.id)["customer"] == {"id": gid("Customer", ADA)}
    ids = [gid("Customer", 3), gid("Customer", ADA)]
    gone, kept = admin.data("nodes", "Nodes", ids=ids)["nodes"]
    assert gone is None
    assert kept["displayName"] == "Ada Lovelace"


def test_tags_are_added_and_removed(admin: Admin) -> None:
    owner = gid("Customer", ADA)
    added = admin.data("tags", "AddTags", id=owner, tags=["vip", " Tea "])["tagsAdd"]
    assert added == {"node": {"id": owner, "tags": ["vip", "Tea"]}, "userErrors": []}
    again = admin.data("tags", "AddTags", id=owner, tags=["VIP"])["tagsAdd"]
    assert again["node"]["tags"] == ["vip", "Tea"]
    removed = admin.data("tags", "RemoveTags", id=owner, tags=["tea"])["tagsRemove"]
    assert removed["node"]["tags"] == ["vip"]
    gone = admin.data("tags", "AddTags", id=gid("Customer", 99), tags=["x"])["tagsAdd"]
    assert gone["userErrors"] == [{"field": ["id"], "message": "Customer does not exist"}]
