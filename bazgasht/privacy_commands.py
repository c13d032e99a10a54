"""Commands about personal data: telling everything about a person, erasing, removing a store."""

from typing import Any
from uuid import UUID

import click

from bazgasht.cli import cli, opened_context
from bazgasht.options import person_options, print_json, store_argument
from bazgasht.settings import AppSettings
from database import privacy as requests_about
from database.session import store_transaction
from jobs import privacy as job
from jobs.erasing import erase as erase_person


@cli.group()
def privacy() -> None:
    """Tell or erase what is known of a person, or remove a store.

    Shopify's requests come by themselves; those to be told everything wait in the list of
    requests for the merchant. WordPress's (Tools, Export or Erase Personal Data) reach the app
    through the plugin: without it run the command here as well, before the one there.
    """


@privacy.command("export")
@store_argument
@person_options
@click.option("--request", "key", help="Answer this request, as `privacy requests` lists it.")
@click.pass_obj
def export_command(
    settings: AppSettings,
    store: UUID,
    account: str | None,
    email: str | None,
    phone: str | None,
    key: str | None,
) -> None:
    """Print everything about a person of STORE as JSON, to be handed to that person."""
    with opened_context(settings) as context:
        if key is None:
            person = job.subject(context, store, account=account, email=email, phone=phone)
            key = job.ask(context, store, "export", person)
        print_json(job.export(context, store, key))


@privacy.command("erase")
@store_argument
@person_options
@click.confirmation_option(prompt="What is erased cannot be brought back. Go on?")
@click.pass_obj
def erase_command(
    settings: AppSettings, store: UUID, account: str | None, email: str | None, phone: str | None
) -> None:
    """Erase who a customer of STORE is; totals, points and results stay right."""
    with opened_context(settings) as context:
        person = job.subject(context, store, account=account, email=email, phone=phone)
        key = job.ask(context, store, "erase", person)
        click.echo(f"{key}: {_told(erase_person(context, store, person, key))}")


@privacy.command("requests")
@store_argument
@click.pass_obj
def requests_command(settings: AppSettings, store: UUID) -> None:
    """List the requests about personal data of STORE, what was done, and what waits for you."""
    with opened_context(settings) as context, store_transaction(context.engine, store) as session:
        for row in requests_about.listing(session):
            done = f"done {row.done_at:%Y-%m-%d %H:%M}Z" if row.done_at else "open"
            click.echo(
                f"{row.key}  {row.kind}  asked {row.requested_at:%Y-%m-%d %H:%M}Z  {done}  "
                f"subject {row.subject_hash.hex()[:16]}  {_told(row.counts)}"
            )


@privacy.command("redact-store")
@store_argument
@click.confirmation_option(prompt="Everything of the store will be removed. Go on?")
@click.pass_obj
def redact_command(settings: AppSettings, store: UUID) -> None:
    """Remove everything of STORE, which was uninstalled before; the proof stays."""
    with opened_context(settings) as context:
        key = job.ask(context, store, "redact_store", None)
        click.echo(f"{key}: {_told(job.redact_store(context, store, key))}")


def _told(counts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
