"""The commands about birthdays and referrals."""

import csv
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import select

from bazgasht.points_commands import points
from bazgasht.store_commands import change_settings
from database.models import RuleStart
from tests.bazgasht.commands import Commands, said, told
from tests.conftest import Installed
from tests.jobs.conftest import set_settings, settle
from tests.shop import Shop

ADA = "ada@example.test"
WHY = ("--actor", "Reza", "--reason", "two sisters")


@pytest.fixture
def store(installed: Installed) -> str:
    set_settings(installed, points_birthday=30, points_referral=100, calendar="jalali")
    return str(installed.id)


def refused(run: Commands, *words: str) -> str:
    result = run(points, *words)
    assert result.exit_code == 1
    return f"{result.exception} {result.output}"


def test_a_birthday_is_kept_without_its_year_and_changed_once_a_year(
    run: Commands, store: str
) -> None:
    given = told(run, points, "birthday", store, "1369/2/27", "--email", ADA)
    assert (given["calendar"], given["month"], given["day"]) == ("jalali", 2, 27)
    assert "02-27 (jalali)" in said(run, points, "birthday", store, "02-27", "--email", ADA)
    assert "was changed within a year" in refused(run, "birthday", store, "3-1", "--email", ADA)
    again = told(
        run,
        points,
        "birthday",
        store,
        "05-17",
        "--email",
        ADA,
        "--mistake",
        "--calendar",
        "gregorian",
    )
    assert (again["calendar"], again["month"], again["day"]) == ("gregorian", 5, 17)
    assert "no day of the jalali calendar" in refused(
        run, "birthday", store, "1400-12-30", "--email", ADA
    )


def test_birthdays_come_from_a_file(run: Commands, store: str, tmp_path: Path) -> None:
    file = tmp_path / "birthdays.csv"
    file.write_text(f"Email,تاریخ تولد\n{ADA},1369/02/27\nnobody@example.test,1370-1-1\n{ADA},x\n")
    assert told(run, points, "birthdays", store, str(file)) == {
        "kept": 1,
        "problems": [
            {"line": 3, "problem": "no customer of the store is named like that"},
            {"line": 4, "problem": "'x' is no birthday; write YYYY-MM-DD or MM-DD"},
        ],
    }
    file.write_text("email,born\na,b\n")
    assert "no column “birthday”" in refused(run, "birthdays", store, str(file))


def test_referrals_are_listed_and_decided(run: Commands, store: str, installed: Installed) -> None:
    Shop(installed.sandbox).create("coupons", code="ada-5", discount_type="percent", amount="5")
    made = told(run, points, "referral-code", store, "--email", ADA, "--code", "ADA-5")
    assert made["code"] == "ada-5"
    assert "utm_campaign=ada-5" in said(run, points, "referral-code", store, "--email", ADA)
    assert said(run, points, "referrals", store) == "no referrals\n"
    order = Shop(installed.sandbox).order("Green Tea", email=ADA, coupon_lines=[{"code": "ada-5"}])
    settle(installed)
    (held,) = told(run, points, "referrals", store, "--state", "held")
    assert (held["order"], held["reasons"]) == (str(order["id"]), ["own order", "same e-mail"])
    number = str(held["number"])
    ada = f"account:{Shop(installed.sandbox).customer_id(ADA)}"
    assert (held["referrer"]["key"], held["friend"]["key"]) == (ada, ada)
    assert said(run, points, "referrals", store).startswith(
        f"{number}  {ada} brought {ada} (ada-5, order {order['id']} of "
    )
    assert told(run, points, "approve", store, number, *WHY)["state"] == "accepted"
    rejected = said(run, points, "reject", store, number, *WHY)
    assert rejected.endswith("rejected; rejected by Reza: two sisters\n")
    assert "no referral 77" in refused(run, "approve", store, "77", *WHY)


def test_every_buyer_has_a_code_to_be_sent(run: Commands, store: str, installed: Installed) -> None:
    Shop(installed.sandbox).order("Green Tea", email=ADA)
    Shop(installed.sandbox).order("Green Tea", billing={"email": "guest@example.test"})
    settle(installed)
    (row,) = csv.DictReader(StringIO(said(run, points, "referral-codes", store)))
    assert row["email"] == ADA
    assert row["code"].startswith("friend-")
    assert row["link"].endswith(f"utm_campaign={row['code']}")
    assert told(run, points, "referral-code", store, "--email", ADA)["code"] == row["code"]
    assert said(run, points, "referral-codes", store).count("friend-") == 2


def test_a_friend_is_told_of_by_hand(run: Commands, store: str, installed: Installed) -> None:
    told(run, points, "referral-code", store, "--email", ADA, "--code", "ada-5")
    Shop(installed.sandbox).create("customers", email="friend@example.test")
    settle(installed)
    found = told(run, points, "refer", store, "ada-5", "--email", "friend@example.test")
    assert (found["state"], found["order"]) == ("waiting", None)


def test_nothing_is_kept_while_a_rule_is_off(
    run: Commands, store: str, installed: Installed
) -> None:
    set_settings(installed, points_birthday=0, points_referral=0)
    assert "set points_birthday first" in refused(run, "birthday", store, "1-1", "--email", ADA)
    assert "set points_referral first" in refused(run, "approve", store, "1", *WHY)


def test_changing_settings_notes_when_a_rule_is_switched_on_and_off(
    run: Commands, store: str, installed: Installed
) -> None:
    def on() -> set[str]:
        with installed.scope() as session:
            return set(session.scalars(select(RuleStart.name)))

    run(change_settings, store, "points_welcome=50", "points_birthday=0")
    assert {"points_welcome", "points_referral"} <= on()
    assert "points_birthday" not in on()
    run(change_settings, store, "points_welcome=0")
    assert "points_welcome" not in on()
