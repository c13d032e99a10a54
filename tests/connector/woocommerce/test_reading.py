"""Objects, listings and the profile, from recorded answers."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from connector.errors import CredentialsRefused, NotFound, TemporaryError
from connector.platform import StoreProfile
from connector.woocommerce.reading import HIDES_INDEX, NEEDS_ADMINISTRATOR
from retention.records import Account, Category, Order, Product, RefundLine
from tests.connector.conftest import Open
from tests.connector.recordings import Recorded, answer, content, recorded

GENERAL = answer(
    [
        {"id": "woocommerce_currency", "value": "IRT"},
        {"id": "woocommerce_default_country", "value": "IR:THR"},
        {"id": "woocommerce_all_except_countries", "value": []},
    ]
)


def listed(items: list[Any], pages: int, total: int) -> Recorded:
    return answer(items, X_WP_Total=str(total), X_WP_TotalPages=str(pages))


def customers() -> list[Any]:
    return [content("customer_get")]


@pytest.mark.parametrize(
    ("index", "zone"),
    [
        ({"timezone_string": "Asia/Tehran", "gmt_offset": "3.5"}, "Asia/Tehran"),
        ({"timezone_string": "", "gmt_offset": "3.5"}, "+03:30"),
        ({"timezone_string": "", "gmt_offset": -8}, "-08:00"),
        ({"timezone_string": "", "gmt_offset": 0}, "UTC"),
        ({"gmt_offset": "strange"}, "UTC"),
    ],
)
def test_the_profile_of_a_store(open_store: Open, index: dict[str, Any], zone: str) -> None:
    store, replay = open_store(
        {
            "GET settings/general": [GENERAL],
            "GET /wp-json/": [answer({"name": "قهوه‌خانه", **index})],
            "GET customers": [listed(customers(), 1, 1)],
        }
    )
    assert store.profile() == StoreProfile("قهوه‌خانه", "IRT", zone, "IR")
    # The public index is asked for without the key.
    assert "oauth_consumer_key" not in replay.calls[-1].query


def test_the_profile_warns_of_a_key_that_shows_no_meta_data(open_store: Open) -> None:
    store, _ = open_store(
        {
            "GET settings/general": [GENERAL],
            "GET /wp-json/": [answer({"code": "rest_not_logged_in"}, 401)],
            "GET customers": [listed([content("shop_manager_customer_get")], 1, 1)],
        }
    )
    assert store.profile() == StoreProfile(
        "", "IRT", "UTC", "IR", (NEEDS_ADMINISTRATOR, HIDES_INDEX)
    )


def test_the_profile_of_a_revoked_key_is_refused(open_store: Open) -> None:
    store, _ = open_store({"GET settings/general": [recorded("auth_401_bad_key")]})
    with pytest.raises(CredentialsRefused):
        store.profile()


def test_an_order_is_read_with_its_refunds_lines(open_store: Open) -> None:
    store, replay = open_store(
        {
            "GET orders/204": [recorded("order_get_partially_refunded")],
            "GET orders/204/refunds": [recorded("refunds_list")],
        }
    )
    order = store.read("order", "204")
    assert isinstance(order, Order)
    assert order.refunds_are_complete
    assert [(refund.id, refund.amount, refund.allocated) for refund in order.refunds] == [
        ("206", Decimal("35.99"), Decimal("35.99")),
        ("205", Decimal("5.00"), Decimal(0)),
    ]
    assert order.refunds[0].lines == (RefundLine("475", 1, Decimal("35.99")),)
    assert order.refunds[1].lines == ()
    assert replay.calls[1].query["per_page"] == "100"


def test_an_order_without_refunds_takes_one_call(open_store: Open) -> None:
    store, replay = open_store({"GET orders/204": [recorded("order_get")]})
    order = store.read("order", "204")
    assert isinstance(order, Order)
    assert store.complete(order) is order
    assert len(replay.calls) == 1


def test_a_trashed_order_is_read_with_its_status(open_store: Open) -> None:
    store, _ = open_store(
        {
            "GET orders/204": [recorded("order_get_trashed")],
            "GET orders/204/refunds": [recorded("refunds_list")],
        }
    )
    order = store.read("order", "204")
    assert isinstance(order, Order)
    assert order.status == "trash"


def test_what_is_gone_reads_as_none(open_store: Open) -> None:
    store, _ = open_store(
        {
            "GET customers/999999": [recorded("customer_get_404")],
            "GET products/999999": [recorded("product_get_404")],
        }
    )
    assert store.read("customer", "999999") is None
    assert store.read("product", "999999") is None


def test_a_store_without_woocommerce_has_not_lost_its_objects(open_store: Open) -> None:
    store, _ = open_store({"GET orders/1": [recorded("route_404")]})
    with pytest.raises(TemporaryError, match="is WooCommerce active"):
        store.read("order", "1")


def test_an_order_that_went_while_it_was_completed_is_not_found(open_store: Open) -> None:
    gone = answer({"code": "woocommerce_rest_order_invalid_id", "data": {"status": 404}}, 404)
    store, _ = open_store(
        {
            "GET orders/204": [recorded("order_get_partially_refunded")],
            "GET orders/204/refunds": [gone],
        }
    )
    assert store.read("order", "204") is None
    partly = content("order_get_partially_refunded")
    store, _ = open_store(
        {"GET orders": [listed([partly], 1, 1)], "GET orders/204/refunds": [gone]}
    )
    (page,) = store.pages("order")
    (order,) = page.records
    assert isinstance(order, Order)
    with pytest.raises(NotFound):
        store.complete(order)


def test_a_variation_is_read_as_its_parent(open_store: Open) -> None:
    variation = {**content("variation_get"), "catalog_visibility": "visible"}
    store, _ = open_store(
        {
            "GET products/74": [answer(variation)],
            "GET products/73": [recorded("product_variable_get")],
        }
    )
    product = store.read("product", "74")
    assert isinstance(product, Product)
    assert (product.id, product.name) == ("73", "Tee Shirt")


@pytest.mark.parametrize("identifier", ["", "abc", "1/../2", "1?x=1", "-1", "۱"])
def test_an_identifier_that_is_none_is_not_asked_for(open_store: Open, identifier: str) -> None:
    store, replay = open_store({})
    with pytest.raises(ValueError, match="is not an identifier"):
        store.read("order", identifier)
    assert replay.calls == []


def test_categories_and_customers_are_read(open_store: Open) -> None:
    store, _ = open_store(
        {
            "GET products/categories/23": [answer(content("categories_list")[0])],
            "GET customers/2": [recorded("customer_get")],
        }
    )
    assert store.read("category", "23") == Category("23", "Apparel")
    account = store.read("customer", "2")
    assert isinstance(account, Account)
    assert account.name == "Ada Lovelace"


def test_pages_go_by_identifier_to_the_last_one(open_store: Open) -> None:
    first, second, third = content("categories_list")
    store, replay = open_store(
        {"GET products/categories": [listed([first, second], 2, 3), listed([third], 2, 3)]}
    )
    pages = list(store.pages("category"))
    assert [(page.number, page.pages, page.total) for page in pages] == [(1, 2, 3), (2, 2, 3)]
    assert [record.id for page in pages for record in page.records] == ["23", "18", "16"]
    assert [call.query["page"] for call in replay.calls] == ["1", "2"]
    assert replay.calls[0].query["orderby"] == "id"
    assert replay.calls[0].query["order"] == "asc"
    assert replay.calls[0].query["per_page"] == "100"


def test_a_listing_is_taken_up_at_a_page(open_store: Open) -> None:
    store, replay = open_store({"GET orders": [listed([content("order_get")], 7, 601)]})
    (page,) = store.pages("order", first=7)
    assert (page.number, page.pages, page.total) == (7, 7, 601)
    assert [call.query["page"] for call in replay.calls] == ["7"]


def test_an_empty_store_has_one_empty_page(open_store: Open) -> None:
    store, _ = open_store({"GET orders": [recorded("orders_list_beyond_last_page")]})
    (page,) = store.pages("order")
    assert (page.records, page.number, page.pages, page.total) == ((), 1, 0, 0)


def test_a_listing_whose_headers_were_dropped_is_read_to_its_end(open_store: Open) -> None:
    category = content("categories_list")[0]
    full = answer([{**category, "id": number} for number in range(1, 101)])
    store, replay = open_store({"GET products/categories": [full, answer([category])]})
    pages = list(store.pages("category"))
    assert [(page.number, page.pages, page.total) for page in pages] == [(1, 2, 100), (2, 2, 101)]
    assert len(replay.calls) == 2


def test_what_cannot_be_read_is_told_beside_the_rest(open_store: Open) -> None:
    good, bad = content("order_get"), {**content("order_get"), "id": 205, "total": "1e30"}
    store, _ = open_store({"GET orders": [listed([bad, good], 1, 2)]})
    (page,) = store.pages("order")
    assert [record.id for record in page.records] == ["204"]
    ((identifier, reason),) = page.rejected
    assert identifier == "205"
    assert reason.startswith("order: total: ")


def test_polling_asks_in_utc_and_sees_what_was_trashed(open_store: Open) -> None:
    changed, trashed = content("order_get"), content("order_get_trashed")
    moment = datetime(2026, 11, 22, 0, 0, 1, tzinfo=timezone(timedelta(hours=3, minutes=30)))
    store, replay = open_store(
        {
            "GET orders": [
                listed([changed], 2, 101),
                listed([changed], 2, 101),
                listed([trashed], 1, 1),
            ]
        }
    )
    pages = list(store.pages("order", modified_after=moment))
    assert [(call.query["status"], call.query["page"]) for call in replay.calls] == [
        ("any", "1"),
        ("any", "2"),
        ("trash", "1"),
    ]
    # A second earlier, because the store leaves out what was changed in the very second.
    assert {call.query["modified_after"] for call in replay.calls} == {"2026-11-21T20:30:00Z"}
    assert [(page.number, page.pages, page.total) for page in pages] == [
        (1, 2, 101),
        (2, 2, 101),
        (3, 3, 102),
    ]
    assert pages[-1].records[0].id == "204"


def test_polling_is_taken_up_among_the_trashed(open_store: Open) -> None:
    beyond = recorded("orders_list_beyond_last_page")
    store, replay = open_store(
        {"GET orders": [beyond, listed([content("order_get_trashed")], 1, 1)]}
    )
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    pages = list(store.pages("order", first=3, modified_after=moment))
    assert [call.query["status"] for call in replay.calls] == ["any", "trash"]
    assert [page.number for page in pages] == [3, 4]


def test_polling_customers_leaves_out_the_unchanged(open_store: Open) -> None:
    old = content("customer_get")
    new = {**old, "id": 3, "date_modified_gmt": "2026-11-21T22:00:00"}
    never = {**old, "id": 4, "date_modified_gmt": None}
    store, replay = open_store({"GET customers": [listed([old, new, never], 1, 3)]})
    (page,) = store.pages("customer", modified_after=datetime(2026, 11, 21, 21, 59, tzinfo=UTC))
    assert [record.id for record in page.records] == ["3", "4"]
    assert replay.calls[0].query["role"] == "all"
    assert "modified_after" not in replay.calls[0].query


def test_identifiers_are_read_without_the_rest(open_store: Open) -> None:
    store, replay = open_store(
        {"GET orders": [listed([{"id": 1}, {"id": 2}], 2, 3), listed([{"id": 9}], 2, 3)]}
    )
    assert list(store.identifiers("order")) == [("1", "2"), ("9",)]
    assert {call.query["_fields"] for call in replay.calls} == {"id"}
    assert {call.query["status"] for call in replay.calls} == {"any"}


def test_an_object_in_place_of_a_listing_is_temporary(open_store: Open) -> None:
    store, _ = open_store({"GET products": [answer({"id": 1})]})
    with pytest.raises(TemporaryError, match="something else than the list"):
        list(store.pages("product"))
