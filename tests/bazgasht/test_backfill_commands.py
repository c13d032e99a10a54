"""The commands that give points to older orders."""

from sqlalchemy import select, text

from bazgasht.points_commands import points
from bazgasht.store_commands import change_settings
from database.models import Store
from tests.bazgasht.commands import Commands, said, told
from tests.conftest import Installed
from tests.jobs.conftest import set_settings, settle
from tests.shop import Shop


def test_points_switched_on_late_come_to_older_orders_by_a_backfill(
    run: Commands, installed: Installed
) -> None:
    store = str(installed.id)
    set_settings(installed, points_enabled=False)
    Shop(installed.sandbox).order("Green Tea", email="sara@example.test")
    settle(installed)
    assert run(change_settings, store, "points_enabled=on").exit_code == 0
    with installed.scope() as session:
        began = session.scalars(select(Store.points_since)).one()
        assert began is not None
        assert 0 <= (session.scalar(text("SELECT now()")) - began).total_seconds() < 60
    # Switched on when it is on already, it stays as it is.
    assert run(change_settings, store, "points_enabled=on", "points_earned=1").exit_code == 0
    with installed.scope() as session:
        assert session.scalars(select(Store.points_since)).one() == began

    assert said(run, points, "backfill", store, "--since", "1405/01/01") == (
        "backfill: 12 points would be given, of 1 orders by 1 customers\n"
    )
    done = told(run, points, "backfill", store, "--apply")
    assert done == {
        "reference": "backfill", "orders": 1, "customers": 1, "points": 12, "spent": 0,
        "applied": True,
    }  # fmt: skip
    assert said(run, points, "undo-backfill", store, "--apply") == (
        "backfill: 12 points taken back, of 1 orders by 1 customers\n"
    )
    for day, problem in (("31/12/2025", "write it year first"), ("2999-01-01", "in the future")):
        result = run(points, "backfill", store, "--since", day)
        assert (result.exit_code, problem in result.output) == (2, True)
