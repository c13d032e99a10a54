"""The command that prints a store's figures: text, JSON and CSV, in English and in Persian."""

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bazgasht.report_commands import report_command
from retention.figures.catalogue import catalogue
from retention.figures.period import day_name, month_name
from tests.bazgasht.commands import Commands
from tests.conftest import Installed
from tests.jobs.conftest import order_days_ago, set_settings, settle
from tests.shop import Shop

ADA, SARA = "ada@example.test", "sara@example.test"
TODAY = datetime.now(UTC).date()
LAST_MONTH = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=1)
MONTH = f"{LAST_MONTH:%Y-%m}"


def days_since(day_of_last_month: int) -> int:
    return (TODAY - LAST_MONTH.replace(day=day_of_last_month)).days


@pytest.fixture
def store(installed: Installed) -> Installed:
    """Last month Ada bought twice, 23.00 and 23.00 + 4.50; the month before Sara once, 12.00."""
    order_days_ago(installed, days_since(1) + 10, "Green Tea", email=SARA)
    order_days_ago(installed, days_since(5), "House Blend Beans", email=ADA)
    order_days_ago(installed, days_since(20), "House Blend Beans", "Paper Filters", email=ADA)
    settle(installed)
    return installed


def printed(run: Commands, store: Installed, *words: str) -> str:
    result = run(report_command, str(store.id), *words)
    assert result.exception is None, result.output
    return result.stdout


def refused(run: Commands, store: Installed, *words: str) -> str:
    result = run(report_command, str(store.id), *words)
    assert result.exit_code in {1, 2}
    return result.output


def told(run: Commands, store: Installed, *words: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(printed(run, store, "--json", *words))
    return content


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def values(content: dict[str, Any]) -> dict[str, Any]:
    return {record["name"]: record["value"] for record in content["report"]["figures"]}


def test_the_text_tells_each_figure_with_definition_period_sample_and_interval(
    run: Commands, store: Installed
) -> None:
    set_settings(store, minimum_customers=5)
    lines = printed(run, store).splitlines()

    last = TODAY.replace(day=1) - timedelta(days=1)
    period = f"{LAST_MONTH} to {last} (UTC)"
    assert lines[0].endswith(f"  {period}")
    assert f"Revenue: 50.50 USD; of 2 orders, {period}" in lines
    assert f"Orders: 2; of 2 orders, {period}" in lines
    at = lines.index(
        "Stickiness rate (repeat in the period): not enough data (have 1, need 5); "
        f"of 1 customers, {period}"
    )
    entry = catalogue()["figures"]["stickiness_repeat"]
    assert lines[at + 1] == f"    {entry['definition']['en']}"
    assert "Number of clusters: not enough data (have 2, need 100); of 2 customers, " in "\n".join(
        lines
    )
    assert "- Reviews: none are known; Shopify has no reviews of its own." in lines
    assert any(line.startswith("What kinds are bought [look_kinds]: 2 orders, ") for line in lines)
    row = ["first", "Coffee", "1", "1", "23.00", "1", "1.000", "0.207", "1.000", "no"]
    assert row in [line.split() for line in lines]


def test_an_estimate_has_its_interval(run: Commands, store: Installed) -> None:
    set_settings(store, minimum_customers=5)
    for number in range(4):
        order_days_ago(store, days_since(7), "Socks", billing={"email": f"{number}@example.test"})
    settle(store)

    # One of five customers came back: Wilson's interval of 1/5 is 3.6 % to 62.4 %.
    assert "Repeat purchase rate: 20.0 % (3.6–62.4 %); of 5 customers" in printed(run, store)


def test_persian_text_has_persian_digits_and_jalali_days(run: Commands, store: Installed) -> None:
    text = printed(run, store, "--lang", "fa")

    first = day_name(LAST_MONTH, "jalali").replace("-", "/")
    persian = first.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert persian in text.splitlines()[0]
    assert "درآمد: ۵۰٫۵۰ USD؛ از ۲ سفارش" in text
    assert "داده کافی نیست (موجود ۱، لازم ۳۰)" in text
    assert "دوم" in text
    assert "second" not in text


def test_json_is_exact_and_names_what_tables_have_as_numbers(
    run: Commands, store: Installed
) -> None:
    content = told(run, store, "--month", MONTH)

    revenue = next(one for one in content["report"]["figures"] if one["name"] == "revenue")
    assert (revenue["value"], revenue["exact"], revenue["n"]) == ("50.5000", "101/2", 2)
    assert content["store"] == {
        "id": str(store.id),
        "name": content["store"]["name"],
        "time_zone": "UTC",
        "currency": "USD",
        "calendar": "gregorian",
    }
    assert set(content["names"]["products"].values()) >= {"House Blend Beans"}
    assert set(content["names"]["categories"].values()) >= {"Coffee", "Tea"}
    predicted = {one["name"]: one for one in content["predictions"]["figures"]}
    assert predicted["churn_probability"]["not_enough"]["need"] == 180
    assert (content["changes"], content["baseline"], content["sample"]) == ([], [], [])


def test_csv_has_a_row_for_each_figure_or_of_one_table(run: Commands, store: Installed) -> None:
    found = {row["name"]: row for row in rows(printed(run, store, "--csv", "--month", MONTH))}
    assert found["revenue"]["value"] == "50.5000"
    assert (found["revenue"]["section"], found["revenue"]["currency"]) == ("period", "USD")
    assert (found["stickiness_repeat"]["have"], found["stickiness_repeat"]["need"]) == ("1", "30")
    assert found["stickiness_repeat"]["value"] == ""
    assert found["prediction_days"]["section"] == "predictions"
    persian = rows(printed(run, store, "--csv", "--lang", "fa", "--month", MONTH))
    assert "درآمد" in {row["label"] for row in persian}

    kinds = rows(printed(run, store, "--csv", "--table", "look_kinds", "--month", MONTH))
    assert [(row["part"], row["category_name"], row["units"]) for row in kinds] == [
        ("first", "Coffee", "1"),
        ("second", "Coffee", "2"),
    ]
    units = printed(run, store, "--table", "look_units", "--month", MONTH)
    assert "[look_units]: 2 orders" in units
    assert "Revenue" not in units
    alone = json.loads(printed(run, store, "--json", "--table", "look_units", "--month", MONTH))
    assert [row["units"] for row in alone["rows"]] == [1, 2]
    assert "there are alerts, " in refused(run, store, "--table", "nonsense")


def test_periods_are_days_a_month_or_the_last_days(run: Commands, store: Installed) -> None:
    first, last = LAST_MONTH.replace(day=6), LAST_MONTH.replace(day=28)
    found = told(run, store, "--from", str(first), "--to", str(last))
    assert found["report"]["period"]["start"] == f"{first}T00:00:00+00:00"
    assert values(found)["revenue"] == "27.5000"
    jalali = [day_name(day, "jalali") for day in (first, last)]
    again = told(run, store, "--from", jalali[0], "--to", jalali[1], "--calendar", "jalali")
    assert values(again) == values(found)
    assert again["store"]["calendar"] == "jalali"
    assert values(told(run, store, "--days", "100"))["revenue"] == "62.5000"
    month = month_name(LAST_MONTH.replace(day=20), "gregorian")
    assert values(told(run, store, "--month", month))["orders"] == 2
    assert values(told(run, store, "--month", f"{TODAY:%Y-%m}"))["orders"] == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--from", "2026-01-01"), "give both --from and --to"),
        (("--month", "2026-01", "--days", "3"), "give one of --from with --to, --month and --days"),
        (("--month", "2026-13"), "is no month; write YYYY-MM"),
        (("--from", "1405-12-31", "--to", "1406-01-02", "--calendar", "jalali"), "is no day of"),
        (("--from", "2026-02-03", "--to", "2026-02-01"), "is not after start"),
        (("--month", "2001-01"), "nothing was bought before the end of the period"),
        (("--month", "2999-01"), "after the observation"),
        (("--sample", "9"), "draw 1 to 1 customers"),
        (("--set-baseline",), "no baseline of 1 customers, 30 are needed"),
    ],
)
def test_what_cannot_be_is_refused(
    run: Commands, store: Installed, words: tuple[str, ...], problem: str
) -> None:
    assert problem in refused(run, store, *words)


def test_a_late_refund_is_shown_as_a_change(run: Commands, store: Installed) -> None:
    printed(run, store, "--month", MONTH)
    shop = Shop(store.sandbox)
    first = min(order["id"] for order in shop.get("orders") if order["total"] == "23.00")
    shop.create(f"orders/{first}/refunds", amount="3.00", api_refund=False)
    settle(store)

    lines = printed(run, store, "--month", MONTH).splitlines()

    assert "== Changed since first computed ==" in lines
    assert lines[lines.index("== Changed since first computed ==") + 1] == f"{TODAY}:"
    assert "    Revenue: 101/2 → 95/2" in lines
    (noted,) = told(run, store, "--month", MONTH)["changes"]
    revenue = next(change for change in noted["changes"] if change["name"] == "revenue")
    assert (revenue["before"], revenue["after"], revenue["difference"]) == ("101/2", "95/2", "-3")


def test_later_periods_are_compared_with_the_baseline(run: Commands, store: Installed) -> None:
    set_settings(store, minimum_customers=5)
    for number in range(4):
        order_days_ago(store, days_since(7), "Socks", billing={"email": f"{number}@example.test"})
    settle(store)
    printed(run, store, "--month", MONTH, "--set-baseline")
    order_days_ago(store, days_since(9), "Socks", billing={"email": "1@example.test"})
    settle(store)

    compared = {one["baseline"]["name"]: one for one in told(run, store)["baseline"]}

    assert set(compared) == {"stickiness_repeat", "stickiness_returning"}
    assert compared["stickiness_repeat"]["baseline"]["exact"] == "20"
    assert compared["stickiness_repeat"]["change"]["exact"] == "20"
    assert "Against the baseline" in printed(run, store)


def test_a_sample_is_drawn(run: Commands, store: Installed) -> None:
    (repeat, returning) = told(run, store, "--days", "100", "--sample", "2")["sample"]
    assert (repeat["n"], returning["n"]) == (2, 2)
    assert repeat["not_enough"] == {"have": 2, "need": 30}


def test_an_unknown_store_is_refused(run: Commands, store: Installed) -> None:
    result = run(report_command, "00000000-0000-0000-0000-000000000000")
    assert "`bazgasht stores` lists them" in str(result.exception)
