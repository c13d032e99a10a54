"""What points cost, as the command tells it."""

from datetime import UTC, datetime, timedelta

import pytest

from bazgasht.liability_commands import liability_command
from database import points as ledger
from database.bulk import insert_rows
from database.liability import Out, Use
from database.models import Customer
from jobs.points_liability import stays
from retention.ledger.book import Book
from retention.point_lifetimes import Stay
from retention.records import PointAccount, PointEntry, PointReason
from tests.bazgasht.commands import Commands, said, told
from tests.conftest import Installed
from tests.jobs.conftest import set_settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def days_ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def test_points_that_come_back_are_out_again() -> None:
    begun = days_ago(100)

    def use(days: int, against: str, points: int, effect: str = "a") -> Use:
        return Use(effect, 1, begun, begun + timedelta(days=days), against, points)

    used = [
        use(10, "reserved", -40),
        use(20, "redeemed", -30),
        use(25, "redeemed", 35),  # thirty of the last, and five of the first
        use(50, "expired", -8),
        use(60, "expired", 8),
        use(70, "expired", -6, "b"),
        use(-1, "reserved", -2, "c"),  # released and spent before it was to be spent
    ]
    out = [Out(1, begun, 57, 0), Out(2, days_ago(-5), 0, 12), Out(3, days_ago(3), -9, 0)]
    found = [stay for stay in stays(out, used, NOW) if stay.points > 0]
    assert sorted(found) == [
        Stay(1, 0, "redeemed", 2),
        Stay(1, 10, "redeemed", 35),
        Stay(1, 70, "expired", 6),
        Stay(1, 100, "out", 57),
        Stay(2, -1, "out", 12),
    ]


def give(installed: Installed, spent: int, others: int) -> None:
    """Thirty customers with 10 points each, `spent` of them reserved, and others without that."""
    with installed.scope() as session:
        names = [{"key": f"email:c{number}@example.test"} for number in range(30 + others)]
        made = insert_rows(session, Customer, names, returning=("id",))
        book = Book()
        for place, row in enumerate(made):
            amounts: list[tuple[int, PointAccount, PointReason]] = [(10, "issued", "earned")]
            if place < 30:
                amounts.append((-spent, "reserved", "reserved"))
            for number, (amount, against, reason) in enumerate(amounts, 1):
                lot = f"order:x:{row.id}"
                entry = PointEntry(f"{lot}:{number}", lot, None, row.id, amount, 0, against, reason)
                book.post(entry)
        ledger.keep(session, book, ledger.head(session))


def test_without_enough_customers_who_redeemed_nothing_is_expected(
    run: Commands, installed: Installed
) -> None:
    lines = said(run, liability_command, str(installed.id)).splitlines()
    assert lines[0] == (
        "available 0, pending 0, reserved 0, owed by customers 0; worth unknown, set point_value"
    )
    assert lines[-1] == (
        "expected to be redeemed: not enough data, 0 customers have redeemed points, 30 needed"
    )


def test_what_is_expected_is_told_with_its_interval(run: Commands, installed: Installed) -> None:
    give(installed, spent=4, others=10)
    set_settings(installed, point_value="0.05")
    lines = said(run, liability_command, str(installed.id)).splitlines()
    assert lines[0] == (
        "available 280, pending 0, reserved 120, owed by customers 0; worth 20.00 USD"
    )
    assert lines[1] == "  up to 30 days: 280"
    # All of it happened today, beyond which nobody has been seen.
    assert lines[6] == (
        "expected to be redeemed within 0 days of age: 0 points (0 to 0), "
        "0.00 USD (0.00 USD to 0.00 USD)"
    )
    assert lines[7] == "  to expire: 0, not decided by then: 280"
    found = told(run, liability_command, str(installed.id))
    assert (found["reserved"], found["worth"]) == (120, "20.00")
    assert found["expected"]["customers"] == 30
    assert found["expected"]["redemption_rate"]["value"] == pytest.approx(120 / 400)
    assert found["expected"]["worth"]["value"] == "0.00 USD"
