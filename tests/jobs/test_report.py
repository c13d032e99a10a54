"""Reports that keep current, and changes of past figures that are noted."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select, text

from database import costs, reports
from database.costs import Entry
from database.disclosure import describe
from database.models import CustomerPrediction, Report, ReportChange
from database.person import find as find_person
from database.privacy import Subject
from jobs.report import keep, report
from jobs.schedule import TASKS
from jobs.store_figures import read
from retention.figures.period import Period, days, month, month_containing
from tests.conftest import Installed
from tests.jobs.conftest import order_days_ago, set_settings, settle
from tests.shop import Shop

KINDS = ("past", "running_month", "last_days", "predictions")
ADA, SARA = "ada@example.test", "sara@example.test"


def today() -> date:
    return datetime.now(UTC).date()


def last_month() -> Period:
    return month_containing(today().replace(day=1) - timedelta(days=1), "UTC")


def days_since(day_of_last_month: int) -> int:
    """How many days ago that day of the last month was."""
    return (today() - last_month().first_day.replace(day=day_of_last_month)).days


@pytest.fixture
def store(installed: Installed) -> Installed:
    """Last month Ada bought twice, 23.00 and 23.00 + 4.50; two months ago Sara once, 12.00."""
    order_days_ago(installed, days_since(1) + 10, "Green Tea", email=SARA)
    order_days_ago(installed, days_since(5), "House Blend Beans", email=ADA)
    order_days_ago(installed, days_since(20), "House Blend Beans", "Paper Filters", email=ADA)
    settle(installed)
    return installed


def kept(installed: Installed, kind: str) -> list[Report]:
    with installed.scope() as session:
        return list(session.scalars(select(Report).where(Report.kind == kind)))


def numbers(row: Report) -> dict[str, Any]:
    return {record["name"]: record["value"] for record in row.report["figures"]}


def notes(installed: Installed) -> list[ReportChange]:
    with installed.scope() as session:
        return list(session.scalars(select(ReportChange).order_by(ReportChange.id)))


def test_last_month_this_month_and_the_last_days_are_kept(store: Installed) -> None:
    report(str(store.id))

    (past,) = kept(store, "past")
    assert (past.period_start, past.period_end) == (last_month().start, last_month().end)
    found = numbers(past)
    assert (found["customers"], found["orders"], found["revenue"]) == (1, 2, "50.5000")
    assert (found["average_order_value"], found["purchase_frequency"]) == ("25.2500", 2.0)
    assert past.report["figures"][0]["not_enough"] == {"have": 1, "need": 30}
    (running,) = kept(store, "running_month")
    assert running.period_start == last_month().end
    assert (numbers(running)["orders"], numbers(running)["revenue"]) == (0, "0.0000")
    (latest,) = kept(store, "last_days")
    yesterday = today() - timedelta(days=1)
    assert latest.period_end == days(yesterday, yesterday, "UTC").end
    assert latest.period_end - latest.period_start == timedelta(days=90)
    assert (numbers(latest)["customers"], numbers(latest)["revenue"]) == (2, "62.5000")
    named = {remark["name"] for remark in past.report["remarks"]}
    assert named >= {"sources_unknown", "reviews_unknown", "costs_unknown"}


def test_predictions_and_customers_are_kept_with_them(store: Installed) -> None:
    report(str(store.id))

    (predicted,) = kept(store, "predictions")
    figures = {record["name"]: record for record in predicted.report["figures"]}
    assert figures["prediction_days"]["value"] == 90
    assert figures["prediction_days"]["n"] == 2
    assert figures["due_orders"]["not_enough"] == {"have": 1, "need": 30}
    with store.scope() as session:
        rows = session.scalars(
            select(CustomerPrediction).order_by(CustomerPrediction.customer_id)
        ).all()
    assert len(rows) == 2
    assert all(row.value is None and row.segment for row in rows)


def test_a_person_is_told_what_is_predicted(store: Installed) -> None:
    report(str(store.id))
    with store.scope() as session:
        person = find_person(session, Subject(email=ADA))
        (told,) = describe(session, person)["predictions"]
    assert told["segment"] in {"new", "promising", "slipping", "lost"}
    assert told["value"] is None


def test_what_has_not_changed_is_not_computed_again(store: Installed) -> None:
    report(str(store.id))
    before = {(row.kind, row.computed_at) for kind in KINDS for row in kept(store, kind)}

    report(str(store.id))

    assert {(row.kind, row.computed_at) for kind in KINDS for row in kept(store, kind)} == before
    assert len(before) == 4


def test_a_late_refund_changes_last_month_and_is_noted(store: Installed) -> None:
    report(str(store.id))
    shop = Shop(store.sandbox)
    first = min(order["id"] for order in shop.get("orders") if order["total"] == "23.00")
    shop.create(f"orders/{first}/refunds", amount="3.00", api_refund=False)
    settle(store)

    report(str(store.id))

    (past,) = kept(store, "past")
    assert numbers(past)["revenue"] == "47.5000"
    assert numbers(past)["orders"] == 2
    (note,) = notes(store)
    assert (note.period_start, note.period_end) == (last_month().start, last_month().end)
    changed = {change["name"]: change for change in note.changes if change["column"] == "value"}
    assert changed["revenue"] == {
        "name": "revenue",
        "row": {},
        "column": "value",
        "before": "101/2",
        "after": "95/2",
        "difference": "-3",
    }
    assert changed["average_order_value"]["difference"] == "-3/2"
    assert "orders" not in changed

    report(str(store.id))
    assert len(notes(store)) == 1


def test_any_kept_past_period_follows_a_refund(store: Installed) -> None:
    report(str(store.id))
    before = last_month().first_day - timedelta(days=40)
    older = days(before, last_month().first_day - timedelta(days=1), "UTC")
    keep_past(store, older)
    shop = Shop(store.sandbox)
    tea = next(order["id"] for order in shop.get("orders") if order["total"] == "12.00")
    shop.create(f"orders/{tea}/refunds", amount="2.00", api_refund=False)
    settle(store)

    report(str(store.id))

    with store.scope() as session:
        row = reports.find(session, "past", older)
        assert row is not None
        assert numbers(row)["revenue"] == "10.0000"
        (note,) = reports.noted(session, older)
    revenue = next(change for change in note.changes if change["name"] == "revenue")
    assert (revenue["before"], revenue["after"]) == ("12", "10")


def test_what_was_told_of_orders_that_are_all_cancelled_since_does_not_stay(
    store: Installed,
) -> None:
    report(str(store.id))
    shop = Shop(store.sandbox)
    for order in shop.get("orders"):
        shop.change(f"orders/{order['id']}", status="cancelled")
    settle(store)

    report(str(store.id))

    (past,), (latest,) = kept(store, "past"), kept(store, "last_days")
    for row in (past, latest):
        assert [numbers(row)[name] for name in ("customers", "orders")] == [0, 0]
        assert numbers(row)["revenue"] == "0.0000"
    (note,) = notes(store)
    revenue = next(change for change in note.changes if change["name"] == "revenue")
    assert (revenue["before"], revenue["after"]) == ("101/2", "0")
    assert kept(store, "predictions") == []
    with store.scope() as session:
        assert session.scalars(select(CustomerPrediction)).all() == []

    report(str(store.id))
    assert len(notes(store)) == 1


def test_options_of_figures_are_settings(store: Installed) -> None:
    report(str(store.id))
    assert kept(store, "past")[0].report["stage"]["thresholds"]["large_base"] == 1000

    set_settings(
        store, leaving_silence_days=33, stage_large_base=7, gross_margin_percent="40",
        return_horizon_days=21, contact_window_percent=80, later_margin="12.5",
    )  # fmt: skip
    report(str(store.id))

    (past,) = kept(store, "past")
    found = numbers(past)
    assert found["silence_days"] == 33
    assert past.report["stage"]["thresholds"]["large_base"] == 7
    options = read(store.context, store.id)._options(last_month())
    assert (options.gross_margin, options.later_margin) == (Fraction(2, 5), Fraction(25, 2))
    assert (options.horizon_days, options.window_share) == (21, 0.8)


def test_a_cost_that_is_entered_makes_the_reports_of_its_days_anew(store: Installed) -> None:
    report(str(store.id))
    first = last_month().first_day
    with store.scope() as session:
        costs.add(session, store.id, Entry("messages", first, first, Decimal("8.25"), "USD"))

    report(str(store.id))

    (past,) = kept(store, "past")
    assert numbers(past)["retention_cost"] == "8.2500"
    assert "costs_unknown" not in {one["name"] for one in past.report["remarks"]}


def keep_past(installed: Installed, period: Period) -> None:
    source = read(installed.context, installed.id)
    assert keep(installed.context, installed.id, source, "past", source.report(period)) == []


def test_what_is_bought_later_changes_no_past_figure(store: Installed) -> None:
    report(str(store.id))
    (before,) = kept(store, "past")
    Shop(store.sandbox).order("Socks", email=SARA)
    settle(store)

    report(str(store.id))

    (after,) = kept(store, "past")
    assert after.computed_at == before.computed_at
    assert notes(store) == []
    (running,) = kept(store, "running_month")
    assert (numbers(running)["orders"], numbers(running)["revenue"]) == (1, "7.0000")


def test_an_older_reading_does_not_overwrite_a_newer_one(store: Installed) -> None:
    stale = read(store.context, store.id)
    report(str(store.id))
    (kept_before,) = kept(store, "past")
    assert keep(store.context, store.id, stale, "past", stale.report(last_month())) == []
    (row,) = kept(store, "past")
    assert row.computed_at == kept_before.computed_at


def test_orders_in_other_currencies_are_left_out_and_told(store: Installed) -> None:
    with store.scope() as session:
        session.execute(text("UPDATE orders SET currency = 'EUR' WHERE kept_net = 27.5"))

    report(str(store.id))

    (past,) = kept(store, "past")
    assert numbers(past)["revenue"] == "23.0000"
    told = {remark["name"]: remark["words"] for remark in past.report["remarks"]}
    assert told["other_currencies"]["en"].startswith("1 orders in currencies other than")


def test_months_follow_the_stores_calendar(store: Installed) -> None:
    with store.scope() as session:
        session.execute(text("UPDATE stores SET time_zone = 'Asia/Tehran'"))
    source = read(store.context, store.id)
    assert source.calendar == "jalali"
    set_settings(store, calendar="gregorian")
    assert read(store.context, store.id).calendar == "gregorian"
    set_settings(store, calendar="automatic")

    report(str(store.id))

    (running,) = kept(store, "running_month")
    wanted = month_containing(source.today, "Asia/Tehran", "jalali")
    assert (running.period_start, running.period_end) == (wanted.start, wanted.end)
    (past,) = kept(store, "past")
    assert past.period_end == wanted.start


def test_a_store_without_orders_or_without_a_row_has_no_reports(installed: Installed) -> None:
    report(str(installed.id))
    assert [kept(installed, kind) for kind in KINDS] == [[], [], [], []]

    with installed.scope() as session:
        session.execute(text("DELETE FROM stores"))
    report(str(installed.id))


def test_reports_are_asked_for_every_hour() -> None:
    assert [task.every for task in TASKS if task.name == "reports"] == [3600]


def test_a_day_belongs_to_one_month_of_each_calendar() -> None:
    # 1 Mehr 1405 is 23 September 2026.
    assert month_containing(date(2026, 9, 22), "UTC", "jalali") == month(1405, 6, "UTC", "jalali")
    assert month_containing(date(2026, 9, 23), "UTC", "jalali") == month(1405, 7, "UTC", "jalali")
    assert month_containing(date(2026, 9, 30), "UTC") == month(2026, 9, "UTC")
