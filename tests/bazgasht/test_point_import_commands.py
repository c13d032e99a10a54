"""The commands that bring balances in and out."""

from pathlib import Path

import pytest

from bazgasht.points_commands import points
from tests.bazgasht.commands import Commands, said, told
from tests.conftest import Installed

SARA = "sara@example.test"
WHY = ("--actor", "Reza", "--reason", "the wrong file")


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "old.csv"
    path.write_text(f"email,points,shoe size\n{SARA},100,38\nx,9,40\n", "utf-8")
    return str(path)


def test_an_import_is_tried_done_listed_and_undone(
    run: Commands, installed: Installed, file: str
) -> None:
    store = str(installed.id)
    named = ("--actor", "Reza", "--reference", "old")
    lines = said(run, points, "import", store, file, *named).splitlines()
    assert lines == [
        "line 3: email: is not an e-mail address; write it like name@example.com",
        "columns ignored, because unknown: shoe size",
        "old: 1 balances would be brought in, 0 already known, 1 problems; 1 customers, 100 points",
    ]
    assert said(run, points, "imports", store) == "no imports\n"
    done = told(run, points, "import", store, file, *named, "--apply")
    assert (done["points"], done["applied"], len(done["problems"])) == (100, True, 1)
    assert said(run, points, "imports", store).endswith(
        "1 balances, 100 points given, 100 of them left\n"
    )
    assert told(run, points, "imports", store)[0]["reference"] == "old"
    dry = told(run, points, "undo-import", store, "old", *WHY)
    assert dry == {"reference": "old", "balances": 1, "points": 100, "spent": 0, "applied": False}
    assert said(run, points, "undo-import", store, "old", *WHY, "--apply") == (
        "old: 100 points of 1 balances taken back; 0 points were spent already\n"
    )


def test_what_is_exported_can_be_imported_again(
    run: Commands, installed: Installed, file: str, tmp_path: Path
) -> None:
    store = str(installed.id)
    said(run, points, "import", store, file, "--actor", "Reza", "--apply")
    exported = said(run, points, "export", store)
    (header, row) = exported.splitlines()
    assert header == "account,email,phone,points,pending"
    assert f",{SARA}," in row
    assert row.endswith(",100,0")
    out = tmp_path / "out.csv"
    out.write_text(exported, "utf-8")
    assert told(run, points, "import", store, str(out), "--actor", "Reza")["points"] == 100


def test_balances_are_read_from_the_store_or_from_a_file_of_it(
    run: Commands, installed: Installed, file: str
) -> None:
    store, actor = str(installed.id), ("--actor", "Reza")
    assert told(run, points, "import-woocommerce", store, *actor)["points"] == 0
    assert told(run, points, "import-woocommerce", store, file, *actor)["points"] == 100
