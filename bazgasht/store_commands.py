"""Commands about stores: connecting, settings, events and what was written."""

from collections.abc import Sequence
from uuid import UUID

import click

from bazgasht import composition
from bazgasht.cli import cli, opened_context
from bazgasht.options import store_argument
from bazgasht.settings import AppSettings
from connector.platform import Credentials
from connector.woocommerce.install import normalise_store_url
from database import inbox, outbox, privacy, progress, stores
from database.session import store_transaction
from jobs import installation, queue
from jobs import settings as store_settings
from jobs.context import Context


@cli.command("stores")
@click.pass_obj
def list_stores(settings: AppSettings) -> None:
    """List every store with its state, history and inbox."""
    with opened_context(settings) as context:
        health = {row.store_id: row for row in stores.inbox_health(context.engine)}
        for store in stores.all_stores(context.engine):
            click.echo(f"{store.id}  {store.platform}  {store.state}  {store.url}")
            row = health.get(store.id)
            if row:
                click.echo(f"    inbox: {row.waiting} waiting, {row.dead} dead")
            _echo_warnings(context, store.id)
            _echo_tasks(context, store.id)


def _echo_warnings(context: Context, store_id: UUID) -> None:
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session)
        for warning in row.warnings if row else ():
            click.echo(f"    warning: {warning}")


def _echo_tasks(context: Context, store_id: UUID) -> None:
    with store_transaction(context.engine, store_id) as session:
        for task in progress.all_tasks(session):
            trouble = f"; {task.last_error}" if task.last_error else ""
            rejected = f"; {len(task.rejected)} not readable" if task.rejected else ""
            click.echo(f"    {task.task}: {task.state}, {task.done} of {task.total}", nl=False)
            click.echo(f"{rejected}{trouble}")
        for (kind, state), count in sorted(outbox.counts(session).items()):
            click.echo(f"    {kind} {state}: {count}")


@cli.command()
@click.argument("url")
@click.option("--key", required=True, envvar="WOOCOMMERCE_KEY", help="Consumer key (ck_…).")
@click.option(
    "--secret", envvar="WOOCOMMERCE_SECRET", help="Consumer secret (cs_…); asked for if left out."
)
@click.pass_obj
def install(settings: AppSettings, url: str, key: str, secret: str | None) -> None:
    """Connect the WooCommerce store at URL with a key that was made by hand, or repair it."""
    secret = secret or click.prompt("Consumer secret", hide_input=True)
    with opened_context(settings) as context:
        address = normalise_store_url(url, development=settings.development)
        store_id = installation.connect(context, "woocommerce", Credentials(address, key, secret))
        click.echo(f"{store_id}  connected; its history is loaded while `bazgasht run` runs")


@cli.command()
@store_argument
@click.pass_obj
def uninstall(settings: AppSettings, store: UUID) -> None:
    """Leave STORE as it was before: its own cross-sells, without our fields and webhooks."""
    with opened_context(settings) as context:
        installation.uninstall(context, store)
        click.echo(f"{store}  uninstalled")


@cli.command("settings")
@store_argument
@click.argument("assignments", nargs=-1)
@click.pass_obj
def change_settings(settings: AppSettings, store: UUID, assignments: Sequence[str]) -> None:
    """Show the settings of STORE, or change them: NAME=VALUE …."""
    wanted = dict(_assignment(text) for text in assignments)
    with opened_context(settings) as context:
        checked = store_settings.change_settings(context, store, wanted)
        click.echo(checked.model_dump_json(indent=2))


def _assignment(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"{text!r} must have the form NAME=VALUE")
    return name, value


@cli.command()
@store_argument
@click.option("--state", type=click.Choice(["waiting", "handled", "dead"]), default="dead")
@click.option("--replay", "event_id", type=int, help="Try this dead event anew.")
@click.option("--replay-all", is_flag=True, help="Try every dead event anew.")
@click.pass_obj
def events(
    settings: AppSettings, store: UUID, state: str, event_id: int | None, replay_all: bool
) -> None:
    """List the newest events of STORE in a state, or let dead ones be tried anew."""
    with opened_context(settings) as context:
        with store_transaction(context.engine, store) as session:
            stores.existing(session)
            if event_id is not None or replay_all:
                click.echo(f"{inbox.replay(session, event_id)} to be tried anew")
            for event in inbox.listing(session, state):
                click.echo(
                    f"{event.id}  {event.received_at:%Y-%m-%d %H:%M:%S}Z  {event.topic}  "
                    f"{event.state} after {event.attempts} tries  {event.last_error or ''}"
                )
        queue.enqueue(context.redis, queue.DRAIN, store)


@cli.command("rotate-keys")
@click.option("--add", is_flag=True, help="Make a new key in the data directory first.")
@click.pass_obj
def rotate_keys(settings: AppSettings, add: bool) -> None:
    """Encrypt every stored secret with the newest key."""
    if add:
        composition.add_secret_key(settings)
    with opened_context(settings) as context:
        count = 0
        for store in stores.all_stores(context.engine):
            with store_transaction(context.engine, store.id) as session:
                row = stores.existing(session, lock=True)
                for name in ("credentials", "webhook_secrets"):
                    sealed = getattr(row, name)
                    if sealed:
                        setattr(row, name, context.vault.reseal(sealed))
                        count += 1
                count += privacy.reseal(session, context.vault)
        click.echo(f"{count} secrets now use the newest key; the others may be dropped")
