"""What orders earn by periods, tiers, caps, credit and delivery, from the store to the ledger."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jdatetime
import pytest
from sqlalchemy import Engine, select

from database.models import PointEntry, PointLot
from jobs.points import advance
from jobs.verification import verify
from sandbox import clock
from sandbox.operations.orders import new_line
from sandbox.shopify.operations import Terms
from tests.conftest import Installed
from tests.jobs.conftest import pay, set_settings, settle
from tests.jobs.state import ledger
from tests.jobs.test_ledger import SARA, entries, later, written
from tests.merchant import Merchant
from tests.shop import Shop

BEANS, TEA, GREY = "House Blend Beans", "Green Tea", "Earl Grey"  # 23, 12 and 13.50


def rules(store: Installed | Merchant) -> list[dict[str, Any]]:
    """The rules copied into the lots, in the sequence in which they first gave points."""
    with store.scope() as session:
        rows = session.execute(
            select(PointLot.rule)
            .join(PointEntry, PointEntry.reference == PointLot.reference + ":1")
            .order_by(PointEntry.number)
        )
        return [json.loads(row.rule) for row in rows]


def given(store: Installed | Merchant) -> dict[str, int]:
    """What each order gives by now."""
    with store.scope() as session:
        rows = session.execute(select(PointLot.order_id, PointLot.granted)).all()
    return {str(order): points for order, points in rows}


def agrees(store: Installed | Merchant) -> bool:
    return verify(store.context, store.id).problems == []


def days_ago(days: int) -> date:
    """The day in the zone of the pretend stores, which is UTC."""
    return (datetime.now(UTC) - timedelta(days=days)).date()


def refund(installed: Installed, order: Any, amount: str) -> None:
    Shop(installed.sandbox).create(f"orders/{order['id']}/refunds", amount=amount, api_refund=False)
    settle(installed)


def test_orders_of_a_period_earn_by_its_multiplier_for_good(installed: Installed) -> None:
    first, last = days_ago(4), jdatetime.date.fromgregorian(date=days_ago(2))
    jalali = jdatetime.date.fromgregorian(date=first).strftime("%Y/%m/%d")
    word = f"{jalali}..{last.strftime('%Y/%m/%d')}=2.5"
    set_settings(installed, points_periods=[word])
    outside, inside = pay(installed, 5, BEANS), pay(installed, 3, TEA)
    assert given(installed) == {str(outside["id"]): 23, str(inside["id"]): 30}
    assert "period" not in rules(installed)[0]
    assert rules(installed)[1]["period"] == "5/2"
    set_settings(installed, points_periods=[])
    refund(installed, inside, "6.00")
    assert entries(installed)[-1] == (-15, "reversed")
    assert agrees(installed)


def test_an_order_earns_by_the_tier_its_customer_had_when_it_was_paid(
    installed: Installed,
) -> None:
    tiers = {"points_tiers": ["gold=20"], "points_tier_multipliers": ["gold=1.5"]}
    set_settings(installed, **tiers)
    first, second = pay(installed, 5, BEANS), pay(installed, 3, TEA)
    before = pay(installed, 6, GREY)
    assert given(installed) == {
        str(first["id"]): 23,
        str(second["id"]): 18,
        str(before["id"]): 13,
    }
    gold = rules(installed)[1]
    assert (gold["tier"], gold["tier_multiplier"]) == ("gold", "3/2")
    # What the customer was when the order was paid stays so, whatever becomes of the tier.
    refund(installed, first, "23.00")
    assert given(installed)[str(second["id"])] == 18
    assert agrees(installed)


@pytest.mark.parametrize("by_account", [True, False])
def test_excluded_customers_earn_nothing_more(installed: Installed, by_account: bool) -> None:
    account = Shop(installed.sandbox).customer_id(SARA)
    kept = pay(installed, 3, BEANS)
    word = f"account:{account}" if by_account else "Sara@Example.Test"
    set_settings(installed, points_excluded_customers=[word], points_purchase_rewards=["2=100"])
    pay(installed, 2, TEA)
    assert given(installed) == {str(kept["id"]): 23}
    Shop(installed.sandbox).order(TEA, billing={"email": "other@example.test"})
    settle(installed)
    assert sorted(given(installed).values()) == [12, 23]
    refund(installed, kept, "3.00")
    assert given(installed)[str(kept["id"])] == 20


def test_a_cap_is_filled_in_the_sequence_of_payment_and_freed_by_refunds(
    installed: Installed,
) -> None:
    set_settings(installed, points_cap_lifetime=30)
    later_one = pay(installed, 3, TEA)
    first = pay(installed, 5, BEANS)
    assert given(installed) == {str(later_one["id"]): 7, str(first["id"]): 23}
    nothing = pay(installed, 2, GREY)
    assert given(installed)[str(nothing["id"])] == 0
    caps = rules(installed)[2]["caps"]
    assert (caps["lifetime"], caps["day"], caps["zone"]) == (30, 0, "UTC")
    # The cap that an order was under stays its own, and a refund leaves room to those after it.
    set_settings(installed, points_cap_lifetime=0)
    refund(installed, first, "20.00")
    assert given(installed) == {
        str(later_one["id"]): 12,
        str(first["id"]): 3,
        str(nothing["id"]): 13,
    }
    assert agrees(installed)


def test_a_guests_orders_share_the_cap_of_the_account_they_become(installed: Installed) -> None:
    set_settings(installed, points_cap_lifetime=30)
    shop = Shop(installed.sandbox)
    billing = {"email": "new@example.test", "first_name": "N", "last_name": "N"}
    guest = shop.order(BEANS, billing=billing)
    settle(installed)
    account = shop.create("customers", email="new@example.test", username="new", password="x" * 12)
    settle(installed)
    own = shop.create(
        "orders",
        set_paid=True,
        customer_id=account["id"],
        line_items=[{"product_id": shop.product_id(TEA), "quantity": 1}],
    )
    settle(installed)
    held = given(installed)
    assert held[str(own["id"])] == 7
    assert sum(held.values()) == 30
    assert str(guest["id"]) in held
    assert agrees(installed)


def test_points_wait_until_an_order_is_completed(installed: Installed, superuser: Engine) -> None:
    set_settings(installed, points_pending_from="delivery", points_pending_days=14)
    shop = Shop(installed.sandbox)
    order = shop.order(BEANS, email=SARA)
    settle(installed)
    later(superuser, 100)
    advance(str(installed.id))
    settle(installed)
    assert written(installed) == ("0", "23")
    shop.change(f"orders/{order['id']}", status="completed")
    settle(installed)
    assert entries(installed) == [(23, "earned"), (0, "amended")]
    assert agrees(installed)
    advance(str(installed.id))
    assert len(entries(installed)) == 2
    later(superuser, 14)
    advance(str(installed.id))
    settle(installed)
    assert entries(installed)[2:] == [(0, "matured")]
    assert written(installed) == ("23", "0")


def test_an_order_may_count_as_delivered_some_days_after_payment(installed: Installed) -> None:
    set_settings(
        installed, points_pending_from="delivery", points_pending_days=2, points_delivery_days=3
    )
    pay(installed, 4, BEANS)
    assert written(installed) == ("0", "23")
    pay(installed, 5, TEA)
    assert written(installed) == ("12", "23")


def test_a_line_that_comes_later_earns_by_its_own_multiplier(installed: Installed) -> None:
    shop = Shop(installed.sandbox)
    tea, grey = shop.product_id(TEA), shop.product_id(GREY)
    set_settings(installed, points_multipliers=[f"product:{tea}=3"])
    order = pay(installed, 1, BEANS)
    assert entries(installed) == [(23, "earned")]

    set_settings(installed, points_multipliers=[f"product:{grey}=0"])
    add(installed, order["id"], grey)
    assert entries(installed)[1:] == [(0, "amended")]
    set_settings(installed, points_multipliers=[f"product:{tea}=3", f"product:{grey}=5"])
    add(installed, order["id"], tea)
    assert entries(installed)[2:] == [(0, "amended"), (36, "earned")]
    assert agrees(installed)


def add(installed: Installed, order_id: int, product_id: int) -> None:
    """Put one more line on an order, as a merchant does in the store's admin."""
    store = installed.sandbox.store
    with store.change():
        order = store.orders[order_id]
        order.lines = (*order.lines, new_line(store, product_id, 0, 1))
        order.modified = clock.now()
        store.put_order(order)
        store.fire("order.updated", order_id)
    settle(installed)


def test_points_are_rounded_as_the_setting_says(installed: Installed) -> None:
    set_settings(installed, points_rounding="up")
    pay(installed, 1, GREY)
    set_settings(installed, points_rounding="nearest", points_per_amount="10")
    pay(installed, 1, TEA)
    assert entries(installed) == [(14, "earned"), (1, "earned")]
    assert [rule["rounding"] for rule in rules(installed)] == ["up", "nearest"]


def test_what_a_wallet_pays_earns_nothing(installed: Installed) -> None:
    shop = Shop(installed.sandbox)
    lines = [{"product_id": shop.product_id(BEANS), "quantity": 1}]
    for method in ("wallet", "bacs"):
        shop.create(
            "orders",
            set_paid=True,
            payment_method=method,
            customer_id=shop.customer_id(SARA),
            line_items=lines,
        )
    settle(installed)
    assert entries(installed) == [(23, "earned")]


def test_what_a_fee_below_zero_takes_off_earns_nothing(installed: Installed) -> None:
    shop = Shop(installed.sandbox)
    fees = [{"name": "Via wallet", "total": "-11.50"}]
    order = shop.order(BEANS, email=SARA, fee_lines=fees)
    settle(installed)
    assert order["total"] == "11.50"
    assert entries(installed) == [(11, "earned")]
    refund(installed, order, "5.75")  # half of what was paid in money
    assert entries(installed)[1:] == [(-6, "reversed")]


def test_store_credit_and_delivery_of_a_shopify_shop(merchant: Merchant) -> None:
    set_settings(
        merchant,
        purchase_statuses=["paid", "partially_refunded"],
        points_pending_from="delivery",
        points_pending_days=3,
    )
    shop = merchant.shop.shop
    account = shop.credit.account(merchant.customer(SARA), "USD")
    shop.credit.credit(account, 1_150, None)
    number = merchant.buy(SARA, BEANS, terms=Terms(credit=1_150))
    merchant.catch_up()
    with merchant.scope() as session:
        entry = session.scalars(select(PointEntry)).one()
        assert (entry.points, entry.pending, entry.matures_at) == (11, 11, None)
    merchant.shop.merchant.fulfil(number, delivered=clock.now() - 2 * 86_400)
    merchant.catch_up()
    with merchant.scope() as session:
        lot = session.scalars(select(PointLot)).one()
        assert lot.matures_at is not None
        assert lot.matures_at - datetime.now(UTC) < timedelta(days=1)
    merchant.shop.merchant.fulfil(number, delivered=clock.now() - 4 * 86_400)
    merchant.catch_up()
    advance(str(merchant.id))
    with merchant.scope() as session:
        told = [reason for _, reason in ledger(session)]
    assert told == ["earned", "amended", "amended", "matured"]
    assert agrees(merchant)
