"""Running commands of the command line against the services of the tests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from click.testing import CliRunner, Result

from bazgasht.services import RunningServices
from bazgasht.settings import AppSettings
from jobs import context as job_context
from jobs.context import Context
from tests.conftest import SECRET_KEY


class Commands:
    """Runs a command as typed, with the settings of this installation."""

    def __init__(self, services: RunningServices) -> None:
        self._settings = AppSettings.model_validate(
            {
                "database_url": services.app_url,
                "redis_url": services.redis_url,
                "secret_keys": SECRET_KEY,
                "development": True,
            }
        )

    def __call__(self, command: click.Command, *words: str) -> Result:
        """The result; what the command raises that is no click error is in `exception`."""
        with _own_context():
            return CliRunner().invoke(command, list(words), obj=self._settings)


def said(run: Commands, command: click.Command, *words: str) -> str:
    """What a command prints that does not fail."""
    result = run(command, *words)
    assert result.exception is None, result.output
    return result.stdout


def told(run: Commands, command: click.Command, *words: str) -> Any:
    """What a command prints as JSON."""
    return json.loads(said(run, command, *words, "--json"))


@contextmanager
def _own_context() -> Iterator[None]:
    """Give back the connections that a command makes for its process, which ends with it."""
    before: Context = job_context.current()
    try:
        yield
    finally:
        made = job_context.current()
        job_context.use(before)
        if made is not before:
            made.engine.dispose()
            made.redis.close()
