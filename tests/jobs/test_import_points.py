"""Balances of another programme: told first, then brought in once, and taken back."""

from pathlib import Path
from typing import Any

import pytest

from database import point_imports
from database.privacy import Subject
from jobs import privacy
from jobs.erasing import erase
from jobs.import_points import import_file, import_from_store
from jobs.points import adjust
from jobs.told_balances import ImportedPoints
from jobs.undo_import import UndoneImport, undo_import
from jobs.verification import verify
from sandbox.records import Meta
from tests.conftest import Installed
from tests.jobs.conftest import set_settings, settle
from tests.jobs.state import ledger, points
from tests.shop import Shop

SARA, REZA, GUEST = "sara@example.test", "reza@example.test", "visitor@example.test"
WHY = {"actor": "Reza", "note": "the wrong file"}


@pytest.fixture
def bring(installed: Installed, tmp_path: Path) -> Any:
    def run(content: str, *, apply: bool = True, **more: Any) -> ImportedPoints:
        path = tmp_path / "balances.csv"
        path.write_text(content, "utf-8")
        named = {"actor": "Reza", "reference": "old", **more}
        return import_file(installed.context, installed.id, path, apply=apply, **named)

    return run


def balance(installed: Installed) -> dict[str, int]:
    with installed.scope() as session:
        return points(session)


def undone(installed: Installed, *, apply: bool = True, **more: Any) -> UndoneImport:
    return undo_import(installed.context, installed.id, "old", apply=apply, **{**WHY, **more})


def told(done: ImportedPoints) -> tuple[int, int, int, int, list[str]]:
    problems = [str(one) for one in done.problems]
    return done.new, done.known, done.customers, done.points, problems


def test_a_dry_run_tells_what_applying_does_and_changes_nothing(
    installed: Installed, shop: Shop, bring: Any
) -> None:
    content = f"account,email,points\n,{SARA},100\n,{GUEST},7\n999,,5\n,{SARA},3\n,x,9\n"
    problems = [
        "line 6: email: is not an e-mail address; write it like name@example.com",
        "line 5: the customer comes a second time in the file; the first row is taken",
        "line 4: the store has no account 999; correct it, or name the e-mail address",
    ]
    dry = bring(content, apply=False)
    assert (told(dry)[:4], set(told(dry)[4])) == ((2, 0, 2, 107), set(problems))
    assert balance(installed) == {}
    done = bring(content)
    assert told(done) == told(dry)
    settle(installed)
    account = f"account:{shop.customer_id(SARA)}"
    assert balance(installed) == {account: 100, f"email:{GUEST}": 7}
    assert shop.meta(SARA)["bazgasht_points"] == "100"
    assert verify(installed.context, installed.id).problems == []


def test_the_same_file_again_adds_nothing_and_another_is_refused(
    installed: Installed, bring: Any
) -> None:
    content = f"email,points\n{SARA},100\n"
    bring(content)
    assert told(bring(content)) == (0, 1, 0, 0, [])
    with pytest.raises(ValueError, match="reference old was used for another file"):
        bring(f"email,points\n{SARA},200\n")
    # Without a reference the content is the reference.
    named = bring(content, reference=None)
    assert (named.reference, named.points) != ("old", 0)
    assert told(bring(content, reference=None)) == (0, 1, 0, 0, [])
    with pytest.raises(ValueError, match="use 1 to 64 letters"):
        bring(content, reference="a:b")
    with pytest.raises(ValueError, match="actor is empty"):
        bring(content, actor=" ")


def test_points_expire_on_the_day_told_or_by_the_rule_of_today(
    installed: Installed, bring: Any
) -> None:
    set_settings(installed, points_expiry_days=10)
    past = "line 4: the points have expired already; leave the row out"
    content = f"email,points,expires\n{SARA},100,2199-12-31\n{REZA},7,\n{GUEST},5,2020-01-31\n"
    assert told(bring(content)) == (2, 0, 2, 107, [past])
    with installed.scope() as session:
        lots = point_imports.lots_beginning(session, "import:old:")
        days = [(lot.expires_at - lot_made(installed)).days for lot in lots if lot.expires_at]
    assert lots[0].expires_at is not None
    assert lots[0].expires_at.isoformat() == "2200-01-01T00:00:00+00:00"
    assert days[1] == 9  # Ten days from now, less the moment since.


def lot_made(installed: Installed) -> Any:
    with installed.scope() as session:
        return point_imports.imports(session)[0].at.replace(microsecond=999_999)


def test_an_import_is_undone_as_a_whole_and_can_come_again(
    installed: Installed, shop: Shop, bring: Any
) -> None:
    content = f"email,points\n{SARA},100\n{GUEST},7\n"
    bring(content)
    assert undone(installed, apply=False) == UndoneImport("old", balances=2, points=107)
    assert sum(balance(installed).values()) == 107
    assert undone(installed) == UndoneImport("old", balances=2, points=107)
    assert undone(installed) == UndoneImport("old")
    settle(installed)
    assert (balance(installed), shop.meta(SARA)["bazgasht_points"]) == ({}, "0")
    assert told(bring(content))[3] == 107
    with installed.scope() as session:
        (listed,) = point_imports.imports(session)
        assert (listed.reference, listed.balances, listed.given, listed.left) == (
            "old",
            2,
            107,
            107,
        )
    with pytest.raises(LookupError, match="no import 'never'"):
        undo_import(installed.context, installed.id, "never", **WHY)  # type: ignore[arg-type]


@pytest.mark.parametrize(("shortfall", "left"), [("write_off", 0), ("owe", -60)])
def test_spent_points_keep_an_import_from_being_undone_unless_a_policy_says(
    installed: Installed, shop: Shop, bring: Any, shortfall: str, left: int
) -> None:
    bring(f"email,points\n{SARA},100\n{GUEST},7\n")
    person = Subject(None, SARA, None)
    adjust(installed.context, installed.id, person, -60, actor="Reza", note="spent in the shop")
    assert undone(installed, apply=False).spent == 60
    with pytest.raises(ValueError, match="60 points of the import were spent"):
        undone(installed)
    assert sum(balance(installed).values()) == 47
    assert undone(installed, shortfall=shortfall).spent == 60
    settle(installed)
    assert shop.meta(SARA)["bazgasht_points"] == str(left)
    assert verify(installed.context, installed.id).problems == []


def test_nothing_is_kept_of_whoever_was_erased(installed: Installed, bring: Any) -> None:
    guest = Subject(None, GUEST, None)
    key = privacy.ask(installed.context, installed.id, "erase", guest)
    bring(f"email,points\n{GUEST},7\n")
    erase(installed.context, installed.id, guest, key)
    assert told(bring(f"email,points\n{GUEST},9\n", reference="next")) == (
        *(0, 0, 0, 0),
        ["line 2: the customer was erased on request; leave the row out"],
    )


def show(installed: Installed, email: str, value: Any) -> None:
    """Another programme shows a balance on an account."""
    store = installed.sandbox.store
    with store.lock:
        account = store.customers[store.customer_ids_by_email[email]]
        kept = tuple(row for row in account.meta if row.key != "wc_points_balance")
        account.meta = (*kept, Meta(900_000 + account.id, "wc_points_balance", value))


def test_balances_are_read_from_the_accounts_that_show_them(
    installed: Installed, shop: Shop
) -> None:
    for email, value in ((SARA, 120), (REZA, "30"), ("ada@example.test", "a lot")):
        show(installed, email, value)
    read = {"actor": "Reza", "apply": True}
    done = import_from_store(installed.context, installed.id, **read)  # type: ignore[arg-type]
    assert told(done)[:4] == (2, 0, 2, 150)
    ada = shop.customer_id("ada@example.test")
    said = f"the balance of account {ada} is no whole number from 0 on"
    assert [one.text for one in done.problems] == [said]
    # Read again, only what has changed comes.
    show(installed, REZA, "25")
    again = import_from_store(installed.context, installed.id, **read)  # type: ignore[arg-type]
    assert told(again)[:4] == (1, 1, 0, -5)
    with installed.scope() as session:
        assert sorted(ledger(session)) == [(-5, "reversed"), (30, "imported"), (120, "imported")]
    taken = undo_import(installed.context, installed.id, done.reference, apply=True, **WHY)  # type: ignore[arg-type]
    assert taken.points == 145
