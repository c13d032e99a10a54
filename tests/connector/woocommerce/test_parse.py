"""Objects read to the field, and strange ones kept or refused with a reason."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.errors import BadPayload
from connector.values import validate
from connector.woocommerce.parse import (
    product_of,
    read_account,
    read_category,
    read_order,
    read_refund,
    read_review,
)
from connector.woocommerce.payloads import ProductPayload
from retention.records import (
    Account,
    Category,
    Order,
    OrderLine,
    Product,
    Refund,
    RefundLine,
    Review,
    Source,
)
from tests.connector.recordings import FOLDER, content

OBJECTS: list[tuple[str, int, Callable[[object], Order | Product | Account]]] = [
    ("orders", 17, lambda found: read_order(found, "US")),
    ("products", 17, lambda found: product_of(validate(ProductPayload, found))),
    ("customers", 19, lambda found: read_account(found, "US")),
]


@pytest.mark.parametrize(("place", "how_many", "read"), OBJECTS)
def test_every_recorded_object_reads(
    place: str, how_many: int, read: Callable[[object], Order | Product | Account]
) -> None:
    whole: list[dict[str, Any]] = []
    for path in sorted((FOLDER / "rest").glob("*.json")):
        recorded = json.loads(path.read_text())
        address = recorded["request"]["url"].partition("?")[0]
        is_good = recorded["response"]["status"] in (200, 201)
        if is_good and re.search(rf"/{place}(/\d+)?$", address):
            found = json.loads(recorded["response"]["body"])
            objects = found if isinstance(found, list) else [found]
            whole.extend(item for item in objects if "date_created" in item)
    assert len(whole) == how_many
    assert [read(item).id for item in whole] == [str(item["id"]) for item in whole]


def order(**changes: Any) -> Order:
    """The recorded order with changes, read from JSON text."""
    return read_order(json.dumps({**content("order_get"), **changes}).encode(), "IR")


def line(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = content("order_get")["line_items"][0]
    return {**whole, **changes}


def product(**changes: Any) -> Product:
    return product_of(validate(ProductPayload, {**content("product_get"), **changes}))


def attribution(**noted: object) -> list[dict[str, object]]:
    return [
        {"id": number, "key": f"_wc_order_attribution_{name}", "value": value}
        for number, (name, value) in enumerate(noted.items(), 1)
    ]


def test_the_recorded_coupon_and_its_discount_without_tax_are_read() -> None:
    assert order().coupon_codes == ("welcome10",)
    assert order().discount == Decimal("11.10")
    bare = content("order_get")
    del bare["discount_total"], bare["coupon_lines"], bare["meta_data"]
    found = read_order(bare, "IR")
    assert (found.coupon_codes, found.discount, found.source) == ((), None, Source())


@pytest.mark.parametrize(
    ("noted", "source"),
    [
        ({}, Source()),
        ({"source_type": "typein", "utm_source": "(direct)"}, Source("(direct)")),
        ({"source_type": "admin"}, Source("admin")),
        ({"source_type": ["admin"], "utm_source": 7}, Source()),
        (
            {"utm_source": " mail ", "utm_medium": "letter", "utm_campaign": "x" * 300},
            Source("mail", "letter", "x" * 200),
        ),
    ],
)
def test_the_source_is_what_order_attribution_noted(
    noted: dict[str, object], source: Source
) -> None:
    assert order(meta_data=attribution(**noted)).source == source


def test_a_review_is_read_without_text_and_name() -> None:
    told = {
        "id": 22,
        "date_created": "2026-10-18T07:59:17",
        "date_created_gmt": "2026-10-18T04:29:17",
        "product_id": 31,
        "status": "approved",
        "reviewer": "Ada",
        "reviewer_email": "Ada@Example.test",
        "review": "<p>Nice album!</p>",
        "rating": 5,
        "verified": False,
    }
    assert read_review(told) == Review(
        "22", "31", "ada@example.test", datetime(2026, 10, 18, 4, 29, 17, tzinfo=UTC), 5
    )
    with pytest.raises(BadPayload, match="product_id"):
        read_review({**told, "product_id": None})


def test_a_refund_by_line_is_read_with_its_line() -> None:
    assert read_refund(content("refund_create_line")) == Refund(
        id="206",
        amount=Decimal("35.99"),
        allocated=Decimal("35.99"),
        lines=(RefundLine("475", 1, Decimal("35.99")),),
    )


def test_a_refund_by_amount_allocates_nothing() -> None:
    assert read_refund(content("refund_create_partial")) == Refund(
        id="205", amount=Decimal("5.00"), allocated=Decimal(0), lines=()
    )


def test_taxes_shipping_and_fees_of_a_refund_are_allocated() -> None:
    recorded = content("refund_create_line")
    recorded["amount"] = "48.09"
    recorded["line_items"][0]["total_tax"] = "-3.06"
    recorded["shipping_lines"] = [{"total": "-5.00", "total_tax": "-0.50"}]
    recorded["fee_lines"] = [{"total": "-2.00", "total_tax": "-0.04"}]
    refund = read_refund(recorded)
    # 35.99 + 3.06 + 5.00 + 0.50 + 2.00 + 0.04
    assert refund.allocated == Decimal("46.59")
    assert refund.amount == Decimal("48.09")


def test_a_refunded_line_that_names_no_line_is_left_to_be_spread() -> None:
    recorded = content("refund_create_line")
    recorded["line_items"][0]["meta_data"] = []
    assert read_refund(recorded) == Refund(
        id="206", amount=Decimal("35.99"), allocated=Decimal(0), lines=()
    )


def test_a_category_has_a_parent_or_none() -> None:
    recorded = content("categories_list")[0]
    assert read_category(recorded) == Category("23", "Apparel", None)
    assert read_category({**recorded, "parent": 16}).parent_id == "16"


def test_an_account_is_read() -> None:
    recorded = content("customer_get")
    recorded["billing"]["phone"] = "510-555-0100"
    assert read_account(recorded, "IR") == Account(
        id="2",
        email="c01@example.test",
        phone="+15105550100",
        name="Ada Lovelace",
        modified_at=datetime(2026, 11, 21, 21, 29, 53, tzinfo=UTC),
        created_at=datetime(2026, 11, 21, 21, 29, 47, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("key", "value", "birthday"),
    [
        ("billing_birthday", " 1369/02/27 ", "1369/02/27"),
        ("_billing_date-of-birth", "1990-05-17", "1990-05-17"),
        ("bazgasht_birthday", "05-17", "05-17"),
        ("birthday", "", None),
        ("birthday", {"day": 17}, None),
        ("birthday_gift", "2026-05-17", None),
    ],
)
def test_an_account_says_its_birthday(key: str, value: object, birthday: str | None) -> None:
    recorded = content("customer_get")
    recorded["meta_data"] = [{"id": 1, "key": "x", "value": "y"}, {"key": key, "value": value}]
    assert read_account(recorded, "IR").birthday == birthday


def test_an_account_without_meta_data_or_with_a_placeholder_is_read() -> None:
    recorded = content("shop_manager_customer_get")
    recorded["email"] = "09121234567@noemail.invalid"
    recorded["first_name"] = recorded["last_name"] = ""
    recorded["billing"].update(first_name="Sara", last_name="", phone="۰۹۱۲۱۲۳۴۵۶۷", country="IR")
    account = read_account(recorded, "US")
    assert account.email == "c01@example.test"
    assert account.name == "Sara"
    assert account.phone == "+989121234567"


def test_a_phone_of_another_country_than_the_billing_address_is_read_as_the_stores() -> None:
    billing = {"email": "", "phone": "09121234567", "country": "US"}
    assert order(billing=billing).phone == "+989121234567"
    assert order(billing={"phone": "09121234567", "country": ""}).phone == "+989121234567"


def test_a_guest_has_no_account() -> None:
    recorded = content("order_create_guest_email_of_customer")
    guest = read_order(recorded, "US")
    assert guest.account_id is None
    assert guest.email == "c01@example.test"
    assert order(customer_id="0").account_id is None


def test_what_plugins_take_off_by_a_fee_or_pay_by_a_method_of_theirs_is_credit() -> None:
    assert order().paid_by_credit == 0
    assert order().total_before_credit is None
    fees = [
        {"id": 1, "name": "Via wallet", "total": "-20.00", "total_tax": "-1.80"},
        {"id": 2, "name": "Wrapping", "total": "3.00", "total_tax": "0.00"},
    ]
    partly = order(fee_lines=fees, total="91.58")
    assert (partly.paid_by_credit, partly.total_before_credit) == (
        Decimal("21.80"),
        Decimal("113.38"),
    )
    wholly = order(payment_method="wallet", total="113.38")
    assert (wholly.paid_by_credit, wholly.total_before_credit) == (Decimal("113.38"), None)
    both = order(payment_method="accountfunds", fee_lines=fees, total="91.58")
    assert both.paid_by_credit == both.total_before_credit == Decimal("113.38")


def test_an_order_is_delivered_when_it_was_completed() -> None:
    completed = order(date_completed_gmt="2026-11-24T09:30:00")
    assert completed.delivered_at == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert order(date_completed_gmt=None).delivered_at is None


def test_a_line_of_an_unknown_product_has_none() -> None:
    recorded = read_order(content("order_create_bad_product"), "US")
    assert recorded.lines == (OrderLine("510", None, "", 1, Decimal("0.00")),)


def test_what_a_shopper_can_find_is_visible() -> None:
    assert product().recommendable
    assert not product(catalog_visibility="search").visible
    assert not product(catalog_visibility="hidden").visible
    assert product(catalog_visibility="catalog").visible
    assert not product(post_password="x").visible
    assert not product(status="private").published
    assert not product(status="trash").published
    assert product(stock_status="onbackorder").in_stock
    assert not product(stock_status="outofstock").in_stock


def test_a_list_that_php_turned_into_an_object_is_read() -> None:
    assert product(cross_sell_ids={"1": 70}).cross_sell_ids == ("70",)
    assert product(cross_sell_ids=None).cross_sell_ids == ()
    assert product(cross_sell_ids="").cross_sell_ids == ()


def test_an_order_without_lines_is_kept() -> None:
    assert order(line_items=[]).lines == ()
    assert order(line_items=[]).net == 0


def test_an_order_of_500_lines_is_kept() -> None:
    whole = order(line_items=[line(id=number) for number in range(1, 501)])
    assert len(whole.lines) == 500
    assert whole.lines[499].id == "500"


def test_another_currency_a_date_in_the_future_and_emoji_are_kept() -> None:
    strange = order(
        currency="IRR",
        date_created_gmt="2099-01-01T00:00:00",
        line_items=[line(name="Mug ☕️ 👩‍🚀 فنجان")],
    )
    assert strange.currency == "IRR"
    assert strange.placed_at == datetime(2099, 1, 1, tzinfo=UTC)
    assert strange.lines[0].name == "Mug ☕️ 👩‍🚀 فنجان"


def test_characters_that_postgresql_does_not_keep_are_left_out() -> None:
    strange = order(
        number="7\x00",
        line_items=[line(name="A\x00B")],
        billing={"email": "a\x00da@example.test", "phone": ""},
    )
    assert (strange.number, strange.lines[0].name) == ("7", "AB")
    assert strange.email == "ada@example.test"


def test_the_largest_amount_is_kept_and_a_larger_one_refused() -> None:
    assert order(total="9999999999999999.9999").total == Decimal("9999999999999999.9999")
    with pytest.raises(BadPayload, match=r"^order: total: .*must be at most 9,999,999,999,999,999"):
        order(total="10000000000000000")
    with pytest.raises(BadPayload, match=r"^order: line_items\[0\]\.total: "):
        order(line_items=[line(total="1e40")])


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1,5", "abc", [], True])
def test_what_is_no_amount_is_refused(amount: object) -> None:
    with pytest.raises(BadPayload, match=r"^order: total: "):
        order(total=amount)


def test_json_numbers_that_are_none_are_refused() -> None:
    text = json.dumps(content("order_get"))
    assert '"total": "113.38"' in text
    for word in ("NaN", "Infinity"):
        with pytest.raises(BadPayload, match=r"^order: total: "):
            read_order(text.replace('"total": "113.38"', f'"total": {word}').encode(), "US")


def test_amounts_keep_four_decimals() -> None:
    assert order(line_items=[line(total="0.33335")]).lines[0].net == Decimal("0.3334")
    assert order(line_items=[line(total="0.3333")]).lines[0].net == Decimal("0.3333")
    assert order(line_items=[line(total="-0.00005")]).lines[0].net == Decimal("-0.0001")
    assert order(total=12.5).total == Decimal("12.5")
    assert order(total="").total == 0


def test_quantities_in_fractions_count_as_the_next_whole_number() -> None:
    assert order(line_items=[line(quantity=0.5)]).lines[0].quantity == 1
    assert order(line_items=[line(quantity="2.000")]).lines[0].quantity == 2
    assert order(line_items=[line(quantity=None)]).lines[0].quantity == 0
    for strange in ("many", "NaN", "1e400", 3_000_000_000):
        with pytest.raises(BadPayload, match=r"^order: line_items\[0\]\.quantity: "):
            order(line_items=[line(quantity=strange)])


def test_absent_times_are_taken_from_the_others() -> None:
    created = datetime(2026, 11, 21, 21, 32, 15, tzinfo=UTC)
    assert order(date_modified_gmt=None).modified_at == created
    unpaid = order(date_paid_gmt=None)
    assert unpaid.paid_at is None
    zoned = order(date_created_gmt="2026-11-21T13:32:15-08:00")
    assert zoned.placed_at == created
    with pytest.raises(BadPayload, match="date_created_gmt is missing"):
        order(date_created_gmt=None, date_modified_gmt=None)
    with pytest.raises(BadPayload, match=r"^order: date_created_gmt: "):
        order(date_created_gmt="0000-00-00 00:00:00")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"id": 0}, "id"),
        ({"id": "abc"}, "id"),
        ({"id": 2**63}, "id"),
        ({"line_items": None}, "line_items"),
        ({"line_items": {"id": 1}}, "line_items"),
        ({"billing": []}, "billing"),
        ({"status": None, "currency": 5}, "currency"),
    ],
)
def test_a_field_that_does_not_read_is_named(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(BadPayload, match=rf"^order: {place}: ") as caught:
        order(**changes)
    assert str(caught.value).endswith("; correct it in the store and save it again")


def test_an_error_tells_no_values() -> None:
    with pytest.raises(BadPayload) as caught:
        order(total="secret-1", customer_id="secret-2", id="secret-3", number={"secret-4": 1})
    assert "secret" not in str(caught.value)
    assert "and 1 more" in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_order_goes_to_its_shipping_address_or_else_the_billing_one() -> None:
    recorded = content("order_get")
    home = {"address_1": "12 Valiasr", "city": "Tehran", "postcode": "19197", "country": "IR"}
    recorded["billing"].update(home, address_2="flat 3")
    recorded["shipping"] = {"address_1": "", "city": "Shiraz"}
    assert read_order(recorded, "IR").address == "IR\n19197\n12 Valiasr\nflat 3"
    recorded["shipping"] = {**home, "postcode": ""}
    assert read_order(recorded, "IR").address == "IR\nTehran\n12 Valiasr\n"
    recorded["billing"]["address_1"] = recorded["shipping"]["address_1"] = ""
    assert read_order(recorded, "IR").address is None
