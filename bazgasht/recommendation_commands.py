"""The command that shows what is recommended with a product or to a customer, and why."""

from uuid import UUID

import click

from bazgasht.cli import cli, opened_context
from bazgasht.options import person_options, store_argument
from bazgasht.settings import AppSettings
from database import personal, results
from database.person import find
from database.session import store_transaction
from jobs.context import Context
from jobs.privacy import subject

TITLES = {"next": "expected in the next order:", "new": "never bought before:"}


@cli.command()
@store_argument
@click.argument("product", required=False)
@person_options
@click.pass_obj
def recommendations(
    settings: AppSettings, /, store: UUID, product: str | None, **named: str | None
) -> None:
    """Show what is recommended to buyers of PRODUCT (the store's identifier), and why.

    With --account, --email or --phone: what this customer is expected to buy.
    """
    if (product is None) == (not any(named.values())):
        raise click.UsageError("give either PRODUCT or one of --account, --email, --phone")
    with opened_context(settings) as context:
        if product is None:
            _to_customer(context, store, named)
        else:
            _with_product(context, store, product)


def _with_product(context: Context, store: UUID, product: str) -> None:
    with store_transaction(context.engine, store) as session:
        rows = results.reasons(session, product)
    if not rows:
        click.echo("nothing is recommended for this product yet")
    for row, name, identifier in rows:
        click.echo(f"{row.rank}. {name} ({identifier}): {results.sentence(row, name)}")


def _to_customer(context: Context, store: UUID, named: dict[str, str | None]) -> None:
    wanted = subject(context, store, **named)
    with store_transaction(context.engine, store) as session:
        rows = personal.of_customers(session, find(session, wanted).customers)
    if not rows:
        click.echo("this customer has no lists: no order lately, or they are not made yet")
    before = None
    for row, name, identifier in rows:
        if (row.customer_id, row.kind) != before:
            click.echo(f"{TITLES[row.kind]}  (made {row.made_at:%Y-%m-%d %H:%M}Z)")
            before = (row.customer_id, row.kind)
        click.echo(f"{row.rank}. {name} ({identifier}): {personal.sentence(row)}")
