"""Caps of every rule and of all together, from the store to the ledger."""

import json

from sqlalchemy import delete, select

from database.models import PointEntry, PointLot, Review
from jobs.apply import want_points
from jobs.occasions import follow_reviews
from jobs.points import advance, undo
from jobs.verification import verify
from tests.conftest import Installed
from tests.jobs.conftest import pay, set_settings, settle
from tests.jobs.test_earning import BEANS, GREY, TEA, refund
from tests.jobs.test_ledger import SARA, written
from tests.jobs.test_occasions import number, open_account, review, switched_on
from tests.shop import Shop


def given(installed: Installed) -> dict[str, int]:
    """What each lot has given by now, without its customer."""
    with installed.scope() as session:
        rows = session.execute(select(PointLot.reference, PointLot.granted)).all()
    return {reference.rpartition(":")[0]: points for reference, points in rows}


def look_at_reviews(installed: Installed) -> None:
    with installed.scope() as session:
        want_points(session, installed.store, follow_reviews(session, installed.store))


def agrees(installed: Installed) -> bool:
    return verify(installed.context, installed.id).problems == []


def test_orders_rewards_and_reviews_share_the_total(installed: Installed) -> None:
    switched_on(
        installed,
        100,
        points_total_cap_lifetime=60,
        points_purchase_rewards=["2=30"],
        points_review=15,
    )
    first, second = pay(installed, 5, TEA), pay(installed, 3, BEANS)
    orders = {f"order:{first['id']}": 12, f"order:{second['id']}": 23}
    # 12 and 23 leave the reward 25 of its 30.
    assert given(installed) == {**orders, "purchase:2": 25}
    sara, tea = number(installed, SARA), Shop(installed.sandbox).product_id(TEA)
    of_review = f"review:{tea}:{sara}"
    review(installed, TEA, days=-4, email=SARA)
    look_at_reviews(installed)
    # What was reviewed before the second purchase takes from what came after it.
    assert given(installed) == {**orders, of_review: 15, "purchase:2": 10}
    third = pay(installed, 1, GREY)
    assert given(installed)[f"order:{third['id']}"] == 0
    refund(installed, second, "20.00")
    # 12, 15 and 3 leave the reward all of its 30, and the last order nothing.
    assert list(given(installed).values()).count(0) == 1
    orders = {f"order:{first['id']}": 12, f"order:{second['id']}": 3, f"order:{third['id']}": 0}
    assert given(installed) == {**orders, of_review: 15, "purchase:2": 30}
    with installed.scope() as session:
        session.execute(delete(Review))
    look_at_reviews(installed)
    orders[f"order:{third['id']}"] = 13
    assert given(installed) == {**orders, of_review: 0, "purchase:2": 30}
    settle(installed)
    # All but the last order's points, and the reward's, can be spent by now.
    assert written(installed) == ("58", "0")
    assert agrees(installed)


def test_each_rule_has_a_cap_of_its_own(installed: Installed) -> None:
    switched_on(
        installed,
        100,
        points_rule_caps=["review:lifetime=20", "purchase:lifetime=10"],
        points_purchase_rewards=["1=30"],
        points_review=15,
    )
    paid = pay(installed, 5, TEA, BEANS)
    shop, sara = Shop(installed.sandbox), number(installed, SARA)
    first, second = (f"review:{shop.product_id(name)}:{sara}" for name in (TEA, BEANS))
    review(installed, BEANS, days=-1, email=SARA)
    look_at_reviews(installed)
    review(installed, TEA, days=-2, email=SARA)
    look_at_reviews(installed)
    look_at_reviews(installed)
    orders = {f"order:{paid['id']}": 35, "purchase:1": 10}
    assert given(installed) == {**orders, first: 15, second: 5}
    with installed.scope() as session:
        told = session.execute(
            select(PointEntry.lot, PointEntry.points, PointEntry.reason)
            .where(PointEntry.lot.startswith("review:"))
            .order_by(PointEntry.number)
        ).all()
        rule = session.scalars(
            select(PointLot.rule).where(PointLot.reference.startswith(first))
        ).one()
    assert [tuple(row)[1:] for row in told] == [(15, "review"), (15, "review"), (-10, "reversed")]
    assert json.loads(rule)["caps"]["lifetime"] == 20
    assert agrees(installed)


def test_what_a_person_took_back_leaves_no_room(installed: Installed) -> None:
    switched_on(installed, 2, points_welcome=50, points_total_cap_lifetime=60)
    email = "dara@example.test"
    account = open_account(installed, email, days_ago=1)
    welcome = f"welcome:{number(installed, email)}"
    order = f"order:{Shop(installed.sandbox).order(BEANS, email=email)['id']}"
    settle(installed)

    def of_dara() -> dict[str, int]:
        own = given(installed)
        return {name: own[name] for name in (order, welcome)}

    assert of_dara() == {order: 10, welcome: 50}
    reference = f"{welcome}:{number(installed, email)}:1"
    undo(installed.context, installed.id, reference, actor="Reza", note="a mistake")
    Shop(installed.sandbox).change(f"customers/{account}", first_name="Dara")
    settle(installed)
    advance(str(installed.id))
    assert of_dara() == {order: 10, welcome: 0}
    assert agrees(installed)


def test_a_total_that_is_switched_off_stays_with_what_earned_under_it(
    installed: Installed,
) -> None:
    set_settings(installed, points_total_cap_day=20)
    first = pay(installed, 3, BEANS)
    set_settings(installed, points_total_cap_day=0)
    second = pay(installed, 3, TEA)
    refund(installed, first, "1.00")
    assert given(installed) == {f"order:{first['id']}": 20, f"order:{second['id']}": 12}
    assert agrees(installed)
