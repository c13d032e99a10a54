"""The command that loads older orders tells the merchant all that matters."""

from pathlib import Path
from uuid import UUID

from bazgasht.import_commands import import_orders
from bazgasht.services import RunningServices
from tests.bazgasht.commands import Commands
from tests.conftest import Installed
from tests.jobs.test_import_orders import FILE

TOLD = [
    "line 6: Quantity: is not a quantity; write a number like 2",
    "line 7: the order comes a second time in the file; the first is taken",
    "columns ignored, because unknown: Gift wrap",
    "1 orders with the status completed count as purchases",
    "1 orders with the status failed do not count as purchases",
    "1 orders with the status processing count as purchases",
    "3 lines have a product of the store, 1 have none",
]
NAME = "Advanced Order Export For WooCommerce"


def test_the_dry_run_and_the_real_one_tell_the_same(
    installed: Installed, services: RunningServices, tmp_path: Path
) -> None:
    run, file = Commands(services), tmp_path / "orders.csv"
    file.write_text(FILE, "utf-8")
    words = (str(installed.id), str(file))
    assert run(import_orders, *words, "--dry-run").output.splitlines() == [
        *TOLD,
        (
            f"{NAME}: 3 new orders would be loaded, 0 loaded before would be changed, "
            "0 already known, 2 problems; points would be earned: 51"
        ),
    ]
    assert run(import_orders, *words).output.splitlines() == [
        *TOLD,
        (
            f"{NAME}: 3 new orders loaded, 0 loaded before changed, "
            "0 already known, 2 problems; points earned: 51"
        ),
    ]


def test_an_unknown_store_or_file_is_told_plainly(
    installed: Installed, services: RunningServices, tmp_path: Path
) -> None:
    run, file = Commands(services), tmp_path / "orders.csv"
    file.write_text("a,b\n1,2\n", "utf-8")
    unknown = run(import_orders, str(UUID(int=1)), str(file))
    assert "unknown or not active" in str(unknown.exception)
    format_unknown = run(import_orders, str(installed.id), str(file))
    assert "none of the known exports" in str(format_unknown.exception)
    missing = run(import_orders, str(installed.id), str(tmp_path / "no.csv"))
    assert missing.exit_code == 2
    assert "does not exist" in missing.output
