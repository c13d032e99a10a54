"""What README and ARCHITECTURE say is what there is."""

import re
from pathlib import Path

import pytest

from bazgasht.cli import cli, load_commands
from bazgasht.settings import AppSettings
from database.models import Base
from retention.figures.page import page

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
FROM_ELSEWHERE = {"database_url", "database_owner_url", "redis_url"}


def test_every_variable_is_in_the_configuration_table_and_no_other() -> None:
    documented = set(re.findall(r"`((?:BAZGASHT|DATABASE|REDIS)_[A-Z_]+)`", README))
    variables = {
        name.upper() if name in FROM_ELSEWHERE else f"BAZGASHT_{name.upper()}"
        for name in AppSettings.model_fields
    }
    assert documented == variables


def test_every_command_is_in_the_readme_and_no_other() -> None:
    load_commands()
    documented = set(re.findall(r"`bazgasht ([a-z-]+)", README))
    assert documented == set(cli.commands)


def test_every_table_is_explained() -> None:
    missing = [name for name in Base.metadata.tables if f"`{name}`" not in ARCHITECTURE]
    assert missing == []


def test_the_page_of_figures_is_the_catalogue() -> None:
    written = (ROOT / "docs" / "figures.md").read_text("utf-8")
    assert written == page(), "write retention.figures.page.page() into docs/figures.md"


@pytest.mark.parametrize("text", [README, ARCHITECTURE], ids=["README", "ARCHITECTURE"])
def test_every_path_that_is_named_exists(text: str) -> None:
    named = re.findall(r"`([a-z]+/[\w./-]*)`|\]\((?!http)([\w./-]+)\)", text)
    paths = {path for pair in named for path in pair if path}
    assert {path for path in paths if not (ROOT / path).exists()} == set()
