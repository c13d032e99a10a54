"""The command that checks kept lists against all orders."""

from uuid import UUID

import click

from bazgasht.cli import cli, opened_context
from bazgasht.options import store_argument
from bazgasht.settings import AppSettings
from database import results
from database.session import store_lock, store_transaction
from jobs import queue
from jobs.check_results import PATIENCE, Drift, check_now
from jobs.context import NotActive, active_store
from jobs.recompute import LOCK


@cli.command("check-lists")
@store_argument
@click.option("--last", is_flag=True, help="Only tell what the last check found.")
@click.pass_obj
def check_lists(settings: AppSettings, store: UUID, last: bool) -> None:
    """Compare the pairs kept of STORE with all its orders, and compute everything anew.

    The app does so every night by itself, and compares lists of recommendations too.
    """
    with opened_context(settings) as context:
        if not last:
            with store_lock(context.engine, store, LOCK, patience=PATIENCE) as alone:
                if not alone:
                    raise click.ClickException("the store is being computed; try again later")
                try:
                    click.echo(_found(check_now(context, active_store(context, store))))
                except NotActive:
                    raise click.ClickException(f"{store} is no active store") from None
            queue.enqueue(context.redis, queue.WRITE_BACK, store)
        with store_transaction(context.engine, store) as session:
            row = results.figures(session)
            if row is None or row.checked_at is None:
                click.echo("never checked")
            else:
                click.echo(
                    f"last checked {row.checked_at:%Y-%m-%d %H:%M:%S}Z: {row.drifted_rows} rows "
                    f"differed; checks that found any so far: {row.drifts}"
                )


def _found(drift: Drift) -> str:
    if not drift.is_compared:
        return "not comparable: the store has changed since it was computed; computed anew"
    if drift.rows:
        return f"{drift.rows} rows differed from what all orders give, and are right now"
    return "no row differed from what all orders give"
