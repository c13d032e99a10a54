import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.errors import NotFound, Refused
from connector.http import GuardedSession
from connector.platform import Page, StoreProfile
from connector.shopify.documents import document
from connector.shopify.ids import gid
from connector.shopify.reading import SIXTY_DAYS
from retention.records import Account, Category, Order, Refund, RefundLine
from tests.connector.recordings import Recorded
from tests.connector.shopify.conftest import OpenShop
from tests.connector.shopify.pretend import data, problem, store_of
from tests.connector.shopify.test_parse import PRODUCT, line, order, refund, refund_line

MOMENT = datetime(2026, 11, 21, 10, 0, 0, 999999, tzinfo=UTC)


def customer(number: int) -> dict[str, Any]:
    return {"id": gid("Customer", str(number)), "firstName": f"C{number}"}


def account(number: int) -> Account:
    return Account(str(number), None, None, f"C{number}")


def nodes(*found: dict[str, Any] | None, **extra: Any) -> Recorded:
    return data({"nodes": list(found)}, **extra)


def listed(field: str, *numbers: int, after: str | None = None) -> Recorded:
    info = {"hasNextPage": after is not None, "endCursor": after}
    kind = field[:-1].capitalize()
    found = [
        {"id": gid(kind, str(number)), "updatedAt": "2026-11-21T10:00:00Z"} for number in numbers
    ]
    return data({field: {"nodes": found, "pageInfo": info}})


def profile(*scopes: str) -> Recorded:
    return data(
        {
            "shop": {
                "name": "Tea",
                "myshopifyDomain": "tea.myshopify.com",
                "currencyCode": "IRR",
                "ianaTimezone": "Asia/Tehran",
                "shopAddress": {"countryCodeV2": "IR"},
            },
            "currentAppInstallation": {
                "id": gid("AppInstallation", "1"),
                "accessScopes": [{"handle": scope} for scope in scopes],
            },
        }
    )


def test_a_shop_tells_what_it_is(open_shop: OpenShop, session: GuardedSession) -> None:
    shop = open_shop({"Shop": [profile("read_orders", "read_all_orders"), profile("read_orders")]})
    store = store_of(shop, session)
    assert store.profile() == StoreProfile("Tea", "IRR", "Asia/Tehran", "IR")
    assert store.profile().warnings == (SIXTY_DAYS,)


def test_an_order_is_read_to_its_last_line(open_shop: OpenShop, session: GuardedSession) -> None:
    more = {"hasNextPage": True, "endCursor": "a"}
    last = {"hasNextPage": False, "endCursor": None}
    given = refund(7, "3.00", refund_line(1, 1, "1.00"))
    given["refundLineItems"]["pageInfo"] = more
    whole = order(line(1, 1, "1.00"), refunds=[given])
    whole["lineItems"]["pageInfo"] = more
    lines = {"nodes": [line(2, 1, "2.00")], "pageInfo": last}
    parts = {"nodes": [refund_line(2, 1, "2.00")], "pageInfo": last}
    shop = open_shop(
        {
            "Orders": [nodes(whole)],
            "OrderLines": [data({"order": {"lineItems": lines}})],
            "RefundLines": [data({"node": {"refundLineItems": parts}})],
        }
    )
    found = store_of(shop, session).read("order", "820982911946154508")
    assert isinstance(found, Order)
    assert [one.net for one in found.lines] == [Decimal("1.00"), Decimal("2.00")]
    assert found.refunds == (
        Refund(
            "7",
            Decimal("3.00"),
            Decimal("3.00"),
            (RefundLine("1", 1, Decimal("1.00")), RefundLine("2", 1, Decimal("2.00"))),
        ),
    )
    assert shop.variables("Orders") == [
        {"ids": ["gid://shopify/Order/820982911946154508"], "lines": 30}
    ]
    assert shop.variables("OrderLines") == [{"id": whole["id"], "after": "a"}]
    assert shop.variables("RefundLines") == [{"id": "gid://shopify/Refund/7", "after": "a"}]


def test_what_is_gone_is_none(open_shop: OpenShop, session: GuardedSession) -> None:
    shop = open_shop(
        {
            "Orders": [nodes(None)],
            "Customers": [nodes(None)],
            "Products": [nodes(None)],
            "Variant": [data({"productVariant": None})],
            "Categories": [nodes(None)],
            "ProductTypes": [data({"productTypes": {"nodes": ["Tea"]}})],
        }
    )
    store = store_of(shop, session)
    assert [store.read("order", "7"), store.read("customer", "7"), store.read("product", "7")] == [
        None,
        None,
        None,
    ]
    assert store.read("category", "Collection/7") is None
    assert store.read("category", "ProductType/Milk") is None
    assert store.read("category", "ProductType/Tea") == Category("ProductType/Tea", "Tea")
    assert store.read("category", "7") is None
    with pytest.raises(ValueError, match="'gid' is not a number of Shopify's"):
        store.read("order", "gid")


def test_a_variant_is_read_as_its_product(open_shop: OpenShop, session: GuardedSession) -> None:
    parent = {"productVariant": {"product": {"id": PRODUCT["id"]}}}
    shop = open_shop({"Products": [nodes(None), nodes(PRODUCT)], "Variant": [data(parent)]})
    found = store_of(shop, session).read("product", "642667041472713922")
    assert found is not None
    assert found.id == "788032119674292922"
    assert shop.variables("Variant") == [{"id": "gid://shopify/ProductVariant/642667041472713922"}]


def test_an_order_is_completed_by_reading_it(open_shop: OpenShop, session: GuardedSession) -> None:
    whole = order(line(1, 1, "1.00"), refunds=[refund(7, "1.00", refund_line(1, 1, "1.00"))])
    shop = open_shop({"Orders": [nodes(whole), nodes(None)]})
    store = store_of(shop, session)
    found = store.read("order", "820982911946154508")
    assert isinstance(found, Order)
    assert store.complete(found) is found
    half = Order(
        **{name: getattr(found, name) for name in Order.__slots__}
        | {"refunds": (Refund("7", Decimal("1.00")),)}
    )
    with pytest.raises(NotFound, match="is gone"):
        store.complete(half)
    shop.answers["Orders"] = [nodes(whole)]
    assert store.complete(half) == found


def test_what_changed_is_found_by_date_and_read_by_number(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    shop = open_shop(
        {
            "CustomerIds": [listed("customers", 1, 2, after="a"), listed("customers", 3, 1)],
            "Customers": [nodes(customer(1), None, customer(3))],
        }
    )
    pages = list(store_of(shop, session).pages("customer", modified_after=MOMENT))
    assert pages == [Page((account(1), account(3)), 1, 1, 3)]
    asked = {"query": "updated_at:>='2026-11-21T10:00:00Z'", "sortKey": "UPDATED_AT"}
    assert shop.variables("CustomerIds") == [{**asked, "after": None}, {**asked, "after": "a"}]


def test_nothing_changed_is_one_empty_page(open_shop: OpenShop, session: GuardedSession) -> None:
    shop = open_shop({"CustomerIds": [listed("customers")]})
    pages = list(store_of(shop, session).pages("customer", modified_after=MOMENT))
    assert pages == [Page((), 1, 1, 0)]


def test_pages_hold_a_hundred_and_are_taken_up_at_one(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    numbers = range(1, 104)
    answers = [
        nodes(*map(customer, numbers[:50])),
        nodes(*map(customer, numbers[50:100])),
        nodes(*map(customer, numbers[100:])),
    ]
    shop = open_shop({"CustomerIds": [listed("customers", *numbers)], "Customers": answers})
    store = store_of(shop, session)
    pages = list(store.pages("customer", modified_after=MOMENT))
    assert [(page.number, page.pages, page.total, len(page.records)) for page in pages] == [
        (1, 2, 103, 100),
        (2, 2, 103, 3),
    ]
    shop.answers["Customers"] = answers[2:]
    assert list(store.pages("customer", first=2, modified_after=MOMENT)) == pages[1:]


def test_one_object_that_cannot_be_read_holds_up_no_others(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    broken = {"id": gid("Customer", "2"), "updatedAt": "soon"}
    shop = open_shop(
        {
            "CustomerIds": [listed("customers", 1, 2, 3)],
            "Customers": [
                nodes(customer(1), broken, None, errors=[problem("ODD", "nodes", 2, "email")]),
                nodes(None, errors=[problem("ODD", "nodes", 0, "email")]),
            ],
        }
    )
    (page,) = store_of(shop, session).pages("customer", modified_after=MOMENT)
    assert page.records == (account(1),)
    (second, third) = page.rejected
    assert second[0] == "2"
    assert second[1].startswith("customer: updatedAt: Input should be a valid datetime")
    assert third == ("3", "customers: ODD nodes.0.email: as told")


def test_a_call_that_costs_too_much_is_made_smaller(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    dear = data({}, errors=[problem("MAX_COST_EXCEEDED")])
    first, second, third = ({**PRODUCT, "id": gid("Product", n)} for n in "123")
    shop = open_shop(
        {
            "ProductIds": [listed("products", 1, 2, 3)],
            "Products": [dear, nodes(first), nodes(second), nodes(third)],
        }
    )
    (page,) = store_of(shop, session).pages("product", modified_after=MOMENT)
    assert [record.id for record in page.records] == ["1", "2", "3"]
    assert [len(one["ids"]) for one in shop.variables("Products")] == [3, 1, 1, 1]
    shop.answers["Products"] = [dear]
    with pytest.raises(Refused):
        list(store_of(shop, session).pages("product", modified_after=MOMENT))


def test_everything_comes_from_a_file(open_shop: OpenShop, session: GuardedSession) -> None:
    file = b"".join(json.dumps(customer(number)).encode() + b"\n" for number in range(1, 104))
    shop = open_shop({"GET /file": [Recorded(file)]})
    operation = {
        "id": gid("BulkOperation", "1"),
        "status": "COMPLETED",
        "completedAt": datetime.now(UTC).isoformat(),
        "rootObjectCount": "103",
        "url": f"{shop.url}/file",
        "query": document("bulk_customers"),
    }
    shop.answers["BulkOperations"] = [data({"bulkOperations": {"nodes": [operation]}})]
    store = store_of(shop, session)
    pages = list(store.pages("customer"))
    assert [(page.number, page.pages, page.total) for page in pages] == [(1, 2, 103), (2, 2, 103)]
    assert pages[1].records == tuple(account(number) for number in (101, 102, 103))
    assert list(store.pages("customer", first=2)) == pages[1:]


def test_identifiers_come_in_portions(open_shop: OpenShop, session: GuardedSession) -> None:
    shop = open_shop({"OrderIds": [listed("orders", 1, 2, after="a"), listed("orders", 3)]})
    assert list(store_of(shop, session).identifiers("order")) == [("1", "2"), ("3",)]
    asked = {"query": None, "sortKey": "ID"}
    assert shop.variables("OrderIds") == [{**asked, "after": None}, {**asked, "after": "a"}]


def test_categories_are_those_in_use_with_their_ancestors(
    open_shop: OpenShop, session: GuardedSession
) -> None:
    def taxonomy(number: str, name: str, *ancestors: str) -> dict[str, Any]:
        above = [gid("TaxonomyCategory", one) for one in ancestors]
        node = {"id": gid("TaxonomyCategory", number), "name": name, "ancestorIds": above}
        return {**node, "parentId": above[0] if above else None}

    shop = open_shop(
        {
            "CategoriesInUse": [
                data({"shop": {"allProductCategoriesList": [taxonomy("a-1-1", "Tea", "a-1", "a")]}})
            ],
            "Categories": [nodes(taxonomy("a", "Food"), taxonomy("a-1", "Drinks", "a"))],
            "ProductTypes": [data({"productTypes": {"nodes": ["", "Loose"]}})],
            "Collections": [
                data({"collections": {"nodes": [{"id": gid("Collection", "7"), "title": "New"}]}})
            ],
        }
    )
    store = store_of(shop, session)
    categories = (
        Category("TaxonomyCategory/a", "Food"),
        Category("TaxonomyCategory/a-1", "Drinks", "TaxonomyCategory/a"),
        Category("TaxonomyCategory/a-1-1", "Tea", "TaxonomyCategory/a-1"),
        Category("ProductType/Loose", "Loose"),
        Category("Collection/7", "New"),
    )
    assert list(store.pages("category")) == [Page(categories, 1, 1, 5)]
    assert shop.variables("Categories") == [
        {"ids": ["gid://shopify/TaxonomyCategory/a", "gid://shopify/TaxonomyCategory/a-1"]}
    ]
    assert list(store.identifiers("category")) == [tuple(one.id for one in categories)]
