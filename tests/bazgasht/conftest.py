"""What the tests of commands share."""

import pytest

from bazgasht.cli import load_commands
from bazgasht.services import RunningServices
from tests.bazgasht.commands import Commands


@pytest.fixture
def run(services: RunningServices) -> Commands:
    """Runs commands as typed."""
    load_commands()
    return Commands(services)
