"""Points that lapse after a time without activity, warnings, and what the store shows of both."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine, select, text

from database.models import ExpiryWarning
from jobs.expiry import expiring
from jobs.points import advance
from jobs.verification import verify
from tests.conftest import Installed
from tests.jobs.conftest import Calls, pay, set_settings, settle
from tests.jobs.test_ledger import SARA, change, entries, later
from tests.shop import Shop

SHOWN = ("points", "points_next_expiry", "points_expiring", "points_value")


def shown(installed: Installed) -> list[str | None]:
    meta = Shop(installed.sandbox).meta(SARA)
    return [meta.get(f"bazgasht_{name}") for name in SHOWN]


def in_days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def pass_days(superuser: Engine, days: int) -> None:
    """Let so many days pass, by dating back all that is known, which breaks the chain of hashes."""
    with superuser.begin() as connection:
        for statement in (
            "UPDATE orders SET paid_at = paid_at - :time, placed_at = placed_at - :time",
            "UPDATE point_entries SET created_at = created_at - :time",
            "UPDATE rule_starts SET since = since - :time",
            "UPDATE rule_starts SET rule = '' WHERE name = 'day' AND :time IS NOT NULL",
        ):
            connection.execute(text(statement), {"time": timedelta(days=days)})


def move_on(installed: Installed) -> None:
    advance(str(installed.id))
    settle(installed)


def by_inactivity(installed: Installed, days: int = 100) -> None:
    set_settings(installed, points_expiry="inactivity", points_inactivity_days=days)
    move_on(installed)


def test_the_next_expiry_is_shown_with_what_the_points_are_worth(
    installed: Installed, superuser: Engine, calls: Calls
) -> None:
    set_settings(installed, points_expiry_days=100, point_value="0.05")
    pay(installed, 10, "Green Tea")
    pay(installed, 4, "Earl Grey")
    assert shown(installed) == ["25", in_days(90), "12", "1.25 USD"]
    later(superuser, 95)
    move_on(installed)
    assert shown(installed) == ["13", in_days(1), "13", "0.65 USD"]
    set_settings(installed, points_expiry_days=100, point_value="0")
    move_on(installed)
    assert shown(installed) == ["13", in_days(1), "13", None]
    calls.writes()
    move_on(installed)
    assert calls.writes() == []


def test_all_points_lapse_after_days_without_activity_but_not_when_that_is_new(
    installed: Installed, superuser: Engine
) -> None:
    pay(installed, 300, "Green Tea")
    by_inactivity(installed)
    # Nobody was active for a hundred days, and still nothing lapses before the grace is over.
    assert entries(installed) == [(12, "earned")]
    assert shown(installed)[:3] == ["12", in_days(30), "12"]
    pass_days(superuser, 29)
    move_on(installed)
    assert entries(installed) == [(12, "earned")]
    pass_days(superuser, 1)
    for _ in range(2):
        move_on(installed)
    assert entries(installed) == [(12, "earned"), (-12, "lapsed")]
    assert shown(installed)[:3] == ["0", None, None]


def test_orders_and_points_given_or_spent_put_a_lapse_off(
    installed: Installed, superuser: Engine
) -> None:
    pay(installed, 60, "Green Tea")
    by_inactivity(installed)
    assert shown(installed)[1] == in_days(40)
    order = pay(installed, 5, "Earl Grey")
    assert shown(installed)[:3] == ["25", in_days(95), "25"]
    Shop(installed.sandbox).change(f"orders/{order['id']}", status="cancelled")
    settle(installed)
    assert shown(installed)[:3] == ["12", in_days(40), "12"]
    change(installed, 3)
    settle(installed)
    assert shown(installed)[:3] == ["15", in_days(100), "15"]


def test_an_order_that_becomes_known_late_gives_back_what_lapsed_wrongly(
    installed: Installed, superuser: Engine
) -> None:
    pay(installed, 300, "Green Tea")
    by_inactivity(installed)
    pass_days(superuser, 31)
    move_on(installed)
    assert entries(installed)[-1] == (-12, "lapsed")
    pass_days(superuser, 20)
    pay(installed, 200, "Earl Grey")  # 180 days before the lapse: it was right
    assert entries(installed)[2:] == [(13, "earned")]
    late = pay(installed, 50, "Earl Grey")  # 30 days before it: it was wrong
    assert entries(installed)[3:] == [(13, "earned"), (12, "restored")]
    assert shown(installed)[0] == "38"
    Shop(installed.sandbox).change(f"orders/{late['id']}", customer_note="told again")
    settle(installed)
    assert len(entries(installed)) == 5
    problems = verify(installed.context, installed.id).problems
    assert [one for one in problems if "its hash" not in one] == []


def test_customers_are_noted_for_a_warning_once_for_each_time(
    installed: Installed, superuser: Engine
) -> None:
    set_settings(installed, points_expiry_days=100, points_warning_days=["30", "7"])
    pay(installed, 60, "Green Tea")
    pay(installed, 69, "Earl Grey")

    def noted() -> list[tuple[int, int]]:
        with installed.scope() as session:
            rows = session.execute(select(ExpiryWarning.days_before, ExpiryWarning.points))
            return sorted((row[0], row[1]) for row in rows)

    move_on(installed)
    assert noted() == []
    for days, known in ((1, [(30, 13)]), (9, [(30, 12), (30, 13)]), (14, [(7, 13), (30, 12)])):
        later(superuser, days)
        with superuser.begin() as connection:
            connection.execute(
                text("UPDATE expiry_warnings SET expires_on = expires_on - :days"), {"days": days}
            )
        pass_days(superuser, 0)
        for _ in range(2):
            move_on(installed)
        assert set(known) <= set(noted())
    assert noted() == [(7, 13), (30, 12), (30, 13)]
    found = expiring(installed.context, installed.id, 30)
    assert [(one.points, one.expires_on.isoformat()) for one in found] == [
        (13, in_days(7)),
        (12, in_days(16)),
    ]
    assert expiring(installed.context, installed.id, 6) == []
    assert found[0].expires_on == date.fromisoformat(in_days(7))
