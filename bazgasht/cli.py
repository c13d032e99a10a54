"""The one command, `bazgasht`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from pydantic import ValidationError

from bazgasht import composition, parts
from bazgasht.logs import configure
from bazgasht.services import ServiceError
from bazgasht.settings import AppSettings, ConfigurationError, first_problem
from bazgasht.supervisor import Supervisor
from connector.errors import ConnectorError
from connector.manifest import load
from connector.settings import InvalidSettings
from connector.shopify.app_config import EXAMPLE_CLIENT_ID, EXAMPLE_URL, app_config
from database.migrate import MigrationError, migrate
from database.vault import VaultError, new_key
from jobs import context as job_context
from jobs.context import Context
from jobs.queue import QUEUES


class Commands(click.Group):
    """Commands, of which those of other modules are loaded only when one of them is wanted.

    Loading them takes longer than anything else that a part does when it starts.
    """

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in self.commands:
            load_commands()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        load_commands()
        return super().list_commands(ctx)


@click.group(cls=Commands)
@click.version_option(package_name="bazgasht")
@click.pass_context
def cli(context: click.Context) -> None:
    """Bazgasht turns first-time buyers into second-time buyers."""
    try:
        settings = AppSettings()
    except ValidationError as error:
        raise click.ClickException(f"configuration: {first_problem(error)}") from None
    configure(settings.log_level, settings.log_format)
    context.obj = settings


@contextmanager
def opened_context(settings: AppSettings) -> Iterator[Context]:
    """Connections for a short command, to services that run or are started for it."""
    with composition.services(settings) as (_, where):
        if where.owner_url and not settings.database_url:
            migrate(where.owner_url, where.app_url)
        context = composition.make_context(settings, where)
        job_context.use(context)
        yield context


@cli.command()
@click.pass_obj
def run(settings: AppSettings) -> None:
    """Run everything on this machine, services included, until Ctrl-C."""
    with composition.services(settings) as (running, where):
        if where.owner_url:
            migrate(where.owner_url, where.app_url)
        keys = composition.secret_keys(settings)
        supervisor = Supervisor(parts.parts(settings, where, keys), ensure=running.ensure)
        code = supervisor.run()
    sys.exit(code)


@cli.command()
@click.pass_obj
def web(settings: AppSettings) -> None:
    """Serve webhooks and pages."""
    parts.serve_web(settings)


@cli.command()
@click.argument("name", type=click.Choice(QUEUES))
@click.pass_obj
def worker(settings: AppSettings, name: str) -> None:
    """Run the jobs of one queue."""
    parts.run_worker(settings, name)


@cli.command()
@click.pass_obj
def scheduler(settings: AppSettings) -> None:
    """Enqueue what is due. Any number may run: each tick counts once."""
    parts.run_scheduler(settings)


@cli.command("migrate")
@click.pass_obj
def migrate_command(settings: AppSettings) -> None:
    """Bring the database to the newest schema."""
    if settings.database_url:
        owner = composition.owner_address(settings)
        if not owner:
            raise ConfigurationError("set DATABASE_OWNER_URL to the role that owns the tables")
        revision = migrate(owner, composition.with_driver(settings.database_url.get_secret_value()))
    else:
        with composition.services(settings) as (_, where):
            revision = migrate(str(where.owner_url), where.app_url)
    click.echo(f"the database is at revision {revision}")


@cli.command("new-key")
def new_key_command() -> None:
    """Print a fresh key for BAZGASHT_SECRET_KEYS."""
    click.echo(new_key())


@cli.command("manifest")
@click.option("--url", default=EXAMPLE_URL, help="Where the app is reached, https.")
@click.option("--client-id", default=EXAMPLE_CLIENT_ID, help="The app's own number at Shopify.")
def manifest_command(url: str, client_id: str) -> None:
    """Print shopify.app.toml, made from the manifest."""
    try:
        click.echo(app_config(load(), url, client_id), nl=False)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def load_commands() -> None:
    """Let the modules that hold commands join the group; they need it to be there first."""
    from bazgasht import (  # noqa: PLC0415
        backfill_commands,  # noqa: F401
        check_commands,  # noqa: F401
        choice_commands,  # noqa: F401
        claim_commands,  # noqa: F401
        cost_commands,  # noqa: F401
        evaluate_commands,  # noqa: F401
        import_commands,  # noqa: F401
        liability_commands,  # noqa: F401
        occasion_commands,  # noqa: F401
        plugin_commands,  # noqa: F401
        point_import_commands,  # noqa: F401
        points_commands,  # noqa: F401
        prediction_commands,  # noqa: F401
        privacy_commands,  # noqa: F401
        recommendation_commands,  # noqa: F401
        redemption_commands,  # noqa: F401
        report_commands,  # noqa: F401
        store_commands,  # noqa: F401
        tier_commands,  # noqa: F401
    )
    from bazgasht.demo import command  # noqa: PLC0415, F401


def main() -> None:
    """Run the command; expected problems end with one line and exit code 1."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except (
        ConfigurationError,
        ConnectorError,
        InvalidSettings,
        LookupError,
        MigrationError,
        ServiceError,
        VaultError,
    ) as error:
        click.echo(f"bazgasht: {error}", err=True)
        sys.exit(1)
