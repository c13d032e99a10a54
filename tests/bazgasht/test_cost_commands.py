"""Costs that a merchant enters: what is kept, refused, listed, and counted by the report."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bazgasht.cost_commands import add, list_costs, remove
from bazgasht.report_commands import report_command
from database import costs
from database.costs import Entry
from tests.bazgasht.commands import Commands
from tests.conftest import Installed
from tests.jobs.conftest import order_days_ago, set_settings, settle

TODAY = datetime.now(UTC).date()
LAST_MONTH = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=1)
MONTH = f"{LAST_MONTH:%Y-%m}"


def typed(run: Commands, store: Installed, *words: str) -> str:
    result = run(add, str(store.id), *words)
    assert result.exception is None, result.output
    return result.stdout


def figures(run: Commands, store: Installed, *words: str) -> tuple[dict[str, Any], list[Any]]:
    content = json.loads(run(report_command, str(store.id), "--json", *words).stdout)["report"]
    (by_kind,) = [one["rows"] for one in content["breakdowns"] if one["name"] == "costs_by_kind"]
    return {one["name"]: one for one in content["figures"]}, by_kind


def test_what_is_entered_is_listed_counted_and_taken_back(
    run: Commands, installed: Installed
) -> None:
    order_days_ago(installed, (TODAY - LAST_MONTH).days, "Socks", email="ada@example.test")
    settle(installed)
    entered = typed(
        run, installed, "--kind", "messages", "--amount", "۱۲۰٫۵", "--month", MONTH
    )  # fmt: skip
    last = TODAY.replace(day=1) - timedelta(days=1)
    assert entered == f"1  entered: {LAST_MONTH} to {last}  messages  120.50 USD\n"
    days = ("--from", str(LAST_MONTH), "--to", str(LAST_MONTH + timedelta(days=1)))
    typed(run, installed, "--kind", "service", "--amount", "3", "--currency", "usd", *days)

    found, by_kind = figures(run, installed)
    assert found["retention_cost"]["exact"] == "247/2"
    assert by_kind == [
        {"kind": "messages", "entries": 1, "amount": "120.5000"},
        {"kind": "service", "entries": 1, "amount": "3.0000"},
    ]
    half, _ = figures(run, installed, "--from", str(LAST_MONTH), "--to", str(LAST_MONTH))
    length = (last - LAST_MONTH).days + 1
    assert half["retention_cost"]["value"] == f"{round(120.5 / length + 1.5, 4):.4f}"

    listed = run(list_costs, str(installed.id)).stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["1", "2"]
    assert run(remove, str(installed.id), "1").stdout == "1  removed\n"
    again = run(remove, str(installed.id), "1")
    assert (again.exit_code, "no entry 1" in again.output) == (1, True)
    assert figures(run, installed)[0]["retention_cost"]["exact"] == "3"


def test_days_are_read_in_the_calendar_of_the_store(run: Commands, installed: Installed) -> None:
    set_settings(installed, calendar="jalali")
    text = typed(run, installed, "--kind", "programme", "--amount", "7", "--month", "1404-01")
    assert text == "1  entered: 1404-01-01 to 1404-01-31  programme  7.00 USD\n"
    with installed.scope() as session:
        (row,) = costs.listing(session)
    assert (str(row.first_day), str(row.last_day)) == ("2025-03-21", "2025-04-20")


def test_an_amount_in_another_currency_is_left_out_and_told(
    run: Commands, installed: Installed
) -> None:
    order_days_ago(installed, (TODAY - LAST_MONTH).days, "Socks", email="ada@example.test")
    settle(installed)
    with installed.scope() as session:
        day = LAST_MONTH
        costs.add(session, installed.id, Entry("messages", day, day, Decimal(5), "EUR"))
    content = json.loads(run(report_command, str(installed.id), "--json").stdout)["report"]
    assert "1 entered costs are in another currency" in json.dumps(content["remarks"])


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--month", MONTH), "Missing option '--amount'"),
        (("--amount", "1"), "give --month, or --from with --to"),
        (("--amount", "1", "--from", "2026-01-01"), "give both --from and --to"),
        (("--amount", "1", "--month", MONTH, "--to", "2026-01-01"), "give --month, or --from"),
        (("--amount", "1", "--month", "2026-13"), "'2026-13' is no month; write YYYY-MM"),
        (("--amount", "1", "--from", "2026-02-02", "--to", "2026-02-01"), "--to is before --from"),
        (("--amount", "0", "--month", MONTH), "--amount is 0; give what was spent"),
        (("--amount", "-3", "--month", MONTH), "'-3' must be a number from 0 to "),
        (("--amount", "1.005", "--month", MONTH), "more than the 2 decimals that USD has"),
        (("--amount", "1.00005", "--month", MONTH), "must have at most 4 decimals"),
        (
            ("--amount", "1", "--currency", "EUR", "--month", MONTH),
            "--currency is EUR, but the store's figures are in USD: enter the amount in USD",
        ),
        (("--amount", "1", "--kind", "discounts", "--month", MONTH), "'discounts' is not one of"),
    ],
)
def test_what_cannot_be_is_refused(
    run: Commands, installed: Installed, words: tuple[str, ...], problem: str
) -> None:
    result = run(add, str(installed.id), "--kind", "messages", *words)
    assert result.exit_code in {1, 2}
    assert problem in result.output
    assert run(list_costs, str(installed.id)).stdout == "nothing was entered yet\n"


def test_an_unknown_store_is_refused(run: Commands, installed: Installed) -> None:
    result = run(list_costs, "00000000-0000-0000-0000-000000000000")
    assert "`bazgasht stores` lists them" in str(result.exception)
