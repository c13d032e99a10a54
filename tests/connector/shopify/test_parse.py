import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.errors import BadPayload
from connector.shopify.categories import chosen
from connector.shopify.ids import category_id, gid, is_gid, kind_of, number_of
from connector.shopify.parse import (
    product_type,
    read_account,
    read_category,
    read_product,
    references,
)
from connector.shopify.parse_orders import read_order
from retention.net import kept
from retention.records import (
    Account,
    Category,
    Order,
    OrderLine,
    Product,
    Refund,
    RefundLine,
    Source,
)

PLACED = "2026-11-21T10:00:00Z"
AT_TEN = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount}}


def line(number: int, quantity: int, amount: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": gid("LineItem", str(number)),
        "name": f"Thing {number}",
        "quantity": quantity,
        "currentQuantity": quantity,
        "product": {"id": gid("Product", str(number * 10))},
        "originalTotalSet": money(amount),
        "discountAllocations": [],
        "taxLines": [],
        **changed,
    }


def refund_line(number: int, quantity: int, subtotal: str, tax: str = "0.0") -> dict[str, Any]:
    return {
        "quantity": quantity,
        "lineItem": {"id": gid("LineItem", str(number))},
        "subtotalSet": money(subtotal),
        "totalTaxSet": money(tax),
    }


def refund(number: int, amount: str, *lines: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "id": gid("Refund", str(number)),
        "totalRefundedSet": money(amount),
        "refundLineItems": {"nodes": list(lines)},
        "refundShippingLines": {"nodes": []},
        "duties": [],
        **changed,
    }


def order(*lines: dict[str, Any], total: str = "100.0", **changed: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Order/820982911946154508",
        "name": "#1001",
        "createdAt": "2026-11-21T11:30:00+01:30",
        "processedAt": PLACED,
        "updatedAt": "2026-11-21T10:05:00Z",
        "cancelledAt": None,
        "displayFinancialStatus": "PAID",
        "fullyPaid": True,
        "taxesIncluded": False,
        "email": "Ada@Example.Test",
        "phone": None,
        "currencyCode": "USD",
        "presentmentCurrencyCode": "CAD",
        "totalPriceSet": {
            "shopMoney": {"amount": total, "currencyCode": "USD"},
            "presentmentMoney": {"amount": "140.0", "currencyCode": "CAD"},
        },
        "customer": {
            "id": gid("Customer", "115310627314723954"),
            "defaultEmailAddress": {"emailAddress": "other@example.test"},
            "defaultPhoneNumber": None,
        },
        "billingAddress": {"phone": "(416) 967-1111", "countryCodeV2": "CA"},
        "transactions": [
            {"kind": "AUTHORIZATION", "status": "SUCCESS", "processedAt": "2026-11-21T10:00:01Z"},
            {"kind": "CAPTURE", "status": "FAILURE", "processedAt": "2026-11-21T10:00:02Z"},
            {"kind": "CAPTURE", "status": "SUCCESS", "processedAt": "2026-11-21T10:00:03Z"},
        ],
        "lineItems": {"nodes": list(lines)},
        "refunds": [],
        **changed,
    }


def read(*lines: dict[str, Any], **changed: Any) -> Order:
    return read_order(order(*lines, **changed), "US")


def test_an_order_is_read_to_the_last_unit() -> None:
    discounts = [{"allocatedAmountSet": money("5.00")}, {"allocatedAmountSet": money("0.99")}]
    found = read(
        line(1, 1, "89.99"),
        line(2, 3, "60.00", discountAllocations=discounts, product=None),
    )
    assert found == Order(
        id="820982911946154508",
        number="#1001",
        status="paid",
        currency="USD",
        placed_at=AT_TEN,
        paid_at=datetime(2026, 11, 21, 10, 0, 3, tzinfo=UTC),
        modified_at=datetime(2026, 11, 21, 10, 5, tzinfo=UTC),
        account_id="115310627314723954",
        email="ada@example.test",
        phone="+14169671111",
        total=Decimal("100.0"),
        lines=(
            OrderLine("1", "10", "Thing 1", 1, Decimal("89.99")),
            OrderLine("2", None, "Thing 2", 3, Decimal("54.01")),
        ),
        presentment_currency="CAD",
        presentment_total=Decimal("140.0"),
        discount=Decimal("5.99"),
    )


def test_codes_are_in_lower_case_and_the_discount_is_net_of_included_taxes() -> None:
    discounts = [{"allocatedAmountSet": money("23.80")}]
    taxed = line(
        1, 2, "142.80", discountAllocations=discounts, taxLines=[{"priceSet": money("19.00")}]
    )
    found = read(taxed, taxesIncluded=True, discountCodes=["WELCOME10 ", "Spring", "welcome10"])
    # 142.80 - 23.80 = 119.00 holds 19.00 of tax, so 100.00 / 119.00 of each unit is net.
    assert found.lines[0].net == Decimal("100.00")
    assert found.discount == Decimal("20.0000")
    assert found.coupon_codes == ("welcome10", "spring")
    free = line(1, 1, "10.00", discountAllocations=[{"allocatedAmountSet": money("10.00")}])
    assert read(free, taxesIncluded=True).discount == Decimal("10.00")


@pytest.mark.parametrize(
    ("journey", "source"),
    [
        (None, Source()),
        ({"lastVisit": None}, Source()),
        ({"lastVisit": {"source": "google", "utmParameters": None}}, Source("google")),
        (
            {
                "lastVisit": {
                    "source": "direct",
                    "utmParameters": {"source": "mail", "medium": " ", "campaign": "May"},
                }
            },
            Source("mail", None, "May"),
        ),
    ],
)
def test_the_source_is_that_of_the_last_visit(journey: object, source: Source) -> None:
    assert read(line(1, 1, "5.00"), customerJourneySummary=journey).source == source


def test_a_guest_is_known_by_the_order_alone() -> None:
    found = read(customer=None, email=None, phone="0912 345 6780", billingAddress=None)
    assert (found.account_id, found.email, found.phone) == (None, None, None)
    # As of the address's country it is no number, as of the shop's it is.
    by_phone = read_order(order(customer=None, email="", phone="09123456780"), "IR")
    assert by_phone.phone == "+989123456780"
    persian = order(customer=None, phone="09123456780", billingAddress={"countryCodeV2": "IR"})
    assert read_order(persian, "US").phone == "+989123456780"


def test_an_order_goes_to_its_shipping_address_or_else_the_billing_one() -> None:
    home = {"countryCodeV2": "IR", "address1": "12 Valiasr", "city": "Tehran", "zip": "19197"}
    to = {"countryCodeV2": "CA", "address1": None, "address2": None, "city": "Toronto", "zip": ""}
    found = read(billingAddress=home | {"address2": "flat 3"}, shippingAddress=to)
    assert found.address == "IR\n19197\n12 Valiasr\nflat 3"
    found = read(billingAddress=home, shippingAddress=to | {"address1": "5 King St"})
    assert found.address == "CA\nToronto\n5 King St\n"
    assert read(shippingAddress=None).address is None
    assert read(billingAddress=None).address is None


def test_what_the_order_lacks_is_taken_from_the_customer() -> None:
    customer = {
        "id": gid("Customer", "5"),
        "defaultEmailAddress": {"emailAddress": "ada@example.test"},
        "defaultPhoneNumber": {"phoneNumber": "+14165550123"},
    }
    found = read(email=None, customer=customer)
    assert (found.email, found.phone) == ("ada@example.test", "+14165550123")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"displayFinancialStatus": "PARTIALLY_REFUNDED"}, "partially_refunded"),
        ({"displayFinancialStatus": "AUTHORIZED"}, "authorized"),
        ({"cancelledAt": PLACED}, "cancelled"),
        ({"displayFinancialStatus": None}, "paid"),
        ({"displayFinancialStatus": None, "fullyPaid": False}, "pending"),
    ],
)
def test_the_status_is_one_word(changed: dict[str, Any], status: str) -> None:
    assert read(**changed).status == status


def test_when_an_order_was_paid() -> None:
    assert read(transactions=[]).paid_at == AT_TEN
    assert read(transactions=[], fullyPaid=False).paid_at is None
    marked = [{"kind": "SALE", "status": "SUCCESS", "processedAt": None}]
    assert read(transactions=marked, fullyPaid=False).paid_at == AT_TEN


def payment(gateway: str, amount: str, kind: str = "SALE", status: str = "SUCCESS") -> Any:
    return {
        "kind": kind,
        "status": status,
        "gateway": gateway,
        "processedAt": PLACED,
        "amountSet": money(amount),
    }


def test_gift_cards_and_store_credit_are_credit() -> None:
    several = [
        payment("gift_card", "20.00"),
        payment("gift_card", "7.00", status="FAILURE"),
        payment("gift_card", "8.00", kind="REFUND"),
        payment("shopify_store_credit", "5.50", kind="CAPTURE"),
        payment("shopify_payments", "74.50"),
    ]
    assert read(transactions=several).paid_by_credit == Decimal("25.50")
    assert read().paid_by_credit == 0
    assert read(transactions=[payment("gift_card", "100.01")]).paid_by_credit == Decimal("100.0")


SENT_AT = "2026-11-22T08:00:00Z"
CAME_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
FIRST = {"status": "SUCCESS", "createdAt": PLACED, "deliveredAt": "2026-11-24T09:30:00Z"}
SECOND = {"status": "SUCCESS", "createdAt": SENT_AT, "deliveredAt": None}
CANCELLED = {"status": "CANCELLED", "createdAt": "2026-11-30T08:00:00Z", "deliveredAt": None}


@pytest.mark.parametrize(
    ("status", "sent", "delivered_at"),
    [
        ("UNFULFILLED", [], None),
        ("PARTIALLY_FULFILLED", [FIRST], None),
        ("FULFILLED", [FIRST, SECOND, CANCELLED], CAME_AT),
        ("FULFILLED", [SECOND], datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("FULFILLED", [], None),
        ("FULFILLMENT_NOT_REQUIRED", [], AT_TEN),
    ],
)
def test_an_order_is_delivered_when_the_last_of_it_came(
    status: str, sent: list[dict[str, Any]], delivered_at: datetime | None
) -> None:
    found = read(displayFulfillmentStatus=status, fulfillments=sent)
    assert found.delivered_at == delivered_at


def test_amounts_are_net_of_included_taxes() -> None:
    # 119.00 with 19 % in it, two units of which one comes back: 50.00 without tax each.
    taxed = line(1, 2, "119.00", taxLines=[{"priceSet": money("19.00")}])
    with_tax = refund(1, "59.50", refund_line(1, 1, "59.50", "9.50"))
    without = refund(1, "59.50", refund_line(1, 1, "50.00", "9.50"))
    for given in (with_tax, without):
        found = read(taxed, taxesIncluded=True, total="119.00", refunds=[given])
        assert found.lines == (OrderLine("1", "10", "Thing 1", 2, Decimal("100.00")),)
        assert found.refunds == (
            Refund("1", Decimal("59.50"), Decimal("59.50"), (RefundLine("1", 1, Decimal(50)),)),
        )


def test_refunds_say_what_they_are_for() -> None:
    shipping = {"subtotalAmountSet": money("8.00"), "taxAmountSet": money("0.80")}
    given = refund(
        7,
        "39.80",
        refund_line(1, 1, "20.00", "2.00"),
        refundShippingLines={"nodes": [shipping]},
        duties=[{"amountSet": money("1.00")}],
    )
    found = read(line(1, 3, "60.00"), refunds=[given, refund(8, "5.00")])
    assert found.refunds == (
        Refund("7", Decimal("39.80"), Decimal("31.80"), (RefundLine("1", 1, Decimal("20.00")),)),
        Refund("8", Decimal("5.00"), Decimal(0), ()),
    )


def test_a_refund_in_a_bulk_file_has_no_lines_yet() -> None:
    bare = {"id": gid("Refund", "7"), "totalRefundedSet": money("5.00")}
    found = read(line(1, 3, "60.00", currentQuantity=1), refunds=[bare])
    assert found.refunds == (Refund("7", Decimal("5.00")),)
    assert not found.refunds_are_complete
    assert found.lines[0].quantity == 3


def test_units_taken_off_without_a_refund_were_never_bought() -> None:
    # Four were ordered, one was refunded, two were taken off by editing the order: one is left.
    given = refund(7, "10.00", refund_line(1, 1, "10.00"))
    found = read(line(1, 4, "40.00", currentQuantity=1), total="20.00", refunds=[given])
    assert found.lines == (OrderLine("1", "10", "Thing 1", 2, Decimal("20.0000")),)
    (left,) = kept(found).lines
    assert (left.quantity, left.net) == (1, Decimal("10.0000"))


@pytest.mark.parametrize(
    ("amount", "currency"), [("12500", "IRR"), ("500.0", "JPY"), ("1.234", "KWD"), ("0.1", "USD")]
)
def test_currencies_keep_their_own_decimals(amount: str, currency: str) -> None:
    found = read(line(1, 1, amount), currencyCode=currency, total=amount)
    assert (found.total, found.net, found.currency) == (Decimal(amount), Decimal(amount), currency)


def test_an_order_that_does_not_read_is_named_by_field() -> None:
    with pytest.raises(BadPayload, match="order: totalPriceSet: Field required"):
        read_order({k: v for k, v in order().items() if k != "totalPriceSet"}, "US")
    with pytest.raises(BadPayload, match="is not a global identifier"):
        read(id="820982911946154508")


PRODUCT: dict[str, Any] = {
    "id": gid("Product", "788032119674292922"),
    "title": "Example T-Shirt",
    "status": "ACTIVE",
    "publishedAt": PLACED,
    "updatedAt": PLACED,
    "productType": "Shirts",
    "tracksInventory": True,
    "totalInventory": 0,
    "category": {"id": gid("TaxonomyCategory", "aa-1-13-8")},
    "collections": {"nodes": [{"id": gid("Collection", "7")}, {"id": gid("Collection", "8")}]},
    "variants": {
        "nodes": [
            {"availableForSale": False, "sku": "SHIRT-S"},
            {"availableForSale": True, "sku": "SHIRT-M"},
            {"availableForSale": True, "sku": "SHIRT-M"},
            {"availableForSale": True, "sku": None},
        ]
    },
    "recommendations": {"value": '["gid://shopify/Product/2","gid://shopify/Product/1"]'},
}
NOTHING_LEFT = {"variants": {"nodes": [{"availableForSale": False}]}}


def test_a_product_is_read() -> None:
    assert read_product(PRODUCT) == Product(
        id="788032119674292922",
        name="Example T-Shirt",
        published=True,
        visible=True,
        in_stock=True,
        category_ids=("TaxonomyCategory/aa-1-13-8", "ProductType/Shirts", "Collection/7"),
        cross_sell_ids=("2", "1"),
        modified_at=AT_TEN,
        skus=("SHIRT-S", "SHIRT-M"),
    )


@pytest.mark.parametrize(
    ("changed", "published", "visible", "in_stock"),
    [
        ({"status": "DRAFT"}, False, False, True),
        ({"status": "ARCHIVED"}, False, False, True),
        ({"status": "UNLISTED"}, True, False, True),
        ({"publishedAt": None}, False, True, True),
        (NOTHING_LEFT, True, True, False),
        ({**NOTHING_LEFT, "tracksInventory": False}, True, True, True),
        ({**NOTHING_LEFT, "totalInventory": 3}, True, True, True),
    ],
)
def test_what_can_be_found_and_bought(
    changed: dict[str, Any], published: bool, visible: bool, in_stock: bool
) -> None:
    found = read_product({**PRODUCT, **changed})
    assert (found.published, found.visible, found.in_stock) == (published, visible, in_stock)


def test_a_bare_product_has_no_categories_and_no_recommendations() -> None:
    bare = copy.deepcopy(PRODUCT)
    bare |= {"category": None, "productType": "", "recommendations": None}
    del bare["collections"]
    found = read_product(bare)
    assert (found.category_ids, found.cross_sell_ids) == ((), ())


@pytest.mark.parametrize("value", ["", "not JSON", "{}", "null", '["nothing", 7]'])
def test_what_is_no_list_of_references_refers_to_nothing(value: str) -> None:
    assert references(value) == ()


def test_an_account_is_read() -> None:
    node = {
        "id": gid("Customer", "706405506930370084"),
        "firstName": "Bob",
        "lastName": None,
        "createdAt": PLACED,
        "updatedAt": PLACED,
        "defaultEmailAddress": {"emailAddress": "Bob@Biller.com"},
        "defaultPhoneNumber": None,
        "defaultAddress": {"phone": "416-967-1111", "countryCodeV2": "CA"},
        "birthDate": {"value": "1990-05-17"},
    }
    assert read_account(node, "IR") == Account(
        "706405506930370084", "bob@biller.com", "+14169671111", "Bob", AT_TEN, AT_TEN, "1990-05-17"
    )
    bare = {"id": gid("Customer", "5")}
    assert read_account(bare, "IR") == Account("5", None, None, "")


def test_categories_come_from_three_places() -> None:
    node = {
        "id": gid("TaxonomyCategory", "aa-1"),
        "name": "Clothing",
        "parentId": gid("TaxonomyCategory", "aa"),
        "ancestorIds": [gid("TaxonomyCategory", "aa")],
    }
    assert read_category(node) == Category(
        "TaxonomyCategory/aa-1", "Clothing", "TaxonomyCategory/aa"
    )
    collection = {"id": gid("Collection", "7"), "title": "Summer"}
    assert read_category(collection) == Category("Collection/7", "Summer")
    assert product_type("Shirts") == Category("ProductType/Shirts", "Shirts")


def test_the_setting_chooses_a_products_category() -> None:
    three = read_product(PRODUCT).category_ids
    assert chosen(three, "taxonomy") == ("TaxonomyCategory/aa-1-13-8",)
    assert chosen(three, "product_type") == ("ProductType/Shirts",)
    assert chosen(three, "collection") == ("Collection/7",)
    assert chosen(three[1:], "taxonomy") == ("ProductType/Shirts",)
    assert chosen(three[:1], "collection") == ("TaxonomyCategory/aa-1-13-8",)
    assert chosen((), "taxonomy") == ()


def test_global_identifiers() -> None:
    assert gid("Order", "7") == "gid://shopify/Order/7"
    assert number_of("gid://shopify/InventoryLevel/7?inventory_item_id=8") == "7"
    assert kind_of("gid://shopify/Order/7") == "Order"
    assert category_id("gid://shopify/Collection/7") == "Collection/7"
    assert [is_gid(text) for text in ("7", "gid://shopify/Order", "gid://shopify/Order/7")] == [
        False,
        False,
        True,
    ]
    assert kind_of("7") == ""
