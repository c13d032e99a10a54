"""Commands about points: balance, history, adjusting by hand, undoing, the proof."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click

from bazgasht.cli import cli, opened_context
from bazgasht.options import explained, json_option, person_options, print_json, store_argument
from bazgasht.settings import AppSettings
from database.points import Balance
from jobs import points as job
from jobs.context import Context, NotActive
from jobs.privacy import subject
from jobs.verification import verify
from retention.ledger.chain import Link


@cli.group()
def points() -> None:
    """Look at points, change them by hand, and prove that the ledger is right."""


@points.command("balance")
@store_argument
@person_options
@json_option
@click.pass_obj
def balance_command(
    settings: AppSettings, /, store: UUID, as_json: bool, **named: str | None
) -> None:
    """Print the points of a customer of STORE: those that can be spent, and the pending ones."""
    with opened(settings) as context:
        found = job.holders(context, store, subject(context, store, **named))
    rows = [{"customer": one.customer_id, "key": one.key, **one.balance._asdict()} for one in found]
    if as_json:
        print_json(rows)
        return
    for one in found:
        click.echo(f"{one.key}  {_balance(one.balance)}")


@points.command("history")
@store_argument
@person_options
@json_option
@click.pass_obj
def history_command(
    settings: AppSettings, /, store: UUID, as_json: bool, **named: str | None
) -> None:
    """Print every entry of a customer of STORE, oldest first."""
    with opened(settings) as context:
        found = job.history(context, store, subject(context, store, **named))
    if as_json:
        print_json([_entry(link) for link in found])
        return
    for link in found:
        entry = link.entry
        said = f"  {entry.actor}: {entry.note}" if entry.actor else ""
        click.echo(
            f"{link.at.astimezone(UTC):%Y-%m-%d %H:%M}Z  {entry.reason:<11}  "
            f"{entry.available:+d} available  {entry.pending:+d} pending  {entry.reference}{said}"
        )


@points.command("adjust", context_settings={"ignore_unknown_options": True})
@store_argument
@click.argument("amount", type=int)
@person_options
@explained
@click.option("--reference", help="Repeating the command with it changes nothing.")
@json_option
@click.pass_obj
def adjust_command(
    settings: AppSettings,
    /,
    store: UUID,
    amount: int,
    actor: str,
    reason: str,
    reference: str | None,
    as_json: bool,
    **named: str | None,
) -> None:
    """Give a customer of STORE so many points, or take them with an AMOUNT below 0.

    Without --reference the same command twice in a day (UTC) is one adjustment.
    """
    with opened(settings) as context:
        person = subject(context, store, **named)
        done = job.adjust(
            context, store, person, amount, actor=actor, note=reason, reference=reference
        )
    _tell(done, as_json)


@points.command("undo")
@store_argument
@click.argument("reference")
@explained
@json_option
@click.pass_obj
def undo_command(
    settings: AppSettings, store: UUID, reference: str, actor: str, reason: str, as_json: bool
) -> None:
    """Reverse the adjustment REFERENCE of STORE, as `points history` shows it."""
    with opened(settings) as context:
        done = job.undo(context, store, reference, actor=actor, note=reason)
    _tell(done, as_json)


@points.command("verify")
@store_argument
@json_option
@click.pass_obj
def verify_command(settings: AppSettings, store: UUID, as_json: bool) -> None:
    """Rebuild all balances of STORE from the entries; exit with 1 when anything disagrees."""
    with opened(settings) as context:
        audit = verify(context, store)
    if as_json:
        print_json(
            {
                "entries": audit.entries,
                "lots": len(audit.lots),
                "customers": len(audit.balances()),
                "available": audit.available,
                "pending": audit.pending,
                "accounts": {name: amount for name, amount in audit.accounts.items() if amount},
                "hash": audit.hash.hex(),
                "problems": audit.problems,
            }
        )
    else:
        click.echo(
            f"{audit.entries} entries, {len(audit.lots)} lots, {len(audit.balances())} customers: "
            f"{audit.available} available, {audit.pending} pending; last hash {audit.hash.hex()}"
        )
        for problem in audit.problems:
            click.echo(problem)
        click.echo(f"{len(audit.problems)} problems" if audit.problems else "everything agrees")
    if audit.problems:
        sys.exit(1)


@contextmanager
def opened(settings: AppSettings) -> Iterator[Context]:
    """Connections for a command about points, whose refusals end it with one line."""
    with opened_context(settings) as context:
        try:
            yield context
        except NotActive as error:
            raise click.ClickException(f"store {error} is not connected") from None
        except ValueError as error:
            raise click.ClickException(str(error)) from None


def _tell(done: job.Changed, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "reference": done.reference,
                "applied": done.applied,
                "customer": done.customer_id,
                **done.balance._asdict(),
            }
        )
        return
    said = "done" if done.applied else "was done before, nothing changed"
    click.echo(f"{done.reference}: {said}; {_balance(done.balance)}")


def _balance(balance: Balance) -> str:
    return f"{balance.available} available, {balance.pending} pending"


def _entry(link: Link) -> dict[str, Any]:
    entry = link.entry
    return {
        "number": link.number,
        "at": _time(link.at),
        "reference": entry.reference,
        "lot": entry.lot,
        "order": entry.order_id,
        "customer": entry.customer_id,
        "available": entry.available,
        "pending": entry.pending,
        "against": entry.against,
        "reason": entry.reason,
        "rule": json.loads(entry.rule) if entry.rule else None,
        "matures_at": _time(entry.matures_at),
        "expires_at": _time(entry.expires_at),
        "actor": entry.actor,
        "note": entry.note,
        "hash": link.hash.hex(),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
