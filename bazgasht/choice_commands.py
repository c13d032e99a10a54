"""Commands about lists of recommendations: pinning products to them and banning them."""

from uuid import UUID

import click

from bazgasht.cli import cli, opened_context
from bazgasht.options import Command, store_argument
from bazgasht.settings import AppSettings
from database import choices, stores
from database.choices import Kind
from database.session import store_transaction
from retention.listing import EVERY_LIST


def one_product(command: Command) -> Command:
    """The arguments that say which store, which product and in whose list."""
    help_text = "Only in the list of this product; in every list if left out."
    command = click.option("--for", "of", metavar="PRODUCT", help=help_text)(command)
    command = click.argument("product")(command)
    return click.pass_obj(store_argument(command))  # type: ignore[return-value]


@cli.command()
@one_product
def pin(settings: AppSettings, store: UUID, product: str, of: str | None) -> None:
    """Put PRODUCT (identifier, stock number or name) first, before what is recommended."""
    _choose(settings, store, "pin", product, of)


@cli.command()
@one_product
def ban(settings: AppSettings, store: UUID, product: str, of: str | None) -> None:
    """Never recommend PRODUCT (identifier, stock number or name)."""
    _choose(settings, store, "ban", product, of)


@cli.command()
@one_product
def unpin(settings: AppSettings, store: UUID, product: str, of: str | None) -> None:
    """Let PRODUCT be recommended only when its turn comes."""
    _drop(settings, store, "pin", product, of)


@cli.command()
@one_product
def unban(settings: AppSettings, store: UUID, product: str, of: str | None) -> None:
    """Let PRODUCT be recommended again."""
    _drop(settings, store, "ban", product, of)


@cli.command("choices")
@store_argument
@click.pass_obj
def list_choices(settings: AppSettings, store: UUID) -> None:
    """List what is pinned and banned in STORE."""
    with opened_context(settings) as context, store_transaction(context.engine, store) as session:
        stores.existing(session)
        chosen = choices.listing(session)
    if not chosen:
        click.echo("nothing is pinned or banned")
    for one in chosen:
        where = "in every list" if one.of is None else f"for {one.of}"
        click.echo(f"{one.kind}  {one.product} (id:{one.identifier})  {where}")


def _choose(settings: AppSettings, store: UUID, kind: Kind, product: str, of: str | None) -> None:
    with opened_context(settings) as context, store_transaction(context.engine, store) as session:
        stores.existing(session, lock=True)
        number = choices.product_number(session, product)
        in_list = EVERY_LIST if of is None else choices.product_number(session, of)
        if number == in_list:
            raise click.BadParameter("a product is never in its own list; name another after --for")
        choices.choose(session, kind, number, in_list)
        stores.mark_dirty(session)
    click.echo(f"{'pinned' if kind == 'pin' else 'banned'}; the lists are computed anew shortly")


def _drop(settings: AppSettings, store: UUID, kind: Kind, product: str, of: str | None) -> None:
    with opened_context(settings) as context, store_transaction(context.engine, store) as session:
        stores.existing(session, lock=True)
        number = choices.product_number(session, product)
        in_list = EVERY_LIST if of is None else choices.product_number(session, of)
        if not choices.drop(session, number, in_list, kind):
            raise LookupError(f"{product!r} has no {kind} there; `bazgasht choices` lists them")
        stores.mark_dirty(session)
    click.echo("forgotten; the lists are computed anew shortly")
