"""Commands that give points to orders older than the programme, and take them back."""

from dataclasses import asdict
from datetime import UTC, datetime
from uuid import UUID

import click

from bazgasht.options import apply_option, json_option, print_json, shortfall_option, store_argument
from bazgasht.points_commands import opened, points
from bazgasht.settings import AppSettings
from connector.exports.cells import read_moment, time_zone
from jobs.backfill import Backfilled, backfill, undo_backfill
from jobs.context import Context, active_store
from retention.ledger.posting import Shortfall


@points.command("backfill")
@store_argument
@click.option("--since", "day", help="Leave out orders paid before this day, like 2026-03-21.")
@click.option("--reference", default="backfill", show_default=True, help="The backfill's name.")
@apply_option
@json_option
@click.pass_obj
def backfill_command(
    settings: AppSettings,
    store: UUID,
    day: str | None,
    reference: str,
    apply: bool,
    as_json: bool,
) -> None:
    """Let the orders of STORE that gave no points so far earn by the rule of today.

    These are orders from before points were switched on. Repeating it gives nothing twice.
    """
    with opened(settings) as context:
        since = _moment(context, store, day) if day else None
        done = backfill(context, store, since=since, reference=reference, apply=apply)
    _tell(done, "given", apply=apply, as_json=as_json)


@points.command("undo-backfill")
@store_argument
@click.argument("reference", default="backfill")
@shortfall_option
@apply_option
@json_option
@click.pass_obj
def undo_backfill_command(
    settings: AppSettings,
    store: UUID,
    reference: str,
    shortfall: Shortfall | None,
    apply: bool,
    as_json: bool,
) -> None:
    """Take back the points that the backfill REFERENCE of STORE gave."""
    with opened(settings) as context:
        done = undo_backfill(context, store, reference, shortfall=shortfall, apply=apply)
    _tell(done, "taken back", apply=apply, as_json=as_json)


def _moment(context: Context, store: UUID, day: str) -> datetime:
    """When the day begins by the store's clock."""
    try:
        moment = read_moment(day, time_zone(active_store(context, store).zone))
    except ValueError as error:
        raise click.BadParameter(f"--since {error}") from None
    if moment > datetime.now(UTC):
        raise click.BadParameter("--since is in the future; give a day that is past")
    return moment


def _tell(done: Backfilled, what: str, *, apply: bool, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done) | {"applied": apply})
        return
    would = "" if apply else "would be "
    spent = f"; {done.spent} points were spent already" if done.spent else ""
    click.echo(
        f"{done.reference}: {abs(done.points)} points {would}{what}, of {done.orders} orders by "
        f"{done.customers} customers{spent}"
    )
