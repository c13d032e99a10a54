"""Commands about birthdays, and about friends whom customers bring."""

import csv
import sys
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import click

from bazgasht.options import explained, json_option, person_options, print_json, store_argument
from bazgasht.points_commands import opened, points
from bazgasht.settings import AppSettings
from jobs import friends
from jobs.birthdays import import_birthdays, set_birthday
from jobs.friends import Listed
from jobs.privacy import subject
from retention.figures.period import Calendar
from retention.referrals import Decision

calendar_option = click.option(
    "--calendar", type=click.Choice(get_args(Calendar)), help="Of a date without a year."
)


@points.command("birthday")
@store_argument
@click.argument("date", metavar="DATE")
@person_options
@calendar_option
@click.option("--mistake", is_flag=True, help="Correct a date that was given within a year.")
@json_option
@click.pass_obj
def birthday_command(
    settings: AppSettings,
    /,
    store: UUID,
    date: str,
    calendar: Calendar | None,
    mistake: bool,
    as_json: bool,
    **named: str | None,
) -> None:
    """Keep DATE, YYYY-MM-DD or MM-DD, as the birthday of an account of STORE.

    A year from 1200 to 1599 tells that the date is Jalali; the year itself is not kept.
    """
    with opened(settings) as context:
        person = subject(context, store, **named)
        kept = set_birthday(context, store, person, date, calendar=calendar, corrected=mistake)
    day = kept.birthday
    if as_json:
        told = {"customer": kept.customer_id, "calendar": day.calendar}
        print_json({**told, "month": day.month, "day": day.day})
        return
    click.echo(f"customer {kept.customer_id}: {day.month:02d}-{day.day:02d} ({day.calendar})")


@points.command("birthdays")
@store_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@calendar_option
@json_option
@click.pass_obj
def birthdays_command(
    settings: AppSettings, store: UUID, file: Path, calendar: Calendar | None, as_json: bool
) -> None:
    """Keep the birthdays in FILE, a CSV with the columns birthday, and account, email or phone."""
    with opened(settings) as context:
        found = import_birthdays(context, store, file, calendar=calendar)
    problems = [{"line": one.line, "problem": one.text} for one in found.problems]
    if as_json:
        print_json({"kept": found.kept, "problems": problems})
        return
    click.echo(f"{found.kept} birthdays kept")
    for one in found.problems:
        click.echo(f"line {one.line}: {one.text}")


@points.command("referral-code")
@store_argument
@person_options
@click.option("--code", help="This one, else the customer's own or a new one.")
@json_option
@click.pass_obj
def referral_code_command(
    settings: AppSettings,
    /,
    store: UUID,
    code: str | None,
    as_json: bool,
    **named: str | None,
) -> None:
    """Print the code and the link by which a customer of STORE brings friends.

    A friend's first order counts when it was begun by the link, or uses a coupon with the code;
    the coupon is yours to make in the store.
    """
    with opened(settings) as context:
        found = friends.code_for(context, store, subject(context, store, **named), code)
    if as_json:
        print_json({"code": found.code, "link": found.link})
        return
    click.echo(f"{found.code}\n{found.link}")


@points.command("referral-codes")
@store_argument
@click.pass_obj
def referral_codes_command(settings: AppSettings, store: UUID) -> None:
    """Print the codes and links of all accounts of STORE that have bought, as CSV, to be sent."""
    with opened(settings) as context:
        found = friends.codes_of_all(context, store)
    writer = csv.writer(sys.stdout)
    writer.writerow(["account", "email", "code", "link"])
    writer.writerows([account, email, one.code, one.link] for account, email, one in found)


@points.command("refer")
@store_argument
@click.argument("code")
@person_options
@json_option
@click.pass_obj
def refer_command(
    settings: AppSettings, /, store: UUID, code: str, as_json: bool, **named: str | None
) -> None:
    """Note that a customer of STORE was brought by whoever has CODE, without an order telling."""
    with opened(settings) as context:
        found = friends.refer(context, store, subject(context, store, **named), code)
    _tell(found, as_json=as_json)


@points.command("referrals")
@store_argument
@click.option(
    "--state", "states", type=click.Choice(friends.STATES), multiple=True, help="Only those."
)
@json_option
@click.pass_obj
def referrals_command(
    settings: AppSettings, store: UUID, states: tuple[str, ...], as_json: bool
) -> None:
    """List the referrals of STORE; those that are held wait for `approve` or `reject`."""
    with opened(settings) as context:
        found = friends.listing(context, store, states or friends.STATES)
    if as_json:
        print_json([_content(one) for one in found])
        return
    for one in found:
        click.echo(_line(one))
    if not found:
        click.echo("no referrals")


@points.command("approve")
@store_argument
@click.argument("number", type=int)
@explained
@json_option
@click.pass_obj
def approve_command(
    settings: AppSettings, store: UUID, number: int, actor: str, reason: str, as_json: bool
) -> None:
    """Pay for the referral NUMBER of STORE, whatever it is held for."""
    _decide(settings, store, number, "approved", actor, reason, as_json=as_json)


@points.command("reject")
@store_argument
@click.argument("number", type=int)
@explained
@json_option
@click.pass_obj
def reject_command(
    settings: AppSettings, store: UUID, number: int, actor: str, reason: str, as_json: bool
) -> None:
    """Do not pay for the referral NUMBER of STORE; what it gave goes back."""
    _decide(settings, store, number, "rejected", actor, reason, as_json=as_json)


def _decide(
    settings: AppSettings,
    store: UUID,
    number: int,
    decision: Decision,
    actor: str,
    reason: str,
    *,
    as_json: bool,
) -> None:
    with opened(settings) as context:
        found = friends.decide(context, store, number, decision, actor=actor, note=reason)
    _tell(found, as_json=as_json)


def _tell(found: Listed, *, as_json: bool) -> None:
    if as_json:
        print_json(_content(found))
        return
    click.echo(_line(found))


def _line(one: Listed) -> str:
    order = f"order {one.order_id} of {one.placed_at:%Y-%m-%d}" if one.placed_at else "no order yet"
    why = f": {', '.join(one.reasons)}" if one.reasons else ""
    decided = f"; {one.decision} by {one.decided_by}: {one.decided_why}" if one.decision else ""
    brought = f"{one.referrer} brought {one.friend} ({one.code}, {order})"
    return f"{one.number}  {brought}  {one.state}{why}{decided}"


def _content(one: Listed) -> dict[str, Any]:
    return {
        "number": one.number,
        "state": one.state,
        "reasons": list(one.reasons),
        "referrer": {"customer": one.referrer_id, "key": one.referrer},
        "friend": {"customer": one.friend_id, "key": one.friend},
        "code": one.code,
        "order": one.order_id,
        "placed_at": one.placed_at.isoformat() if one.placed_at else None,
        "decision": one.decision,
        "decided_by": one.decided_by,
        "decided_why": one.decided_why,
    }
