"""Commands about tiers, and about points that are about to expire."""

import csv
import sys
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import click

from bazgasht.options import json_option, person_options, print_json, store_argument
from bazgasht.points_commands import opened, points
from bazgasht.settings import AppSettings
from jobs import tier_overview as job
from jobs.expiry import expiring, warned
from jobs.privacy import subject
from retention.figures.period import day_of
from retention.tier_trail import Change

NO_TIER = "no tier"


@points.command("tiers")
@store_argument
@person_options
@json_option
@click.pass_obj
def tiers_command(
    settings: AppSettings, /, store: UUID, as_json: bool, **named: str | None
) -> None:
    """Print the tiers of STORE and how many customers have each.

    With --email, --phone or --account: that customer's tier, what is missing to the next one, and
    every change there was.
    """
    with opened(settings) as context:
        found = job.overview(context, store)
        if any(named.values()):
            person = subject(context, store, **named)
            standings = job.of_person(context, store, person)
    if any(named.values()):
        if as_json:
            print_json([_standing(one) for one in standings])
            return
        for one in standings:
            _tell(one, found)
        return
    if as_json:
        print_json(_overview(found))
        return
    if not found.sizes:
        click.echo("there are no tiers; set points_tiers, as in silver=1000,gold=5000")
    for tier, count in found.sizes:
        name = f"{tier.name} ({tier.second_name})" if tier.second_name else tier.name
        click.echo(f"{name}: from {_amount(tier.threshold)} {found.unit}, {count} customers")


@points.command("expiring")
@store_argument
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True)
@json_option
@click.pass_obj
def expiring_command(settings: AppSettings, store: UUID, days: int, as_json: bool) -> None:
    """Print who of STORE loses how many points within so many days if nothing happens."""
    with opened(settings) as context:
        found = expiring(context, store, days)
    if as_json:
        print_json(
            [
                {
                    "customer": one.customer_id,
                    "key": one.key,
                    "expires_on": one.expires_on.isoformat(),
                    "points": one.points,
                }
                for one in found
            ]
        )
        return
    for one in found:
        click.echo(f"{one.expires_on}  {one.points:>8}  {one.key}")
    click.echo(f"{sum(one.points for one in found)} points expire within {days} days")


@points.command("warnings")
@store_argument
@click.pass_obj
def warnings_command(settings: AppSettings, store: UUID) -> None:
    """Print whom of STORE to warn that points expire, as CSV, to be sent.

    They are those whom points_warning_days asks for and whose points still expire.
    """
    with opened(settings) as context:
        found = warned(context, store)
    writer = csv.writer(sys.stdout)
    told = ["expires_on", "points", "days_before", "noted_at"]
    writer.writerow(["account", "email", "phone", *told])
    for one in found:
        when = [one.expires_on.isoformat(), one.points, one.days_before, _time(one.noted_at)]
        writer.writerow([*one.addressee, *when])


def _overview(found: job.Tiers) -> dict[str, Any]:
    return {
        "unit": found.unit,
        "window": found.plan.window,
        "grace_days": found.plan.grace_days,
        "tiers": [
            {
                "tier": tier.name,
                "second_name": tier.second_name or None,
                "from": _amount(tier.threshold),
                "customers": count,
            }
            for tier, count in found.sizes
        ],
    }


def _standing(one: job.Standing) -> dict[str, Any]:
    return {
        "customer": one.customer_id,
        "key": one.key,
        "tier": one.tier or None,
        "since": _time(one.since),
        "amount": _amount(one.amount),
        "next_tier": one.following,
        "missing": None if one.missing is None else _amount(one.missing),
        "changes_at": _time(one.changes_at),
        "then": one.then or None,
        "trail": [_change(change) for change in one.trail],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "at": _time(change.at),
        "from": change.before or None,
        "to": change.after or None,
        "why": change.why,
        "amount": _amount(change.amount),
        "threshold": _amount(change.threshold),
    }


def _tell(one: job.Standing, found: job.Tiers) -> None:
    unit, zone = found.unit, found.plan.zone
    since = f" since {_day(one.since, zone)}" if one.since else ""
    click.echo(f"{one.key}  {one.tier or NO_TIER}{since}; {_amount(one.amount)} {unit} count now")
    if one.following is not None and one.missing is not None:
        click.echo(f"  {_amount(one.missing)} {unit} more for {one.following}")
    if one.changes_at:
        click.echo(f"  {one.then or NO_TIER} from {_day(one.changes_at, zone)} by time alone")
    for change in one.trail:
        click.echo(
            f"  {_day(change.at, zone)}  {change.before or NO_TIER} -> {change.after or NO_TIER}  "
            f"{change.why}: {_amount(change.amount)} of {_amount(change.threshold)} {unit}"
        )


def _day(moment: datetime, zone: str) -> str:
    """The store's day of a moment."""
    return day_of(moment, zone).isoformat()


def _amount(amount: Fraction) -> str:
    """An exact amount; a third of something, which no amount here is, would be rounded."""
    text = f"{Decimal(amount.numerator) / amount.denominator:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
