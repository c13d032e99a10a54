"""What the REST API keeps and gives back, in values."""

import re
from typing import Any

import pytest

from sandbox.server import RunningStore
from sandbox.small import small_store
from tests.sandbox.client import Client
from tests.sandbox.recorded_store import give_back
from tests.sandbox.recordings import rest


def post_order(api: Client, **body: Any) -> Any:
    response = api.post("orders", body)
    assert response.status_code == 201
    return response.json()


def test_amounts_of_an_order(api: Client) -> None:
    order = api.get("orders/204").json()
    recorded = rest("order_get")["response"]["body"]
    for name in ("discount_total", "discount_tax", "shipping_total", "cart_tax", "total"):
        assert f'"{name}":"{order[name]}"' in recorded
    assert [line["price"] for line in order["line_items"]] == [35.99, 20.7, 22.5]
    assert [line["total_tax"] for line in order["line_items"]] == ["3.06", "3.52", "1.91"]


def test_unknown_product_makes_an_empty_line(api: Client) -> None:
    order = post_order(api, line_items=[{"product_id": 999999, "quantity": 3}])
    line = order["line_items"][0]
    assert (line["product_id"], line["name"], line["quantity"]) == (0, "", 3)
    assert (line["total"], line["price"], order["total"]) == ("0.00", 0, "0.00")


def test_given_totals_are_kept(api: Client) -> None:
    item = {"product_id": 71, "quantity": 2, "subtotal": "5.00", "total": "4.00"}
    order = post_order(api, line_items=[item], currency="EUR")
    assert (order["discount_total"], order["total"]) == ("1.00", "4.34")
    assert (order["currency"], order["currency_symbol"]) == ("EUR", "€")


@pytest.mark.parametrize(
    ("body", "status", "is_paid"),
    [
        ({"set_paid": True, "payment_method": "cod"}, "completed", True),
        ({"set_paid": True, "payment_method": "bacs"}, "processing", True),
        ({"status": "processing"}, "processing", True),
        ({"status": "on-hold"}, "on-hold", False),
        ({}, "pending", False),
    ],
)
def test_payment(api: Client, body: dict[str, Any], status: str, is_paid: bool) -> None:
    order = post_order(api, line_items=[{"product_id": 71}], **body)
    assert (order["status"], order["date_paid"] is not None) == (status, is_paid)


def test_order_lines_can_be_changed_added_and_removed(api: Client) -> None:
    order = post_order(api, line_items=[{"product_id": 71}, {"product_id": 72}])
    first, second = (line["id"] for line in order["line_items"])
    changes = [
        {"id": first, "quantity": 2, "total": "5.00"},
        {"id": second, "quantity": 0},
        {"product_id": 70},
    ]
    lines = api.put(f"orders/{order['id']}", {"line_items": changes}).json()["line_items"]
    assert [(line["product_id"], line["quantity"], line["total"]) for line in lines] == [
        (71, 2, "5.00"),
        (70, 1, "12.00"),
    ]
    unknown = api.put(f"orders/{order['id']}", {"line_items": [{"id": 1, "quantity": 2}]})
    assert unknown.json()["code"] == "woocommerce_rest_invalid_item_id"


def test_refused_change_leaves_the_order_as_it_was(api: Client) -> None:
    before = api.get("orders/204").json()
    body = {"customer_note": "x", "line_items": [{"id": 1, "quantity": 2}]}
    assert api.put("orders/204", body).status_code == 400
    assert api.get("orders/204").json() == before


def test_refunds_leave_the_total_and_end_in_refunded(recorded: RunningStore, api: Client) -> None:
    give_back(recorded.store, 500, 3599, 7239)
    order = api.get("orders/204").json()
    assert (order["total"], order["status"]) == ("113.38", "refunded")
    assert [refund["total"] for refund in order["refunds"]] == ["-72.39", "-35.99", "-5.00"]
    line = api.get("orders/204/refunds/206").json()["line_items"][0]
    assert (line["quantity"], line["total"], line["price"]) == (-1, "-35.99", 35.99)
    assert api.delete("orders/204/refunds/206").status_code == 501


def test_trashed_order_is_hidden_and_not_trashed_twice(api: Client) -> None:
    api.delete("orders/204")
    assert [order["id"] for order in api.get("orders").json()] == [209]
    assert [order["id"] for order in api.get("orders", status="trash").json()] == [204]
    assert api.delete("orders/204").status_code == 410
    assert api.delete("orders/204", force="true").status_code == 200
    gone = api.get("orders/204")
    assert (gone.status_code, gone.json()["code"]) == (
        404,
        "woocommerce_rest_shop_order_invalid_id",
    )


@pytest.fixture
def many(small: RunningStore) -> Client:
    """Twelve orders of a guest and of customer 2."""
    api = Client(small.url, small.new_key())
    for number in range(12):
        api.post("orders", {"customer_id": 2 * (number % 2), "status": "completed"})
    for place, order in enumerate(small.store.orders.values()):
        order.created = order.modified = 1_500_000_000 + 60 * place
    small.store.orders_version += 1
    return api


def test_pages_have_totals_and_links(many: Client) -> None:
    response = many.get("orders", per_page=5, page=2, orderby="id", order="asc")
    first_id = response.json()[0]["id"] - 5
    assert [order["id"] for order in response.json()] == list(range(first_id + 5, first_id + 10))
    assert (response.headers["X-WP-Total"], response.headers["X-WP-TotalPages"]) == ("12", "3")
    assert re.findall(r"[?&]page=(\d+)[^>]*>; rel=\"(\w+)\"", response.headers["Link"]) == [
        ("1", "prev"),
        ("3", "next"),
    ]
    beyond = many.get("orders", per_page=5, page=9)
    assert (beyond.json(), beyond.headers["X-WP-Total"]) == ([], "0")
    many.close()


def test_newest_come_first(many: Client) -> None:
    dates = [order["date_created"] for order in many.get("orders", per_page=12).json()]
    assert dates == sorted(dates, reverse=True)
    many.close()


def test_filters(many: Client) -> None:
    guests = many.get("orders", customer=0, per_page=100, _fields="id,customer_id").json()
    assert [set(order) for order in guests] == [{"id", "customer_id"}] * 6
    assert {order["customer_id"] for order in guests} == {0}
    ids = [order["id"] for order in guests][:2]
    included = many.get("orders", include=",".join(map(str, ids)), orderby="include").json()
    assert [order["id"] for order in included] == ids
    left = many.get("orders", exclude=str(ids[0]), per_page=100).json()
    assert len(left) == 11
    assert many.get("orders", status="pending,failed").json() == []
    many.close()


@pytest.mark.parametrize(
    ("query", "count"),
    [
        # Tehran was 4:30 ahead of UTC; 1_500_000_000 is 07:10 there and 02:40 in UTC.
        ({"modified_after": "2017-07-14T07:15:00"}, 6),
        ({"modified_after": "2017-07-14T02:45:00", "dates_are_gmt": "true"}, 6),
        ({"modified_after": "2017-07-14T02:45:00Z"}, 6),
        ({"modified_before": "2017-07-14T07:15:00"}, 5),
        ({"after": "2017-07-14T07:15:00", "before": "2017-07-14T07:17:00"}, 1),
    ],
)
def test_dates_without_a_zone_are_on_the_stores_clock(query: dict[str, str], count: int) -> None:
    with RunningStore(small_store("IRT", "Asia/Tehran")) as running:
        api = Client(running.url, running.new_key())
        for _number in range(12):
            api.post("orders", {})
        for place, order in enumerate(running.store.orders.values()):
            order.created = order.modified = 1_500_000_000 + 60 * place
        running.store.orders_version += 1
        found = api.call("GET", "orders", query={**query, "per_page": 100})
        api.close()
    assert len(found.json()) == count
    assert found.headers["X-WP-Total"] == str(count)


def test_bad_parameters_are_named(api: Client) -> None:
    for query in ({"modified_after": "yesterday"}, {"orderby": "size"}, {"page": 0}):
        response = api.call("GET", "orders", query=query)
        assert response.status_code == 400
        assert list(response.json()["data"]["params"]) == list(query)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ([72, 68], [72, 68]),
        ([70, 70, 71, 999999], [70, 70, 71, 999999]),
        ([-5, 0, "70"], [70]),
        ([], []),
        (None, []),
    ],
)
def test_cross_sells(api: Client, sent: Any, kept: list[int]) -> None:
    api.put("products/71", {"cross_sell_ids": [66]})
    assert api.put("products/71", {"cross_sell_ids": sent}).json()["cross_sell_ids"] == kept


@pytest.mark.parametrize(
    ("sent", "kept"), [("x", []), (["abc", 70], {"1": 70}), ([70, "abc"], [70]), ([71], [71])]
)
def test_batch_skips_validation(api: Client, sent: Any, kept: Any) -> None:
    body = {"update": [{"id": 71, "cross_sell_ids": sent}]}
    assert api.post("products/batch", body).json()["update"][0]["cross_sell_ids"] == kept


def test_batch_slots(api: Client) -> None:
    body = {
        "create": [{"email": "nope"}],
        "update": [{"id": 2, "first_name": "Z"}, {"id": 999999}],
        "delete": [15],
    }
    answered = api.post("customers/batch", body).json()
    assert answered["create"] == [
        {
            "id": 0,
            "error": {
                "code": "customer_invalid_email",
                "message": "Invalid email address",
                "data": {"status": 400},
            },
        }
    ]
    assert answered["update"][0]["first_name"] == "Z"
    assert answered["update"][1]["error"]["code"] == "wc_user_invalid_id"
    assert answered["delete"][0]["id"] == 15
    assert api.get("customers/15").status_code == 404


def meta_of(api: Client) -> dict[str, Any]:
    rows = api.get("customers/2").json()["meta_data"]
    assert len({row["key"] for row in rows}) == len(rows)
    return {row["key"]: row["value"] for row in rows}


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("points", "10", {"points": "10"}),
        ("points", 10, {"points": "10"}),
        ("flag", True, {"flag": "1"}),
        ("empty", {}, {"empty": []}),
        ("loyalty", {"a": [1, 2], "b": None}, {"loyalty": {"a": [1, 2], "b": None}}),
        ("_points", "10", {}),
        ("wp_loyalty", "1", {}),
        ("session_tokens", "x", {}),
        ("k" * 256, "x", {}),
        ("k" * 255, "x", {"k" * 255: "x"}),
        ("billing_city", "Shiraz", {}),
        ("none", None, {}),
    ],
)
def test_customer_meta(api: Client, key: str, value: Any, kept: dict[str, Any]) -> None:
    assert api.put("customers/2", {"meta_data": [{"key": key, "value": value}]}).ok
    assert meta_of(api) == kept
    if key == "billing_city":
        assert api.get("customers/2").json()["billing"]["city"] == "Shiraz"


def test_customer_meta_is_replaced_and_deleted_by_null(api: Client) -> None:
    for value, kept in (("1", {"points": "1"}), ("2", {"points": "2"}), (None, {})):
        api.put("customers/2", {"meta_data": [{"key": "points", "value": value}]})
        assert meta_of(api) == kept


def test_hidden_wp_rows_are_added_each_time(recorded: RunningStore, api: Client) -> None:
    for _time in range(2):
        api.put("customers/2", {"meta_data": [{"key": "wp_loyalty", "value": "1"}]})
    keys = [row.key for row in recorded.store.customers[2].meta]
    assert keys == ["wp_loyalty", "wp_loyalty"]


def test_shop_manager_writes_meta_but_sees_none(recorded: RunningStore, api: Client) -> None:
    manager = Client(recorded.url, recorded.new_key("shop_manager"))
    change = {"meta_data": [{"key": "sm", "value": "1"}]}
    assert "meta_data" not in manager.put("customers/2", change).json()
    assert manager.delete("customers/2", force="true").status_code == 403
    manager.close()
    assert meta_of(api) == {"sm": "1"}


def test_order_meta_shows_protected_keys(api: Client) -> None:
    change = {"meta_data": [{"key": "_points", "value": 5}]}
    rows = api.put("orders/209", change).json()["meta_data"]
    assert [(row["key"], row["value"]) for row in rows] == [("_points", "5")]


def test_customers_by_email_and_role(recorded: RunningStore, api: Client) -> None:
    assert [c["id"] for c in api.get("customers", email="C01@example.test").json()] == [2]
    assert api.get("customers").headers["X-WP-Total"] == "3"
    assert api.get("customers", role="all").headers["X-WP-Total"] == "4"
    assert api.get("customers", email="nobody@example.test").json() == []


def test_closed_account_leaves_guest_orders(api: Client) -> None:
    api.delete("customers/14", force="true")
    assert api.get("orders/204").json()["customer_id"] == 0


def test_products_are_found_by_category_search_and_dates(small: RunningStore) -> None:
    api = Client(small.url, small.new_key())
    categories = {c["name"]: c for c in api.get("products/categories", per_page=100).json()}
    assert categories["Coffee"]["parent"] == categories["Drinks"]["id"]
    tea = api.get("products", category=categories["Tea"]["id"], orderby="title", order="asc")
    assert [product["name"] for product in tea.json()] == [
        "Earl Grey",
        "Green Tea",
        "Tea Pot & Cup",
        "چای ایرانی",
    ]
    assert [product["name"] for product in api.get("products", search="beanie").json()] == [
        "Beanie"
    ]
    api.put(f"products/{tea.json()[0]['id']}", {"regular_price": "9.00"})
    changed = api.get("products", modified_after="2024-01-01T00:00:00Z").json()
    assert [product["price"] for product in changed] == ["9.00"]
    api.close()


def test_variations_belong_to_their_parent(api: Client) -> None:
    created = api.post(
        "products/73/variations",
        {"regular_price": "27.00", "attributes": [{"name": "Size", "option": "XL"}]},
    )
    variation = created.json()
    assert (created.status_code, variation["name"], variation["parent_id"]) == (201, "XL", 73)
    assert api.get("products/73").json()["variations"] == [74, 75, 76, variation["id"]]
    listed = api.get("products", per_page=100).json()
    assert variation["id"] not in {product["id"] for product in listed}
    deleted = api.delete(f"products/73/variations/{variation['id']}", force="true")
    assert deleted.status_code == 200
    assert api.get("products/73").json()["variations"] == [74, 75, 76]


def test_store_settings_and_root(small: RunningStore) -> None:
    api = Client(small.url, small.new_key())
    settings = {s["id"]: s["value"] for s in api.get("settings/general").json()}
    assert settings["woocommerce_currency"] == "USD"
    one = api.get("settings/general/woocommerce_price_num_decimals").json()
    assert one["value"] == "2"
    assert api.get("system_status").json()["environment"]["version"] == "11.0.1"
    root = api.session.get(f"{small.url}/wp-json/", timeout=10).json()
    assert (root["timezone_string"], root["gmt_offset"], root["home"]) == ("UTC", 0, small.url)
    assert "wc/v3" in root["namespaces"]
    api.close()


def test_toman_has_no_decimals() -> None:
    with RunningStore(small_store("IRT", "Asia/Tehran")) as running:
        api = Client(running.url, running.new_key())
        sku = api.get("products", sku="COF-1").json()[0]
        order = post_order(api, line_items=[{"product_id": sku["id"], "quantity": 2}])
        root = api.session.get(f"{running.url}/wp-json/", timeout=10).json()
        api.close()
    assert (sku["price"], order["total"]) == ("2300000", "4600000")
    assert (order["currency"], order["line_items"][0]["price"]) == ("IRT", 2300000)
    assert root["gmt_offset"] == 3.5
