"""The command that checks kept lists against all orders."""

from sqlalchemy import text

from bazgasht.check_commands import check_lists
from jobs.kept_lists import SHELF
from tests.bazgasht.commands import Commands
from tests.conftest import Installed
from tests.jobs.conftest import compute, settle
from tests.shop import Shop


def test_wrong_pairs_are_told_healed_and_remembered(run: Commands, installed: Installed) -> None:
    shop = Shop(installed.sandbox)
    for _ in range(2):
        shop.order("Green Tea", "Socks", email="ada@example.test")
    settle(installed)
    compute(installed)
    SHELF.take(installed.id)  # The command is a process of its own, which keeps nothing.
    store = str(installed.id)
    assert run(check_lists, store, "--last").output == "never checked\n"

    with installed.scope() as session:
        session.execute(text("UPDATE product_affinities SET count = 7"))
    first = run(check_lists, store).output
    SHELF.take(installed.id)
    second = run(check_lists, store).output

    assert "2 rows differed from what all orders give, and are right now" in first
    assert "2 rows differed; checks that found any so far: 1" in first
    assert "no row differed from what all orders give" in second
    assert "0 rows differed; checks that found any so far: 1" in second


def test_a_store_that_is_not_there_is_refused(run: Commands) -> None:
    result = run(check_lists, "00000000-0000-0000-0000-000000000001")
    assert "is no active store" in result.output
    assert result.exit_code == 1


def test_what_could_not_be_compared_is_not_said_to_be_right(
    run: Commands, installed: Installed
) -> None:
    shop = Shop(installed.sandbox)
    for _ in range(2):
        shop.order("Green Tea", "Socks", email="ada@example.test")
    settle(installed)
    compute(installed)
    SHELF.take(installed.id)
    store = str(installed.id)
    with installed.scope() as session:
        session.execute(text("UPDATE product_affinities SET count = 7"))
    found = run(check_lists, store).output.splitlines()[-1]
    assert "2 rows differed" in found

    # An order has come since, and the command's process does not know how things were before it.
    shop.order("Green Tea", "Socks", email="ada@example.test")
    settle(installed)
    SHELF.take(installed.id)
    told = run(check_lists, store).output.splitlines()
    assert told[-2:] == [
        "not comparable: the store has changed since it was computed; computed anew",
        found,
    ]
