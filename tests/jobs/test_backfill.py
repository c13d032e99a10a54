"""Points switched on late: older orders earn nothing by themselves, and by a backfill they do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from database.models import Store
from database.privacy import Subject
from jobs.backfill import Backfilled, backfill, undo_backfill
from jobs.points import adjust
from jobs.verification import verify
from tests.conftest import Installed
from tests.jobs.conftest import pay, set_settings, settle
from tests.jobs.state import ledger, points
from tests.shop import Shop

SARA, NEW = "sara@example.test", "new@example.test"


@pytest.fixture
def late(installed: Installed) -> Installed:
    """A store that had two orders when points were switched on, yesterday."""
    set_settings(installed, points_enabled=False)
    pay(installed, 9, "Green Tea")
    pay(installed, 5, "Earl Grey", billing={"email": NEW})
    switch_on(installed, timedelta(days=1))
    return installed


def switch_on(installed: Installed, ago: timedelta) -> None:
    set_settings(installed, points_enabled=True)
    with installed.scope() as session:
        session.scalars(select(Store)).one().points_since = datetime.now(UTC) - ago


def entries(installed: Installed) -> list[tuple[int, str]]:
    with installed.scope() as session:
        return ledger(session)


def run(installed: Installed, *, apply: bool = True, **more: Any) -> Backfilled:
    return backfill(installed.context, installed.id, apply=apply, **more)


def undone(installed: Installed, *, apply: bool = True, **more: Any) -> Backfilled:
    return undo_backfill(installed.context, installed.id, "backfill", apply=apply, **more)


def test_an_order_older_than_the_programme_earns_nothing_when_it_changes(late: Installed) -> None:
    shop = Shop(late.sandbox)
    (order,) = shop.get("orders", customer=shop.customer_id(SARA))
    shop.change(f"orders/{order['id']}", customer_note="a change")
    settle(late)
    assert entries(late) == []
    pay(late, 0, "Green Tea")
    assert entries(late) == [(12, "earned")]


def test_a_dry_run_tells_what_a_backfill_gives_and_gives_nothing(late: Installed) -> None:
    assert run(late, apply=False) == Backfilled("backfill", orders=2, customers=2, points=25)
    assert entries(late) == []
    since = datetime.now(UTC) - timedelta(days=7)
    assert run(late, apply=False, since=since).points == 13


def test_a_backfill_gives_each_order_its_points_once(late: Installed) -> None:
    set_settings(late, points_earned=2)
    assert run(late).points == 24 + 27
    assert run(late) == Backfilled("backfill")
    settle(late)
    assert Shop(late.sandbox).meta(SARA)["bazgasht_points"] == "24"
    shop = Shop(late.sandbox)
    (order,) = shop.get("orders", customer=shop.customer_id(SARA))
    shop.create(f"orders/{order['id']}/refunds", amount="6.00")
    settle(late)
    assert entries(late)[2:] == [(-12, "reversed")]


def test_a_backfill_is_undone_and_stays_so_until_it_is_done_again(late: Installed) -> None:
    run(late)
    assert undone(late, apply=False) == Backfilled("backfill", 2, 2, -25)
    assert len(entries(late)) == 2
    assert undone(late).points == -25
    shop = Shop(late.sandbox)
    (order,) = shop.get("orders", customer=shop.customer_id(SARA))
    shop.change(f"orders/{order['id']}", customer_note="a change")
    settle(late)
    assert (len(entries(late)), shop.meta(SARA)["bazgasht_points"]) == (4, "0")
    assert undone(late) == Backfilled("backfill")
    assert run(late, apply=False).points == 25
    assert run(late).points == 25
    settle(late)
    assert shop.meta(SARA)["bazgasht_points"] == "12"
    assert verify(late.context, late.id).problems == []


@pytest.mark.parametrize(("shortfall", "left"), [("write_off", 0), ("owe", -10)])
def test_spent_points_keep_a_backfill_from_being_undone_unless_a_policy_says(
    late: Installed, shortfall: str, left: int
) -> None:
    run(late)
    person = Subject(None, SARA, None)
    adjust(late.context, late.id, person, -10, actor="Reza", note="spent in the shop")
    assert undone(late, apply=False).spent == 10
    with pytest.raises(ValueError, match="10 points of the backfill were spent"):
        undone(late)
    assert undone(late, shortfall=shortfall).spent == 10
    settle(late)
    assert Shop(late.sandbox).meta(SARA)["bazgasht_points"] == str(left)
    assert verify(late.context, late.id).problems == []


def test_rewards_for_purchases_older_than_the_programme_are_not_given(late: Installed) -> None:
    pay(late, 3, "Green Tea")
    set_settings(late, points_purchase_rewards=["2=100", "3=300"])
    run(late)
    assert [one for one in entries(late) if one[1] == "rewarded"] == []
    pay(late, 0, "Green Tea")
    with late.scope() as session:
        assert points(session)[f"account:{Shop(late.sandbox).customer_id(SARA)}"] == 336


def test_a_backfill_and_its_undoing_move_the_points_of_orders_alone(late: Installed) -> None:
    set_settings(late, points_enabled=False)
    pay(late, 0, "Green Tea")
    pay(late, 0, "Green Tea")
    set_settings(late, points_purchase_rewards=["2=100"])
    switch_on(late, timedelta(days=1))
    # The second purchase is newer than the programme: its reward is due, with the next order.
    told = Backfilled("backfill", orders=4, customers=2, points=49)
    assert (run(late, apply=False), run(late)) == (told, told)
    assert [one for one in entries(late) if one[1] == "rewarded"] == []
    assert undone(late) == Backfilled("backfill", 4, 2, -49)
    pay(late, 0, "Green Tea")
    assert [one for one in entries(late) if one[1] == "rewarded"] == [(100, "rewarded")]


def test_what_cannot_be_done_is_refused(installed: Installed) -> None:
    with pytest.raises(LookupError, match="no backfill 'backfill' has given points"):
        undone(installed)
    with pytest.raises(ValueError, match="use 1 to 64 letters"):
        run(installed, reference='"')
    set_settings(installed, points_enabled=False)
    with pytest.raises(ValueError, match="points_enabled is off"):
        run(installed)
