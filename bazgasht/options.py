"""Arguments and options that several commands take, and JSON as they print it."""

import json
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def _store(value: str) -> UUID:
    """A store's identifier as typed."""
    try:
        return UUID(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is not a store's identifier; `bazgasht stores` lists them"
        ) from None


store_argument = click.argument("store", callback=lambda _c, _p, value: _store(value))
json_option = click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
apply_option = click.option("--apply", is_flag=True, help="Do it. Without it only tell.")
shortfall_option = click.option(
    "--shortfall",
    type=click.Choice(["write_off", "owe"]),
    help="What becomes of points that are spent: kept by their customers, or owed.",
)


def person_options(command: Command) -> Command:
    """The options that name a person."""
    for name, text in (
        ("--phone", "Phone number, local or with the country's code."),
        ("--email", "E-mail address."),
        ("--account", "The account's identifier in the store."),
    ):
        command = click.option(name, help=text)(command)
    return command


def explained(command: Command) -> Command:
    """The options that say who does something and why."""
    for name, text in (("--actor", "Who does this."), ("--reason", "Why, for the history.")):
        command = click.option(name, required=True, help=text)(command)
    return command


def print_json(content: object) -> None:
    """Print something as JSON that a person can read, too."""
    click.echo(json.dumps(content, ensure_ascii=False, indent=2))
