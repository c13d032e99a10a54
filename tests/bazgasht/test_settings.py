"""The configuration as a person gives it."""

import pytest
from click.testing import CliRunner

from bazgasht.cli import cli
from bazgasht.composition import Addresses, make_context
from bazgasht.memory import machine_memory
from bazgasht.settings import AppSettings
from tests.conftest import SECRET_KEY

NOWHERE = Addresses("postgresql+psycopg://127.0.0.1:1/none", None, "redis://127.0.0.1:1")


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("BAZGASHT_WEB_THREADS", "1", "BAZGASHT_WEB_THREADS: Input should be greater than or"),
        ("BAZGASHT_LISTS_MEMORY", "-1", "BAZGASHT_LISTS_MEMORY: Input should be greater than or"),
        ("BAZGASHT_PUBLIC_URL", "ftp://x", "BAZGASHT_PUBLIC_URL: Value error, must begin with"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    found = CliRunner().invoke(cli, ["new-key"])
    assert found.exit_code == 1
    assert f"Error: configuration: {told}" in found.output


def test_memory_for_lists_is_what_is_set_and_else_follows_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BAZGASHT_SECRET_KEYS", SECRET_KEY)
    assert AppSettings().lists_memory == max(2048, machine_memory() // 4)
    monkeypatch.setenv("BAZGASHT_LISTS_MEMORY", "512")
    assert make_context(AppSettings(), NOWHERE).lists_bytes == 512 * 1024 * 1024
