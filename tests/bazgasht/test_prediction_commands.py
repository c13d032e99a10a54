"""Predictions of each customer, the what-if on a store's own numbers, and the simulator."""

import csv
import json
from fractions import Fraction
from typing import Any

import pytest

from bazgasht.prediction_commands import customer_predictions, simulate_command, what_if
from bazgasht.report_commands import report_command
from tests.bazgasht.commands import Commands, said, told
from tests.conftest import Installed
from tests.jobs.conftest import order_days_ago, set_settings, settle

ADA, SARA = "ada@example.test", "sara@example.test"


@pytest.fixture
def store(installed: Installed) -> Installed:
    """Ada bought 40 and 10 days ago, Sara 20 days ago."""
    order_days_ago(installed, 40, "House Blend Beans", email=ADA)
    order_days_ago(installed, 20, "Green Tea", email=SARA)
    order_days_ago(installed, 10, "House Blend Beans", "Paper Filters", email=ADA)
    settle(installed)
    return installed


@pytest.fixture
def weekly(installed: Installed) -> Installed:
    """Six customers who bought the beans every seventh day, the last time 5 days ago."""
    for number in range(6):
        for days in range(5, 61, 7):
            email = f"{number}@example.test"
            order_days_ago(installed, days, "House Blend Beans", billing={"email": email})
    settle(installed)
    return installed


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_every_customer_is_listed_with_what_the_customer_is_known_by(
    run: Commands, store: Installed
) -> None:
    found = rows(said(run, customer_predictions, str(store.id), "--csv"))

    assert len(found) == 2
    assert {row["customer_name"].partition(":")[0] for row in found} == {"account"}
    assert {row["segment"] for row in found} == {"promising", "lost"}
    assert [row["lifetime_value"] for row in found] == ["", ""]

    content: dict[str, Any] = told(run, customer_predictions, str(store.id))
    assert content["n"] == 2
    assert set(content["names"]["customers"].values()) == {row["customer_name"] for row in found}
    assert content["names"]["customers"].keys() == {
        str(row["customer_id"]) for row in content["rows"]
    }


def test_text_shows_the_first_customers_and_tells_how_many_more(
    run: Commands, installed: Installed
) -> None:
    for number in range(12):
        order_days_ago(installed, 3, "Socks", billing={"email": f"{number}@example.test"})
    settle(installed)

    english = said(run, customer_predictions, str(installed.id))
    assert english.splitlines()[1].startswith(
        "Predictions of customers [customer_predictions]: 12 customers, "
    )
    assert "… 2 more rows" in english
    assert "email:" in english
    persian = said(run, customer_predictions, str(installed.id), "--lang", "fa")
    assert "پیش‌بینی مشتریان [customer_predictions]: ۱۲ مشتری" in persian
    assert len(rows(said(run, customer_predictions, str(installed.id), "--csv"))) == 12


def test_each_customer_and_product_has_an_interval_shrunk_from_the_own_gaps(
    run: Commands, weekly: Installed
) -> None:
    found = rows(said(run, customer_predictions, str(weekly.id), "--by-product", "--csv"))

    assert len(found) == 6
    assert {row["product_name"] for row in found} == {"House Blend Beans"}
    assert {row["count"] for row in found} == {"7"}
    # Every gap is of seven days, so whatever each is drawn toward is of seven days too.
    assert {round(float(row["interval_days"]), 6) for row in found} == {7.0}
    assert {row["customer_name"] for row in found} == {
        f"email:{number}@example.test" for number in range(6)
    }
    due = rows(said(run, report_command, str(weekly.id), "--table", "due_orders", "--csv"))
    assert {row["customer_name"] for row in due} == {row["customer_name"] for row in found}


def test_due_days_and_the_false_alarm_rate_are_settings(run: Commands, weekly: Installed) -> None:
    def figures() -> dict[str, Any]:
        content = told(run, report_command, str(weekly.id))
        return {one["name"]: one["value"] for one in content["predictions"]["figures"]} | {
            one["name"]: one["rows"] for one in content["predictions"]["breakdowns"]
        }

    before = figures()
    # The latest purchase was 5 days ago and yesterday is the last day observed: 3 days are left.
    assert (
        before["due_orders"][0]["expected_day"] == before["due_replenishments"][0]["expected_day"]
    )
    assert len(before["due_orders"]) == 6
    set_settings(weekly, due_days=1, alert_false_alarm_percent="2.5")
    after = figures()
    assert len(after["due_orders"]) == 0
    silent = next(row for row in after["alerts_by_kind"] if row["kind"] == "silent")
    assert (silent["tested"], silent["expected_false"]) == (6, 6 * 0.025)


def test_too_few_repeats_of_products_are_told(run: Commands, store: Installed) -> None:
    result = run(customer_predictions, str(store.id), "--by-product")
    assert result.exit_code == 1
    assert "too few customers have bought a product again" in result.output


def test_a_store_that_sold_nothing_is_told(run: Commands, installed: Installed) -> None:
    assert "nothing was bought" in run(customer_predictions, str(installed.id)).output
    assert "nothing was bought" in run(what_if, str(installed.id)).output


def test_the_what_if_speaks_of_the_stores_own_months(run: Commands, installed: Installed) -> None:
    set_settings(installed, minimum_customers=5)
    for number in range(10):
        for days in (95, 64, 33) if number < 5 else (95,):
            email = f"{number}@example.test"
            order_days_ago(installed, days, "Socks", billing={"email": email})
    settle(installed)

    def figures(*words: str) -> dict[str, str]:
        content = told(run, what_if, str(installed.id), *words)
        return {one["name"]: one["exact"] for one in content["figures"]}

    none, five, ten = figures("--points", "0"), figures(), figures("--points", "۱۰")
    assert none["monthly_retention"] == five["monthly_retention"]
    assert none["what_if_gain"] == "0"
    gains = [Fraction(found["what_if_gain"]) for found in (none, five, ten)]
    assert gains == sorted(set(gains))
    set_settings(installed, what_if_points="10")
    assert figures() == ten
    months = rows(said(run, what_if, str(installed.id), "--csv"))
    assert [row["month_number"] for row in months] == [str(month) for month in range(1, 13)]
    text = said(run, what_if, str(installed.id))
    assert "Gain of twelve months at a higher retention: " in text
    assert "[what_if_months]" in text


def test_too_few_buyers_have_no_what_if(run: Commands, store: Installed) -> None:
    assert "not enough data (have " in said(run, what_if, str(store.id))
    assert "the text says why" in run(what_if, str(store.id), "--csv").output


def test_the_simulator_gives_the_published_figures(run: Commands) -> None:
    found = rows(said(run, simulate_command, "--csv"))
    last = {
        (row["reading"], row["rate"]): round(float(row["revenue"]))
        for row in found
        if row["month_number"] == "12"
    }
    assert last == {
        ("compounding", "5.0"): 1796,
        ("compounding", "10.0"): 3138,
        ("plateau", "5.0"): 1053,
        ("plateau", "10.0"): 1111,
        ("first_customers_only", "5.0"): 0,
        ("first_customers_only", "10.0"): 0,
    }
    text = said(run, simulate_command, "--reading", "compounding")
    assert "    5.0 %: month 12: 179.6 customers, revenue 1,795.86, " in text
    persian = said(run, simulate_command, "--reading", "plateau", "--lang", "fa")
    assert "    ۵٫۰٪: ماه ۱۲: ۱۰۵٫۳ مشتری، درآمد ۱٬۰۵۲٫۶۳، تا آن ماه " in persian
    alone = json.loads(
        said(run, simulate_command, "--rate", "50", "--months", "1", "--json",
                "--customers", "8", "--revenue", "2.5", "--reading", "first_customers_only")
    )  # fmt: skip
    assert [row["revenue"] for row in alone] == ["20.0000", "10.0000"]


@pytest.mark.parametrize("rate", ["-1", "101", "many", "NaN"])
def test_a_rate_that_is_none_is_refused(run: Commands, rate: str) -> None:
    result = run(simulate_command, "--rate", rate)
    assert result.exit_code == 2
    assert f"'{rate}' must be a number from 0 to 100" in result.output
