"""Commands that redeem points for a customer, list redemptions, and cancel one."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click

from bazgasht.options import explained, json_option, person_options, print_json, store_argument
from bazgasht.points_commands import opened, points
from bazgasht.settings import AppSettings
from jobs.privacy import subject
from jobs.redemptions import listing, of_person, redeem_for
from jobs.withdrawals import cancel
from retention.redemption import Redemption


@points.command("redeem")
@store_argument
@click.argument("amount", type=int)
@person_options
@click.option("--reference", help="Repeating the command with it changes nothing.")
@json_option
@click.pass_obj
def redeem_command(
    settings: AppSettings,
    /,
    store: UUID,
    amount: int,
    reference: str | None,
    as_json: bool,
    **named: str | None,
) -> None:
    """Turn so many points of a customer of STORE into a code, and print it.

    Without --reference the same command twice in a day (UTC) is one redemption.
    """
    with opened(settings) as context:
        person = subject(context, store, **named)
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        key = reference or f"{' '.join(person.identities)} {amount} {day}"
        made = redeem_for(context, store, person, points=amount, key=f"by hand: {key}")
    _tell([made], as_json)


@points.command("redemptions")
@store_argument
@person_options
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@click.pass_obj
def redemptions_command(
    settings: AppSettings, /, store: UUID, limit: int, as_json: bool, **named: str | None
) -> None:
    """List the redemptions of STORE, or of one customer, newest first."""
    with opened(settings) as context:
        if any(named.values()):
            person = subject(context, store, **named)
            found = of_person(context, store, person)[:limit]
        else:
            found = listing(context, store, limit)
    _tell(found, as_json)


@points.command("cancel-redemption")
@store_argument
@click.argument("reference")
@explained
@json_option
@click.pass_obj
def cancel_command(
    settings: AppSettings, store: UUID, reference: str, actor: str, reason: str, as_json: bool
) -> None:
    """Take the code of REFERENCE out of STORE, if it was not used, and give its points back."""
    with opened(settings) as context:
        ended = cancel(context, store, reference, actor=actor, note=reason)
    _tell([ended], as_json)


def _tell(found: list[Redemption], as_json: bool) -> None:
    if as_json:
        print_json([_fields(one) for one in found])
        return
    for one in found:
        until = f"{one.expires_at.astimezone(UTC):%Y-%m-%d %H:%M}Z"
        parts = [
            one.reference,
            one.state,
            f"account:{one.account_id}" if one.account_id else "a guest",
            f"{one.points} points for {one.worth} {one.currency}",
            one.code if one.state != "reserved" else "the store has not answered yet",
            f"until {until}",
            f"order {one.order_id}" if one.order_id else "",
            f"{one.returned} points went back" if one.returned else "",
            one.reason if one.state == "released" else "",
        ]
        click.echo("  ".join(part for part in parts if part))
    if not found:
        click.echo("no redemptions")


def _fields(one: Redemption) -> dict[str, Any]:
    return {
        "reference": one.reference,
        "state": one.state,
        "customer": one.customer_id,
        "account": one.account_id,
        "points": one.points,
        "worth": f"{one.worth:f}",
        "currency": one.currency,
        "minimum": None if one.minimum is None else f"{one.minimum:f}",
        "kind": one.kind,
        "code": one.code,
        "made_at": one.made_at.astimezone(UTC).isoformat(),
        "expires_at": one.expires_at.astimezone(UTC).isoformat(),
        "order": one.order_id,
        "returned": one.returned,
        "reason": one.reason,
    }
