"""Commands that bring balances of other programmes in, take them back, and write ours out."""

import csv
import sys
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click

from bazgasht.options import (
    Command,
    apply_option,
    explained,
    json_option,
    print_json,
    shortfall_option,
    store_argument,
)
from bazgasht.points_commands import opened, points
from bazgasht.settings import AppSettings
from database import point_imports
from database.session import store_transaction
from jobs.import_points import import_file, import_from_store
from jobs.told_balances import ImportedPoints
from jobs.undo_import import undo_import
from retention.ledger.posting import Shortfall

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _importing(command: Command) -> Command:
    """The options of every import."""
    for option in (
        json_option,
        apply_option,
        click.option("--reference", help="The import's name; loading it again adds nothing."),
        click.option("--actor", required=True, help="Who does this."),
    ):
        command = option(command)
    return command


@points.command("import")
@store_argument
@click.argument("file", type=FILE)
@_importing
@click.pass_obj
def import_command(
    settings: AppSettings,
    store: UUID,
    file: Path,
    actor: str,
    reference: str | None,
    apply: bool,
    as_json: bool,
) -> None:
    """Bring balances of STORE's customers in from a CSV FILE.

    Columns: account, email or phone; points; expires and note where there are such.
    """
    with opened(settings) as context:
        done = import_file(context, store, file, actor=actor, reference=reference, apply=apply)
    _tell(done, apply=apply, as_json=as_json)


@points.command("import-woocommerce")
@store_argument
@click.argument("file", type=FILE, required=False)
@_importing
@click.pass_obj
def import_woocommerce_command(
    settings: AppSettings,
    store: UUID,
    file: Path | None,
    actor: str,
    reference: str | None,
    apply: bool,
    as_json: bool,
) -> None:
    """Bring in the balances of the plugin "WooCommerce Points and Rewards".

    Without a FILE they are read from STORE's customers, where the plugin shows them.
    """
    with opened(settings) as context:
        if file is None:
            done = import_from_store(context, store, actor=actor, reference=reference, apply=apply)
        else:
            done = import_file(context, store, file, actor=actor, reference=reference, apply=apply)
    _tell(done, apply=apply, as_json=as_json)


@points.command("imports")
@store_argument
@json_option
@click.pass_obj
def imports_command(settings: AppSettings, store: UUID, as_json: bool) -> None:
    """List the imports of balances into STORE, the oldest first."""
    with opened(settings) as context, store_transaction(context.engine, store) as session:
        found = point_imports.imports(session)
    if as_json:
        print_json([one._asdict() | {"at": one.at.isoformat()} for one in found])
        return
    for one in found:
        click.echo(
            f"{one.reference}  {one.at:%Y-%m-%d %H:%M}Z  {one.balances} balances, "
            f"{one.given} points given, {one.left} of them left"
        )
    if not found:
        click.echo("no imports")


@points.command("undo-import")
@store_argument
@click.argument("reference")
@shortfall_option
@explained
@apply_option
@json_option
@click.pass_obj
def undo_import_command(
    settings: AppSettings,
    /,
    store: UUID,
    reference: str,
    shortfall: Shortfall | None,
    actor: str,
    reason: str,
    **flags: bool,
) -> None:
    """Take back every balance of the import REFERENCE of STORE, all of them or none."""
    with opened(settings) as context:
        done = undo_import(
            context,
            store,
            reference,
            actor=actor,
            note=reason,
            shortfall=shortfall,
            apply=flags["apply"],
        )
    if flags["as_json"]:
        print_json(asdict(done) | {"applied": flags["apply"]})
        return
    would = "" if flags["apply"] else "would be "
    click.echo(
        f"{reference}: {done.points} points of {done.balances} balances {would}taken back; "
        f"{done.spent} points were spent already"
    )


@points.command("export")
@store_argument
@click.pass_obj
def export_command(settings: AppSettings, store: UUID) -> None:
    """Print the points of every customer of STORE as CSV, as `points import` reads it."""
    with opened(settings) as context, store_transaction(context.engine, store) as session:
        writer = csv.writer(sys.stdout)
        writer.writerow(["account", "email", "phone", "points", "pending"])
        writer.writerows(point_imports.holdings(session))


def _tell(done: ImportedPoints, *, apply: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            asdict(done) | {"applied": apply, "problems": [str(one) for one in done.problems]}
        )
        return
    for problem in done.problems:
        click.echo(str(problem))
    if done.unknown_columns:
        click.echo(f"columns ignored, because unknown: {', '.join(done.unknown_columns)}")
    would = "" if apply else "would be "
    click.echo(
        f"{done.reference}: {done.new} balances {would}brought in, {done.known} already known, "
        f"{len(done.problems)} problems; {done.customers} customers, {done.points} points"
    )
