"""Points that wait, expire and are changed by hand, in a store; and the proof of the ledger."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text

from database.privacy import Subject
from jobs import points as job
from jobs.points import adjust, advance, undo
from jobs.points_liability import Aged, liability
from jobs.schedule import TASKS
from jobs.settings import change_settings
from jobs.verification import verify
from tests.conftest import Installed, work_off
from tests.jobs.conftest import pay, set_settings, settle
from tests.jobs.state import ledger
from tests.shop import Shop

SARA = "sara@example.test"
PERSON = Subject(None, SARA, None)


def later(superuser: Engine, days: int) -> None:
    """Let so many days pass for the lots, by dating them back."""
    with superuser.begin() as connection:
        connection.execute(
            text(
                "UPDATE point_lots SET matures_at = matures_at - make_interval(days => :days), "
                "expires_at = expires_at - make_interval(days => :days)"
            ),
            {"days": days},
        )


def entries(installed: Installed) -> list[tuple[int, str]]:
    with installed.scope() as session:
        return ledger(session)


def written(installed: Installed) -> tuple[str, str]:
    meta = Shop(installed.sandbox).meta(SARA)
    return meta["bazgasht_points"], meta["bazgasht_points_pending"]


def change(installed: Installed, amount: int, **more: Any) -> job.Changed:
    named = {"actor": "Reza", "note": "a gift", **more}
    return adjust(installed.context, installed.id, PERSON, amount, **named)


def test_points_wait_fourteen_days_after_payment_and_are_shown_as_waiting(
    installed: Installed, superuser: Engine
) -> None:
    set_settings(installed, points_pending_days=14)
    pay(installed, 13, "Green Tea")
    pay(installed, 15, "Earl Grey")
    assert written(installed) == ("13", "12")
    advance(str(installed.id))
    assert entries(installed) == [(12, "earned"), (13, "earned")]

    later(superuser, 1)
    advance(str(installed.id))
    advance(str(installed.id))
    work_off(installed.context)
    settle(installed)
    assert entries(installed) == [(12, "earned"), (13, "earned"), (0, "matured")]
    assert written(installed) == ("25", "0")


def test_points_expire_on_their_day_and_the_store_shows_it(
    installed: Installed, superuser: Engine
) -> None:
    set_settings(installed, points_expiry_days=100)
    pay(installed, 5, "Green Tea")
    set_settings(installed, points_expiry_days=0)
    pay(installed, 5, "Earl Grey")
    later(superuser, 94)
    advance(str(installed.id))
    assert len(entries(installed)) == 2
    later(superuser, 1)
    advance(str(installed.id))
    settle(installed)
    assert entries(installed) == [(12, "earned"), (13, "earned"), (-12, "expired")]
    assert written(installed) == ("13", "0")


def test_a_history_does_not_expire_before_its_grace(installed: Installed) -> None:
    set_settings(installed, points_expiry_days=10, points_expiry_grace_days=7)
    pay(installed, 400, "Green Tea")
    advance(str(installed.id))
    assert entries(installed) == [(12, "earned")]


def test_the_scheduler_asks_for_it_every_ten_minutes(installed: Installed) -> None:
    (task,) = [task for task in TASKS if task.name == "points"]
    assert task.every == 600
    set_settings(installed, points_pending_days=1)
    pay(installed, 0, "Green Tea")
    task.run(installed.context)
    work_off(installed.context)
    assert entries(installed) == [(12, "earned")]


def test_an_adjustment_is_shown_in_the_store_and_done_once(installed: Installed) -> None:
    pay(installed, 1, "Green Tea")
    first = change(installed, -5, reference="till-7")
    again = change(installed, -5, reference="till-7", note="told twice")
    assert (first.reference, first.applied, first.balance[:2]) == ("adjust:till-7", True, (7, 0))
    assert (again.reference, again.applied, again.balance[:2]) == ("adjust:till-7", False, (7, 0))
    settle(installed)
    assert written(installed) == ("7", "0")
    with pytest.raises(ValueError, match="reference till-7 was used for another adjustment"):
        change(installed, -6, reference="till-7")
    with pytest.raises(ValueError, match="has 7 available"):
        change(installed, -8)
    with pytest.raises(ValueError, match="use 1 to 64 letters"):
        change(installed, 8, reference="a:1")
    assert entries(installed) == [(12, "earned"), (-5, "adjusted")]


def test_without_a_reference_the_same_command_is_one_adjustment_a_day(
    installed: Installed,
) -> None:
    pay(installed, 1, "Green Tea")
    first = change(installed, 5)
    assert change(installed, 5) == job.Changed(
        first.reference, applied=False, customer_id=first.customer_id, balance=first.balance
    )
    assert change(installed, 5, note="another gift").balance.available == 22


def test_undoing_is_done_once_by_any_of_its_references(installed: Installed) -> None:
    for name in ("Green Tea", "Earl Grey"):
        pay(installed, 1, name)
    taken = change(installed, -20)
    because = {"actor": "Reza", "note": "a mistake"}
    with installed.scope() as session:
        assert len(ledger(session)) == 4
    for reference in (taken.reference, f"{taken.reference}:1", f"{taken.reference}:2"):
        done = undo(installed.context, installed.id, reference, **because)
        assert done.balance[:2] == (25, 0)
        assert done.reference == f"undo:{taken.reference}"
    assert entries(installed)[4:] == [(12, "undone"), (8, "undone")]
    with pytest.raises(LookupError, match="no entry 'adjust:none'"):
        undo(installed.context, installed.id, "adjust:none", **because)
    with installed.scope() as session:
        earned = session.execute(
            text("SELECT reference FROM point_entries WHERE number = 1")
        ).scalar_one()
    with pytest.raises(ValueError, match="only an adjustment can be undone"):
        undo(installed.context, installed.id, earned, **because)


def test_a_refund_of_spent_points_follows_the_setting(installed: Installed) -> None:
    shop = Shop(installed.sandbox)
    for shortfall, left in (("write_off", 0), ("owe", -10)):
        set_settings(installed, points_shortfall=shortfall)
        order = pay(installed, 1, "Green Tea")
        change(installed, -10, note=shortfall)
        shop.change(f"orders/{order['id']}", status="cancelled")
        settle(installed)
        assert written(installed) == (str(left), "0")
    assert verify(installed.context, installed.id).problems == []


def test_a_stranger_has_no_points_to_adjust(installed: Installed) -> None:
    stranger = Subject(None, "nobody@example.test", None)
    with pytest.raises(LookupError, match="no customer of the store"):
        adjust(installed.context, installed.id, stranger, 5, actor="Reza", note="a gift")


def test_the_proof_reads_everything(installed: Installed) -> None:
    pay(installed, 1, "Green Tea")
    change(installed, -5)
    audit = verify(installed.context, installed.id)
    assert audit.problems == []
    assert (audit.entries, len(audit.lots), audit.available, audit.pending) == (2, 1, 7, 0)
    assert audit.accounts == {"issued": -12, "adjusted": 5}


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE point_entries SET points = 13 WHERE number = 1", "entry 1 (order:"),
        ("UPDATE point_entries SET note = 'x' WHERE number = 2", "entry 2 (adjust:gift:1)"),
        ("DELETE FROM point_entries WHERE number = 1", "entries 1 to 1 are missing"),
        ("DELETE FROM point_entries WHERE number = 2", "the ledger ends with entry 1"),
        ("UPDATE point_lots SET available = 3 WHERE available = 30", "lot adjust:gift: available"),
        ("DELETE FROM point_lots WHERE available = 30", "lot adjust:gift: it has entries"),
        ("UPDATE stores SET ledger_entries = 1", "the ledger ends with entry 2, and 1 were"),
        (
            'UPDATE write_backs SET desired = desired || \'{"bazgasht_points": "43"}\'',
            "bazgasht_points is to show 43, the ledger has 42",
        ),
    ],
)
def test_what_was_tampered_with_is_found_and_named(
    installed: Installed, superuser: Engine, statement: str, problem: str
) -> None:
    pay(installed, 1, "Green Tea")
    change(installed, 30, reference="gift")
    assert verify(installed.context, installed.id).problems == []
    with superuser.begin() as connection:
        connection.execute(text(statement))
    assert problem in "\n".join(verify(installed.context, installed.id).problems)


def test_the_liability_is_what_is_out_by_age_and_in_money(
    installed: Installed, superuser: Engine
) -> None:
    set_settings(installed, points_pending_days=14)
    pay(installed, 0, "Green Tea")
    pay(installed, 60, "Earl Grey")
    found = liability(installed.context, installed.id)
    assert (found.available, found.pending, found.owed, found.worth) == (13, 12, 0, None)
    # Earl Grey's points can be spent since 46 days.
    assert found.ages == (*(Aged(30, 0), Aged(90, 13), Aged(180, 0), Aged(365, 0), Aged(None, 0)),)
    set_settings(installed, point_value="0.05")
    assert str(liability(installed.context, installed.id).worth) == "1.25"


def test_settings_of_the_day_are_copied_into_the_entry(installed: Installed) -> None:
    set_settings(installed, points_pending_days=14, points_expiry_days=365)
    pay(installed, 1, "Green Tea")
    with installed.scope() as session:
        (rule,) = session.scalars(text("SELECT rule FROM point_entries")).all()
    assert json.loads(rule) == {
        "currency": "USD",
        "enabled": True,
        "expiry_days": 365,
        "grace_days": 30,
        "pending_days": 14,
        "per": "1",
        "points": 1,
        "statuses": ["completed", "processing"],
    }


def test_the_second_purchase_is_rewarded_and_the_reward_goes_back_with_it(
    installed: Installed,
) -> None:
    set_settings(installed, points_purchase_rewards=["2=100"])
    shop = Shop(installed.sandbox)
    pay(installed, 9, "Green Tea")
    second = pay(installed, 5, "Earl Grey")
    assert entries(installed) == [(12, "earned"), (13, "earned"), (100, "rewarded")]
    shop.change(f"orders/{second['id']}", status="cancelled")
    settle(installed)
    assert entries(installed)[3:] == [(-13, "reversed"), (-100, "reversed")]
    shop.change(f"orders/{second['id']}", status="completed")
    settle(installed)
    assert written(installed) == ("125", "0")
    assert verify(installed.context, installed.id).problems == []


def test_the_reward_is_the_same_when_the_first_purchase_is_told_last(
    installed: Installed,
) -> None:
    set_settings(installed, points_purchase_rewards=["2=100"])
    pay(installed, 1, "Earl Grey")
    pay(installed, 9, "Green Tea")
    assert sorted(entries(installed)) == [(12, "earned"), (13, "earned"), (100, "rewarded")]


def test_a_reward_is_for_a_purchase_that_was_paid_since_it_was_set(installed: Installed) -> None:
    shop, rewards = Shop(installed.sandbox), {"points_purchase_rewards": ["2=100", "3=300"]}
    pay(installed, 9, "Green Tea")
    second = pay(installed, 5, "Earl Grey")
    change_settings(installed.context, installed.id, rewards)
    shop.change(f"orders/{second['id']}", status="processing")
    settle(installed)
    change_settings(installed.context, installed.id, {"points_purchase_rewards": ["3=300"]})
    change_settings(installed.context, installed.id, rewards)
    pay(installed, 0, "Green Tea")
    told = [(12, "earned"), (13, "earned"), (12, "earned"), (300, "rewarded")]
    assert entries(installed) == told


@pytest.mark.parametrize(("per", "points"), [("1", 125), ("1000", 100)])
def test_a_guests_reward_becomes_the_accounts(installed: Installed, per: str, points: int) -> None:
    set_settings(installed, points_purchase_rewards=["2=100"], points_per_amount=per)
    shop = Shop(installed.sandbox)
    email = "new@example.test"
    for name in ("Green Tea", "Earl Grey"):
        shop.order(name, billing={"email": email})
    settle(installed)
    assert sum(amount for amount, _ in entries(installed)) == points
    shop.create("customers", email=email, username="new", password="secret-of-a-test")
    settle(installed)
    assert sum(amount for amount, _ in entries(installed)) == points
    assert shop.meta(email)["bazgasht_points"] == str(points)


def test_categories_and_products_earn_by_their_multipliers_of_the_day(
    installed: Installed,
) -> None:
    shop = Shop(installed.sandbox)
    green, earl = shop.product_id("Green Tea"), shop.product_id("Earl Grey")
    category = shop.get(f"products/{green}")["categories"][0]["id"]
    words = [f"category:{category}=2", f"product:{earl}=0"]
    set_settings(installed, points_multipliers=words)
    order = pay(installed, 1, "Green Tea", "Earl Grey", "House Blend Beans")  # 12, 13.50 and 23
    assert entries(installed) == [(47, "earned")]
    # A later rule changes nothing of the order; half of the tea is given back: 2 * 6 + 23.
    set_settings(installed, points_multipliers=[])
    line = next(one for one in order["line_items"] if one["product_id"] == green)
    refund = [{"id": line["id"], "quantity": 0, "refund_total": "6.00"}]
    shop.create(f"orders/{order['id']}/refunds", amount="6.00", line_items=refund)
    settle(installed)
    assert entries(installed) == [(47, "earned"), (-12, "reversed")]


def test_a_category_passes_its_multiplier_on_to_those_below(installed: Installed) -> None:
    shop = Shop(installed.sandbox)
    below = [one for one in shop.get("products/categories", per_page=100) if one["parent"]]
    names = {
        one["name"]
        for one in shop.get("products", per_page=100)
        if {c["id"] for c in one["categories"]} & {c["id"] for c in below}
    }
    assert "Green Tea" in names
    green = shop.get(f"products/{shop.product_id('Green Tea')}")["categories"][0]["id"]
    above = next(one["parent"] for one in below if one["id"] == green)
    set_settings(installed, points_multipliers=[f"category:{above}=3"])
    pay(installed, 1, "Green Tea")
    assert entries(installed) == [(36, "earned")]


def test_an_order_below_the_minimum_earns_nothing(installed: Installed) -> None:
    set_settings(installed, points_minimum_order="12.50")
    pay(installed, 1, "Green Tea")
    pay(installed, 1, "Earl Grey")
    assert entries(installed) == [(13, "earned")]


def test_many_who_spend_one_balance_at_once_get_what_it_affords(installed: Installed) -> None:
    pay(installed, 1, "House Blend Beans")  # 23 points: five times 4, with 3 left

    def spend(number: int) -> bool:
        try:
            return change(installed, -4, reference=f"till-{number}").applied
        except ValueError:
            return False

    with ThreadPoolExecutor(16) as pool:
        spent = list(pool.map(spend, range(32)))
    assert sum(spent) == 5
    audit = verify(installed.context, installed.id)
    assert (audit.available, audit.problems) == (3, [])
