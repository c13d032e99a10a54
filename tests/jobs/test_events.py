"""What happens in a store, told by its own webhooks, and what the database then holds."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from database.catalogue import published_products
from database.models import Order, Product, Recommendation
from jobs import regroup
from jobs.reconcile import compare_identifiers, reconcile
from sandbox.operations import orders as store_orders
from sandbox.operations import products as store_products
from tests.conftest import Installed
from tests.jobs.conftest import (
    compute,
    install_afresh,
    make_older,
    order_days_ago,
    set_settings,
    settle,
)
from tests.jobs.state import accounts, events, everything, ledger, orders, points, products
from tests.shop import Shop

ADA = "ada@example.test"
GUEST: dict[str, Any] = {"billing": {"email": "Leila@Example.test ", "first_name": "Guest"}}


def the_order(installed: Installed) -> dict[str, Any]:
    with installed.scope() as session:
        (order,) = orders(session).values()
    return order


def balance(installed: Installed) -> dict[str, int]:
    with installed.scope() as session:
        return points(session)


@pytest.fixture
def ada(shop: Shop) -> str:
    """The key of a customer with an account."""
    return f"account:{shop.customer_id(ADA)}"


def test_a_changed_line_replaces_the_lines(installed: Installed, shop: Shop, ada: str) -> None:
    order = shop.order("House Blend Beans", "Green Tea", email=ADA)
    settle(installed)
    first, second = order["line_items"]
    shop.change(
        f"orders/{order['id']}",
        line_items=[
            {"id": first["id"], "quantity": 0},
            {"id": second["id"], "quantity": 3, "total": "36.00"},
        ],
    )
    settle(installed)
    (line,) = the_order(installed)["lines"]
    assert line[2:5] == ("Green Tea", 3, Decimal("36.00"))
    assert balance(installed) == {ada: 36}


def test_an_amount_given_back_is_spread_over_the_order(
    installed: Installed, shop: Shop, ada: str
) -> None:
    order = shop.order("House Blend Beans", "Green Tea", email=ADA)  # 23.00 and 12.00
    shop.create(f"orders/{order['id']}/refunds", amount="7.00")
    settle(installed)
    kept = the_order(installed)
    assert kept["kept_net"] == Decimal("28.00")
    assert [line[6] for line in kept["lines"]] == [Decimal("18.40"), Decimal("9.60")]
    assert balance(installed) == {ada: 28}


def test_a_line_given_back_takes_its_own_points_back(
    installed: Installed, shop: Shop, ada: str
) -> None:
    order = shop.order("House Blend Beans", "Green Tea", email=ADA)
    settle(installed)
    line = order["line_items"][0]
    shop.create(
        f"orders/{order['id']}/refunds",
        amount="23.00",
        line_items=[{"id": line["id"], "quantity": 1, "refund_total": 23}],
    )
    settle(installed)
    assert [(line[2], line[5], line[6]) for line in the_order(installed)["lines"]] == [
        ("House Blend Beans", 0, Decimal(0)),
        ("Green Tea", 1, Decimal("12.00")),
    ]
    assert balance(installed) == {ada: 12}
    with installed.scope() as session:
        assert ledger(session) == [(35, "earned"), (-23, "reversed")]
    assert shop.meta(ADA)["bazgasht_points"] == "12"


def test_refunds_up_to_the_whole_leave_nothing(installed: Installed, shop: Shop) -> None:
    order = shop.order("Green Tea", email=ADA)
    for amount in ("2.50", "9.50"):
        shop.create(f"orders/{order['id']}/refunds", amount=amount)
        settle(installed)
    assert the_order(installed)["status"] == "refunded"
    assert the_order(installed)["kept_net"] == 0
    assert balance(installed) == {}
    assert shop.meta(ADA)["bazgasht_points"] == "0"


def test_a_refund_taken_back_is_found_by_reconciling(
    installed: Installed, shop: Shop, ada: str
) -> None:
    order = shop.order("Green Tea", email=ADA)
    refund = shop.create(f"orders/{order['id']}/refunds", amount="5.00")
    settle(installed)
    assert balance(installed) == {ada: 7}
    shop.delete(f"orders/{order['id']}/refunds/{refund['id']}", force=True)
    settle(installed)
    assert balance(installed) == {ada: 7}
    reconcile(str(installed.id))
    assert the_order(installed)["refunds"] == {}
    assert balance(installed) == {ada: 12}


def test_an_old_refund_taken_back_is_found_by_the_daily_comparison(
    installed: Installed, shop: Shop, ada: str
) -> None:
    installed.sandbox.deliveries.hold()
    order = shop.order("Green Tea", email=ADA)
    refund = shop.create(f"orders/{order['id']}/refunds", amount="5.00")
    make_older(installed, order["id"], 10)
    installed.sandbox.deliveries.release()
    settle(installed)
    shop.delete(f"orders/{order['id']}/refunds/{refund['id']}", force=True)
    settle(installed)
    reconcile(str(installed.id))
    assert balance(installed) == {ada: 7}
    compare_identifiers(str(installed.id))
    assert balance(installed) == {ada: 12}


def test_a_trashed_order_does_not_count_and_counts_again_once_restored(
    installed: Installed, shop: Shop, ada: str
) -> None:
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    shop.delete(f"orders/{order['id']}")
    settle(installed)
    assert the_order(installed)["status"] == "trash"
    assert balance(installed) == {}
    # Taking it out again is not told; the hourly reconciliation sees it.
    shop.change(f"orders/{order['id']}", status="completed")
    settle(installed)
    assert balance(installed) == {}
    reconcile(str(installed.id))
    assert balance(installed) == {ada: 12}


def test_an_order_trashed_twice_in_the_same_words_is_trashed_twice(
    installed: Installed, shop: Shop, ada: str
) -> None:
    order = shop.order("Green Tea", email=ADA)
    for _ in range(2):
        shop.delete(f"orders/{order['id']}")
        settle(installed)
        assert balance(installed) == {}
        shop.change(f"orders/{order['id']}", status="completed")
        shop.change(f"orders/{order['id']}", customer_note="back")
        settle(installed)
        assert balance(installed) == {ada: 12}
    assert len([topic for topic, _, _ in events(installed) if topic == "order.deleted"]) == 1


def test_what_is_taken_out_of_the_trash_by_hand_is_back_at_once(
    installed: Installed, shop: Shop, ada: str
) -> None:
    store = installed.sandbox.store
    order, socks = shop.order("Green Tea", email=ADA), shop.product_id("Socks")
    shop.delete(f"orders/{order['id']}")
    shop.delete(f"products/{socks}")
    settle(installed)
    assert balance(installed) == {}
    assert str(socks) not in published(installed)
    store_orders.restore(store, store.orders[order["id"]])
    store_products.restore(store, store.products[socks])
    settle(installed)
    assert balance(installed) == {ada: 12}
    assert str(socks) in published(installed)


def published(installed: Installed) -> set[str]:
    with installed.scope() as session:
        return published_products(session)


def test_an_order_deleted_for_good_is_found_by_the_daily_comparison(
    installed: Installed, shop: Shop
) -> None:
    order = shop.order("Green Tea", email=ADA)
    kept = shop.order("Earl Grey", **GUEST)
    settle(installed)
    shop.delete(f"orders/{order['id']}", force=True)
    settle(installed)
    reconcile(str(installed.id))
    assert len(balance(installed)) == 2
    compare_identifiers(str(installed.id))
    assert balance(installed) == {"email:leila@example.test": 13}
    with installed.scope() as session:
        assert set(orders(session)) == {str(kept["id"])}
        gone = session.scalars(select(Order).where(Order.gone)).one()
        assert (gone.external_id, gone.status) == (str(order["id"]), "gone")
    assert shop.meta(ADA)["bazgasht_points"] == "12"
    settle(installed)
    compute(installed)
    assert shop.meta(ADA)["bazgasht_points"] == "0"


def test_an_order_deleted_before_it_was_told_is_looked_for_at_once(
    installed: Installed, shop: Shop
) -> None:
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    installed.sandbox.deliveries.hold()
    shop.change(f"orders/{order['id']}", customer_note="soon gone")
    shop.delete(f"orders/{order['id']}", force=True)
    installed.sandbox.deliveries.release()
    settle(installed)
    assert balance(installed) == {}
    assert {state for _, state, _ in events(installed)} == {"handled"}


@pytest.mark.parametrize("status", ["cancelled", "failed", "on-hold"])
def test_an_order_that_comes_to_nothing_earns_nothing(
    installed: Installed, shop: Shop, status: str
) -> None:
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    shop.change(f"orders/{order['id']}", status=status)
    settle(installed)
    assert the_order(installed)["status"] == status
    assert balance(installed) == {}


def test_what_counts_as_a_purchase_is_a_setting(installed: Installed, shop: Shop, ada: str) -> None:
    set_settings(installed, purchase_statuses=["on-hold"])
    order = shop.order("Green Tea", email=ADA)
    settle(installed)
    assert balance(installed) == {}
    shop.change(f"orders/{order['id']}", status="on-hold")
    settle(installed)
    assert balance(installed) == {ada: 12}


def recommended_to(installed: Installed, product: int) -> list[str]:
    with installed.scope() as session:
        numbers = {row.id: row.external_id for row in session.scalars(select(Product))}
        own = next(n for n, identifier in numbers.items() if identifier == str(product))
        rows = session.scalars(
            select(Recommendation)
            .where(Recommendation.product_id == own)
            .order_by(Recommendation.rank)
        )
        return [numbers[row.other_id] for row in rows]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "private"},
        {"catalog_visibility": "hidden"},
        {"manage_stock": True, "stock_quantity": 0},
    ],
)
def test_a_product_that_cannot_be_bought_leaves_every_list(
    installed: Installed, shop: Shop, change: dict[str, Any]
) -> None:
    beans, filters = shop.product_id("House Blend Beans"), shop.product_id("Paper Filters")
    for email in (ADA, "sara@example.test", "reza@example.test"):
        shop.order("House Blend Beans", "Paper Filters", email=email)
    settle(installed)
    compute(installed)
    assert filters in shop.cross_sells("House Blend Beans")
    shop.change(f"products/{filters}", **change)
    settle(installed)
    compute(installed)
    assert str(filters) not in recommended_to(installed, beans)
    assert filters not in shop.cross_sells("House Blend Beans")


@pytest.mark.parametrize("force", [False, True])
def test_a_deleted_product_leaves_every_list(installed: Installed, shop: Shop, force: bool) -> None:
    filters = shop.product_id("Paper Filters")
    for email in (ADA, "sara@example.test"):
        shop.order("House Blend Beans", "Paper Filters", email=email)
    settle(installed)
    compute(installed)
    assert filters in shop.cross_sells("House Blend Beans")
    shop.delete(f"products/{filters}", force=force)
    settle(installed)
    if force:
        compare_identifiers(str(installed.id))
    compute(installed)
    assert filters not in shop.cross_sells("House Blend Beans")
    with installed.scope() as session:
        assert len(orders(session)) == 2


def test_when_nothing_is_recommended_any_more_the_list_is_taken_back(
    installed: Installed, shop: Shop
) -> None:
    shop.order("House Blend Beans", "Paper Filters", email=ADA)
    settle(installed)
    compute(installed)
    assert shop.cross_sells("Beanie") != []
    for product in shop.get("products", per_page=100):
        if product["name"] != "Beanie":
            shop.change(f"products/{product['id']}", status="draft")
    settle(installed)
    compute(installed)
    assert shop.cross_sells("Beanie") == []


def test_a_category_nobody_is_expected_in_is_taken_from_the_account(
    installed: Installed, shop: Shop
) -> None:
    order_days_ago(installed, 2, "House Blend Beans", email=ADA)
    order = order_days_ago(installed, 1, "Green Tea", email=ADA)
    settle(installed)
    compute(installed)
    assert shop.meta(ADA)["bazgasht_second_purchase_category"] == "Tea"
    shop.create(f"orders/{order['id']}/refunds", amount="12.00")
    settle(installed)
    compute(installed)
    assert "bazgasht_second_purchase_category" not in shop.meta(ADA)


def test_a_changed_variation_is_read_as_its_product(installed: Installed, shop: Shop) -> None:
    shirt = shop.product_id("Tee Shirt")
    variation = shop.get(f"products/{shirt}/variations")[0]["id"]
    shop.change(f"products/{shirt}", name="Tee Shirt, new")
    shop.change(f"products/{shirt}/variations/{variation}", regular_price="30.00")
    settle(installed)
    with installed.scope() as session:
        known = products(session)
    assert known[str(shirt)][0] == "Tee Shirt, new"
    assert str(variation) not in known
    assert {state for _, state, _ in events(installed)} == {"handled"}


def test_a_bought_variation_counts_as_its_product(installed: Installed, shop: Shop) -> None:
    shirt = shop.product_id("Tee Shirt")
    variation = shop.get(f"products/{shirt}/variations")[0]["id"]
    shop.create(
        "orders",
        set_paid=True,
        line_items=[{"product_id": shirt, "variation_id": variation, "quantity": 2}],
        **GUEST,
    )
    settle(installed)
    (line,) = the_order(installed)["lines"]
    assert line[1] == str(shirt)


def test_a_product_in_a_new_category_brings_the_category(installed: Installed, shop: Shop) -> None:
    category = shop.create("products/categories", name="Gifts 🎁")["id"]
    shop.change(f"products/{shop.product_id('Beanie')}", categories=[{"id": category}])
    order_days_ago(installed, 1, "Green Tea", email=ADA)
    shop.order("Beanie", email=ADA)
    settle(installed)
    compute(installed)
    assert shop.meta(ADA)["bazgasht_second_purchase_category"] == "Gifts 🎁"


def test_a_renamed_category_is_found_by_reconciling(installed: Installed, shop: Shop) -> None:
    order_days_ago(installed, 1, "Green Tea", email=ADA)
    shop.order("Beanie", email=ADA)
    settle(installed)
    compute(installed)
    assert shop.meta(ADA)["bazgasht_second_purchase_category"] == "Clothing"
    for category in installed.sandbox.store.categories.values():
        category.name = category.name.replace("Clothing", "Wear")
    reconcile(str(installed.id))
    compute(installed)
    assert shop.meta(ADA)["bazgasht_second_purchase_category"] == "Wear"


def test_a_trashed_coupon_is_no_product(installed: Installed, shop: Shop) -> None:
    with installed.scope() as session:
        before = products(session)
    store = installed.sandbox.store
    with store.lock:
        store.fire("product.deleted", 987_654)
    settle(installed)
    with installed.scope() as session:
        assert products(session) == before


def test_a_guest_who_opens_an_account_is_one_customer(installed: Installed, shop: Shop) -> None:
    shop.order("Green Tea", **GUEST)
    shop.order("Earl Grey", **GUEST)
    settle(installed)
    assert balance(installed) == {"email:leila@example.test": 25}
    account = shop.create("customers", email="leila@example.test")["id"]
    settle(installed)
    assert balance(installed) == {f"account:{account}": 25}
    with installed.scope() as session:
        assert {o["owner"] for o in orders(session).values()} == {f"account:{account}"}
        assert ledger(session)[2:] == [(-12, "moved"), (12, "moved"), (-13, "moved"), (13, "moved")]
    assert shop.meta("leila@example.test")["bazgasht_points"] == "25"
    shop.order("Green Tea", **GUEST)
    settle(installed)
    assert balance(installed) == {f"account:{account}": 37}


def test_an_account_with_another_address_leaves_the_guests_orders(
    installed: Installed, shop: Shop
) -> None:
    shop.order("Green Tea", **GUEST)
    account = shop.create("customers", email="leila@example.test")["id"]
    shop.order("Earl Grey", email="leila@example.test")
    settle(installed)
    assert balance(installed) == {f"account:{account}": 25}
    shop.change(f"customers/{account}", email="other@example.test")
    settle(installed)
    assert balance(installed) == {f"account:{account}": 13, "email:leila@example.test": 12}
    assert shop.meta("other@example.test")["bazgasht_points"] == "13"


def test_the_orders_of_a_deleted_account_are_a_guests(installed: Installed, shop: Shop) -> None:
    account = shop.customer_id(ADA)
    shop.order("Green Tea", email=ADA, billing={"email": ADA})
    shop.order("Earl Grey", email=ADA)
    settle(installed)
    assert balance(installed) == {f"account:{account}": 25}
    shop.delete(f"customers/{account}", force=True)
    settle(installed)
    with installed.scope() as session:
        assert [(o["account_id"], o["owner"]) for o in orders(session).values()] == [
            (None, f"email:{ADA}"),
            (None, None),
        ]
        assert str(account) not in accounts(session)
    assert balance(installed) == {f"email:{ADA}": 12}


IRAN = {"country": "IR"}


def test_a_guest_in_iran_is_known_by_the_mobile_number(opened: Any) -> None:
    installed = opened("IRT")
    set_settings(installed, guest_identity="phone", points_per_amount="10000")
    shop = Shop(installed.sandbox)
    for phone in ("۰۹۱۲ ۳۴۵ ۶۷۸۰", "+98 912 345 6780", "٠٩١٢٣٤٥٦٧٨٠", "9123456780"):
        shop.order("Green Tea", billing={"phone": phone, "email": f"{len(phone)}@x.test", **IRAN})
    settle(installed)
    assert balance(installed) == {"phone:+989123456780": 4 * 120}
    with installed.scope() as session:
        assert {o["owner"] for o in orders(session).values()} == {"phone:+989123456780"}


def test_of_two_accounts_that_share_a_phone_the_older_one_gets_the_guests_orders(
    installed: Installed, shop: Shop
) -> None:
    set_settings(installed, guest_identity="phone")
    phone: dict[str, Any] = {"billing": {"phone": "+989123456780", **IRAN}}
    shop.order("Green Tea", **phone)
    settle(installed)
    first = shop.create("customers", email="first@example.test", **phone)["id"]
    second = shop.create("customers", email="second@example.test", **phone)["id"]
    settle(installed)
    assert balance(installed) == {f"account:{first}": 12}
    shop.order("Earl Grey", **phone)
    settle(installed)
    assert balance(installed) == {f"account:{first}": 25}
    shop.delete(f"customers/{first}", force=True)
    settle(installed)
    assert balance(installed) == {f"account:{second}": 25}


def test_guests_are_known_anew_when_the_setting_changes(
    installed: Installed, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regroup, "PORTION", 2)
    phone = "+989123456780"
    for name in ("one", "two", "three"):
        shop.order("Green Tea", billing={"email": f"{name}@x.test", "phone": phone, **IRAN})
    shop.order("Earl Grey", billing={"email": "four@x.test"})
    settle(installed)
    by_email = {f"email:{name}@x.test": 12 for name in ("one", "two", "three")}
    assert balance(installed) == {**by_email, "email:four@x.test": 13}
    set_settings(installed, guest_identity="phone")
    compare_identifiers(str(installed.id))
    assert balance(installed) == {f"phone:{phone}": 36, "email:four@x.test": 13}
    set_settings(installed, guest_identity="email")
    compare_identifiers(str(installed.id))
    assert balance(installed) == {**by_email, "email:four@x.test": 13}
    assert regroup.regroup_guests(installed.context, installed.store) == 0


def test_an_order_without_any_identity_is_nobodys(installed: Installed, shop: Shop) -> None:
    shop.order("Green Tea", billing={"email": "noemail@noemail.com", "phone": "123"})
    settle(installed)
    order = the_order(installed)
    assert (order["owner"], order["kept_net"]) == (None, Decimal("12.00"))
    assert balance(installed) == {}


def test_after_all_of_it_a_fresh_installation_finds_the_same(
    installed: Installed, shop: Shop
) -> None:
    a_busy_day(installed, shop)
    settle(installed)
    reconcile(str(installed.id))
    compare_identifiers(str(installed.id))
    settle(installed)
    assert {state for _, state, _ in events(installed)} == {"handled"}
    assert everything(install_afresh(installed)) == everything(installed)


def a_busy_day(installed: Installed, shop: Shop) -> None:
    """Orders, refunds, accounts and products that come, change and go."""
    guest = shop.order("Green Tea", "Earl Grey", **GUEST)
    paid = shop.order("House Blend Beans", "Green Tea", email=ADA, billing={"email": ADA})
    settle(installed)
    refund = shop.create(f"orders/{paid['id']}/refunds", amount="3.33")
    line = guest["line_items"][0]
    shop.create(
        f"orders/{guest['id']}/refunds",
        amount="6.00",
        line_items=[{"id": line["id"], "quantity": 0, "refund_total": 6}],
    )
    shop.create("customers", email="leila@example.test", first_name="G")
    settle(installed)
    trashed = shop.order("Socks", email="reza@example.test")
    deleted = shop.order("Beanie", email="reza@example.test")
    shop.delete(f"orders/{paid['id']}/refunds/{refund['id']}", force=True)
    shop.delete(f"orders/{trashed['id']}")
    settle(installed)
    shop.delete(f"orders/{deleted['id']}", force=True)
    shop.change(f"orders/{trashed['id']}", status="processing")
    shop.delete(f"customers/{shop.customer_id(ADA)}", force=True)
    shop.change(f"products/{shop.product_id('Socks')}", status="draft", name="Socks, old")
    shop.delete(f"products/{shop.product_id('French Press')}")
    shop.delete(f"products/{shop.product_id('Tea Pot & Cup')}", force=True)
    cancelled = shop.order("Decaf Beans", "Espresso Roast", email="smile@example.test")
    shop.change(f"orders/{cancelled['id']}", status="cancelled")
    with installed.sandbox.store.lock:
        held = installed.sandbox.store.orders[cancelled["id"]]
        store_orders.changed(installed.sandbox.store, held, None)
