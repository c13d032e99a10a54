"""The command that loads older orders from a file."""

from pathlib import Path
from uuid import UUID

import click

from bazgasht.cli import cli, opened_context
from bazgasht.options import store_argument
from bazgasht.settings import AppSettings
from jobs.context import NotActive, active_store
from jobs.import_orders import Imported
from jobs.import_orders import import_orders as load


@cli.command("import-orders")
@store_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only tell what would change.")
@click.pass_obj
def import_orders(settings: AppSettings, store: UUID, file: Path, dry_run: bool) -> None:
    """Load older orders of STORE from an exported CSV FILE.

    Read are Shopify's order export, and the exports of the WooCommerce plugins "Advanced Order
    Export For WooCommerce" and "Order Export" by WebToffee.
    """
    with opened_context(settings) as context:
        try:
            result = load(context, store, file, dry_run=dry_run)
            counted = active_store(context, store).settings.purchase_statuses
        except NotActive:
            raise LookupError(
                f"store {store} is unknown or not active; `bazgasht stores` lists them"
            ) from None
    for line in report(result, counted, dry_run=dry_run):
        click.echo(line)


def report(result: Imported, counted: tuple[str, ...], *, dry_run: bool) -> list[str]:
    """What the import did, or would do, in lines for the merchant."""
    lines = [str(problem) for problem in result.problems]
    if result.unknown_columns:
        lines.append(f"columns ignored, because unknown: {', '.join(result.unknown_columns)}")
    for status, count in sorted(result.statuses.items()):
        told = "count as purchases" if status in counted else "do not count as purchases"
        lines.append(f"{count} orders with the status {status} {told}")
    lines.append(
        f"{result.matched} lines have a product of the store, {result.unmatched} have none"
    )
    done = "would be " if dry_run else ""
    lines.append(
        f"{result.format}: {result.new} new orders {done}loaded, {result.changed} loaded before "
        f"{done}changed, {result.known} already known, {len(result.problems)} problems; "
        f"points {done}earned: {result.points}"
    )
    return lines
