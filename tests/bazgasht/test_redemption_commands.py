"""The commands that redeem points."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from bazgasht.points_commands import points
from jobs import redemptions
from tests.bazgasht.commands import Commands
from tests.conftest import Installed
from tests.jobs.conftest import set_settings, settle
from tests.shop import Shop

ADA = "ada@example.test"
WHY = ("--actor", "Reza", "--reason", "a mistake")


@pytest.fixture
def store(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store where Ada has 23 points, each worth ten cents."""
    monkeypatch.setattr(redemptions, "PATIENCE", 60.0)  # However busy the machine is.
    set_settings(installed, redemption_enabled=True, point_value="0.1")
    Shop(installed.sandbox).order("House Blend Beans", email=ADA)
    settle(installed)
    return str(installed.id)


def told(run: Commands, *words: str) -> Any:
    with capture_logs():  # The program's go to standard error.
        result = run(points, *words, "--json")
    assert result.exception is None, result.output
    return json.loads(result.stdout)


def said(run: Commands, *words: str) -> str:
    result = run(points, *words)
    return str(result.stdout if result.exception is None else result.output)


def test_points_are_redeemed_listed_and_given_back(run: Commands, store: str) -> None:
    assert said(run, "redemptions", store) == "no redemptions\n"
    (made,) = told(run, "redeem", store, "20", "--email", ADA)
    assert (made["state"], made["points"], made["worth"], made["currency"]) == (
        "issued", 20, "2.00", "USD",
    )  # fmt: skip
    assert told(run, "redeem", store, "20", "--email", ADA) == [made]
    assert told(run, "redemptions", store) == [made]
    assert told(run, "redemptions", store, "--email", ADA) == [made]
    told(run, "redeem", store, "3", "--account", made["account"], "--reference", "second")
    assert [one["points"] for one in told(run, "redemptions", store)] == [3, 20]
    assert len(told(run, "redemptions", store, "--limit", "1")) == 1
    (ended,) = told(run, "cancel-redemption", store, made["reference"], *WHY)
    assert (ended["state"], ended["reason"]) == ("released", "cancelled by Reza: a mistake")
    assert told(run, "balance", store, "--email", ADA)[0]["available"] == 20
    until = f"until {made['expires_at'][:10]} {made['expires_at'][11:16]}Z"
    assert said(run, "redemptions", store).splitlines()[1] == (
        f"{made['reference']}  released  account:{made['account']}  20 points for 2.00 USD  "
        f"{made['code']}  {until}  cancelled by Reza: a mistake"
    )


def test_what_cannot_be_redeemed_is_told_in_one_line(run: Commands, store: str) -> None:
    assert said(run, "redeem", store, "24", "--email", ADA) == (
        "Error: points is 24, and 23 can be spent; redeem no more\n"
    )
    result = run(points, "cancel-redemption", store, "nothing", *WHY)
    assert isinstance(result.exception, LookupError)
