"""The commands about points."""

import pytest
from sqlalchemy import Engine, text

from bazgasht.points_commands import points
from tests.bazgasht.commands import Commands, said, told
from tests.conftest import Installed
from tests.jobs.conftest import settle
from tests.shop import Shop

ADA = "ada@example.test"
WHY = ("--actor", "Reza", "--reason", "a gift")


@pytest.fixture
def store(installed: Installed) -> str:
    Shop(installed.sandbox).order("House Blend Beans", email=ADA)
    settle(installed)
    return str(installed.id)


def test_a_balance_is_printed_for_every_name_of_a_person(run: Commands, store: str) -> None:
    (found,) = told(run, points, "balance", store, "--email", ADA)
    assert (found["available"], found["pending"]) == (23, 0)
    assert found["key"].startswith("account:")
    account = found["key"].removeprefix("account:")
    assert said(run, points, "balance", store, "--account", account) == (
        f"account:{account}  23 available, 0 pending\n"
    )
    persian = account.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert told(run, points, "balance", store, "--account", f" {persian}") == [found]


def test_points_are_given_taken_and_undone(run: Commands, store: str) -> None:
    given = told(run, points, "adjust", store, "7", "--email", ADA, "--reference", "g1", *WHY)
    assert given == {
        "reference": "adjust:g1",
        "applied": True,
        "customer": given["customer"],
        "available": 30,
        "pending": 0,
    }
    assert said(run, points, "adjust", store, "7", "--email", ADA, "--reference", "g1", *WHY) == (
        "adjust:g1: was done before, nothing changed; 30 available, 0 pending\n"
    )
    assert said(run, points, "adjust", store, "-10", "--email", ADA, "--reference", "t", *WHY) == (
        "adjust:t: done; 20 available, 0 pending\n"
    )
    assert said(run, points, "undo", store, "adjust:t", *WHY) == (
        "undo:adjust:t: done; 30 available, 0 pending\n"
    )


def test_the_history_tells_who_did_what_and_why(run: Commands, store: str) -> None:
    said(run, points, "adjust", store, "7", "--email", ADA, "--reference", "g1", *WHY)
    earned, adjusted = told(run, points, "history", store, "--email", ADA)
    assert (earned["available"], earned["reason"], earned["rule"]["per"]) == (23, "earned", "1")
    assert (adjusted["reference"], adjusted["actor"]) == ("adjust:g1:1", "Reza")
    first, second = said(run, points, "history", store, "--email", ADA).splitlines()
    assert first.endswith(f"earned       +23 available  +0 pending  {earned['reference']}")
    assert second.endswith("adjusted     +7 available  +0 pending  adjust:g1:1  Reza: a gift")


def test_errors_say_what_to_do(run: Commands, store: str) -> None:
    adjust = ("adjust", store, "-24", "--email", ADA)
    assert run(points, *adjust, "--actor", "Reza").exit_code == 2
    assert run(points, "adjust", store, "many", "--email", ADA, *WHY).exit_code == 2
    result = run(points, *adjust, *WHY)
    assert (result.exit_code, "has 23 available; take no more than that" in result.output) == (
        1,
        True,
    )
    nobody = run(points, "balance", store, "--email", "nobody@example.test")
    assert "no customer of the store is named like that" in str(nobody.exception)


def test_verify_agrees_or_ends_with_1_and_the_place(
    run: Commands, store: str, superuser: Engine
) -> None:
    assert said(run, points, "verify", store).endswith("everything agrees\n")
    assert told(run, points, "verify", store)["accounts"] == {"issued": -23}
    with superuser.begin() as connection:
        connection.execute(text("UPDATE point_entries SET points = 24"))
    result = run(points, "verify", store)
    assert result.exit_code == 1
    assert "entry 1 (order:" in result.stdout
    assert "its hash is not that of its content" in result.stdout
    assert run(points, "verify", store, "--json").exit_code == 1
