"""What the commands tell of tiers, and of points that are about to expire."""

from datetime import UTC, datetime, timedelta

from bazgasht.store_commands import change_settings
from bazgasht.tier_commands import expiring_command, tiers_command, warnings_command
from database.privacy import Subject
from jobs import privacy
from jobs.erasing import erase
from jobs.points import advance
from tests.bazgasht.commands import Commands, said, told
from tests.conftest import Installed, work_off
from tests.jobs.conftest import set_settings, settle
from tests.shop import Shop

ADA = "ada@example.test"
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"


def test_new_tiers_are_found_at_once_and_told_with_what_is_missing(
    run: Commands, installed: Installed
) -> None:
    store = str(installed.id)
    assert said(run, tiers_command, store).startswith("there are no tiers; set points_tiers")
    Shop(installed.sandbox).order("House Blend Beans", email=ADA)  # 23.00
    settle(installed)
    said(run, change_settings, store, "points_tiers=silver|نقره‌ای=20.5, gold=50")
    work_off(installed.context)
    assert said(run, tiers_command, store).splitlines() == [
        "silver (نقره‌ای): from 20.5 USD, 1 customers",
        "gold: from 50 USD, 0 customers",
    ]
    assert told(run, tiers_command, store) == {
        "unit": "USD",
        "window": "lifetime",
        "grace_days": 0,
        "tiers": [
            {"tier": "silver", "second_name": "نقره‌ای", "from": "20.5", "customers": 1},
            {"tier": "gold", "second_name": None, "from": "50", "customers": 0},
        ],
    }
    (found,) = told(run, tiers_command, store, "--email", ADA)
    assert (found["tier"], found["amount"], found["next_tier"], found["missing"]) == (
        "silver", "23", "gold", "27",
    )  # fmt: skip
    assert (found["changes_at"], found["then"]) == (None, None)
    (change,) = found["trail"]
    assert (change["from"], change["to"], change["why"]) == (None, "silver", "rules")
    lines = said(run, tiers_command, store, "--email", ADA).splitlines()
    assert lines == [
        f"{found['key']}  silver since {TODAY}; 23 USD count now",
        "  27 USD more for gold",
        f"  {TODAY}  no tier -> silver  rules: 23 of 20.5 USD",
    ]


def test_tiers_that_do_not_go_together_are_refused(run: Commands, installed: Installed) -> None:
    result = run(change_settings, str(installed.id), "points_tiers=silver=20,gold=20")
    assert "points_tiers: two tiers have the same amount" in str(result.exception)
    result = run(change_settings, str(installed.id), "points_tiers=silver")
    assert "must be written like silver=1000" in str(result.exception)


def test_who_loses_what_when_is_listed(run: Commands, installed: Installed) -> None:
    set_settings(installed, points_expiry_days=20, points_expiry_grace_days=0)
    shop = Shop(installed.sandbox)
    for name in (ADA, "sara@example.test"):
        shop.order("Green Tea", email=name)
    settle(installed)
    assert said(run, expiring_command, str(installed.id), "--days", "19") == (
        "0 points expire within 19 days\n"
    )
    day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    found = told(run, expiring_command, str(installed.id), "--days", "20")
    assert [(one["expires_on"], one["points"]) for one in found] == [(day, 12), (day, 12)]
    lines = said(run, expiring_command, str(installed.id)).splitlines()
    assert lines[0] == f"{day}  {12:>8}  {found[0]['key']}"
    assert lines[-1] == "24 points expire within 30 days"


def test_whom_to_warn_is_listed_while_points_still_expire(
    run: Commands, installed: Installed
) -> None:
    set_settings(installed, points_expiry_days=20, points_expiry_grace_days=0)
    shop = Shop(installed.sandbox)
    order = shop.order("Green Tea", email=ADA)
    shop.order("Earl Grey", email="sara@example.test")
    settle(installed)
    head = "account,email,phone,expires_on,points,days_before,noted_at"
    assert said(run, warnings_command, str(installed.id)).splitlines() == [head]
    advance(str(installed.id))
    found = said(run, warnings_command, str(installed.id)).splitlines()
    day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    ada, sara = (shop.customer_id(name) for name in (ADA, "sara@example.test"))
    assert [line.partition("T")[0] for line in found] == [
        head,
        f"{ada},{ADA},,{day},12,30,{TODAY}",
        f"{sara},sara@example.test,,{day},13,30,{TODAY}",
    ]
    shop.change(f"orders/{order['id']}", status="cancelled")
    settle(installed)
    found = said(run, warnings_command, str(installed.id)).splitlines()
    assert [line.split(",")[1] for line in found] == ["email", "sara@example.test"]
    subject = Subject(email="sara@example.test")
    key = privacy.ask(installed.context, installed.id, "erase", subject)
    erase(installed.context, installed.id, subject, key)
    assert said(run, warnings_command, str(installed.id)).splitlines() == [head]
