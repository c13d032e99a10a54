"""Points on a store's orders: exact sums, in Tomans, and what a change of settings changes."""

from typing import Any

import pytest

from tests.conftest import Installed
from tests.jobs.conftest import Opened, order_days_ago, set_settings, settle
from tests.jobs.state import ledger, points
from tests.shop import Shop

SARA = "sara@example.test"


def entries(installed: Installed) -> list[tuple[int, str]]:
    with installed.scope() as session:
        return ledger(session)


def balance(installed: Installed) -> dict[str, int]:
    with installed.scope() as session:
        return points(session)


@pytest.fixture
def toman(opened: Opened) -> Installed:
    """A store in Toman that gives a point for each 10,000."""
    installed = opened("IRT")
    set_settings(installed, points_per_amount="10000")
    return installed


def test_a_point_for_each_ten_thousand_tomans(toman: Installed) -> None:
    shop = Shop(toman.sandbox)
    shop.order("House Blend Beans", "Green Tea", email=SARA)  # 2,300,000 and 1,200,000
    settle(toman)
    assert entries(toman) == [(350, "earned")]
    assert shop.meta(SARA)["bazgasht_points"] == "350"


def test_a_rest_below_ten_thousand_is_rounded_down_once_an_order(toman: Installed) -> None:
    shop = Shop(toman.sandbox)
    green = shop.product_id("Green Tea")
    lines = [{"product_id": green, "quantity": 1, "total": "9999"} for _ in range(3)]
    order = shop.create(
        "orders", set_paid=True, customer_id=shop.customer_id(SARA), line_items=lines
    )
    settle(toman)
    assert entries(toman) == [(2, "earned")]  # 29,997
    shop.create(f"orders/{order['id']}/refunds", amount="9998")
    settle(toman)
    assert entries(toman) == [(2, "earned"), (-1, "reversed")]  # 19,999
    shop.create(f"orders/{order['id']}/refunds", amount="9999")
    settle(toman)
    assert balance(toman) == {f"account:{shop.customer_id(SARA)}": 1}  # 10,000


def test_rials_count_as_the_tomans_they_are(toman: Installed) -> None:
    shop = Shop(toman.sandbox)
    shop.order("Green Tea", email=SARA, currency="IRR")
    settle(toman)
    assert entries(toman) == [(12, "earned")]


def test_shipping_earns_nothing(installed: Installed, shop: Shop) -> None:
    shop.order(
        "Green Tea", email=SARA, shipping_lines=[{"method_id": "flat_rate", "total": "50.00"}]
    )
    settle(installed)
    assert entries(installed) == [(12, "earned")]


def test_an_order_keeps_the_rule_it_was_paid_under(installed: Installed, shop: Shop) -> None:
    order = shop.order("Green Tea", "Earl Grey", email=SARA)  # 12.00 and 13.50
    settle(installed)
    set_settings(installed, points_earned=10)
    shop.create(f"orders/{order['id']}/refunds", amount="12.00")
    settle(installed)
    shop.order("Green Tea", email=SARA)
    settle(installed)
    assert entries(installed) == [(25, "earned"), (-12, "reversed"), (120, "earned")]


@pytest.mark.parametrize("settings", [{"points_enabled": False}, {"points_per_amount": "1000"}])
def test_an_order_that_earned_nothing_is_settled_by_the_rule_of_its_next_change(
    installed: Installed, shop: Shop, settings: dict[str, Any]
) -> None:
    set_settings(installed, **settings)
    order = order_days_ago(installed, 1, "Green Tea", email=SARA)
    settle(installed)
    assert entries(installed) == []
    set_settings(installed, points_enabled=True, points_per_amount="1")
    shop.change(f"orders/{order['id']}", customer_note="a change")
    settle(installed)
    assert entries(installed) == [(12, "earned")]


def test_points_that_were_earned_stay_when_giving_them_ends(
    installed: Installed, shop: Shop
) -> None:
    order = order_days_ago(installed, 1, "Green Tea", email=SARA)
    settle(installed)
    set_settings(installed, points_enabled=False)
    shop.change(f"orders/{order['id']}", customer_note="a change")
    shop.order("Earl Grey", email=SARA)
    settle(installed)
    assert entries(installed) == [(12, "earned")]
    shop.change(f"orders/{order['id']}", status="cancelled")
    settle(installed)
    assert entries(installed) == [(12, "earned"), (-12, "reversed")]


def test_many_orders_add_up_exactly(installed: Installed, shop: Shop) -> None:
    sara, reza = shop.customer_id(SARA), shop.customer_id("reza@example.test")
    green = shop.product_id("Green Tea")
    for cents in range(150, 190):
        shop.create(
            "orders",
            set_paid=True,
            customer_id=sara if cents % 2 else reza,
            line_items=[{"product_id": green, "quantity": 1, "total": f"{cents / 10:.2f}"}],
        )
    settle(installed)
    # 15.0 to 18.9 in tenths, each rounded down by itself: five odd and five even of each ten.
    assert balance(installed) == {f"account:{who}": 5 * (15 + 16 + 17 + 18) for who in (sara, reza)}
    assert shop.meta(SARA)["bazgasht_points"] == "330"
