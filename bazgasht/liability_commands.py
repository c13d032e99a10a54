"""The command about what the points that are out would cost."""

from dataclasses import asdict
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

import click

from bazgasht.options import json_option, print_json, store_argument
from bazgasht.points_commands import opened, points
from bazgasht.settings import AppSettings
from jobs.points_liability import Liability, liability
from retention.money import amount_text
from retention.point_lifetimes import Estimate, NotEnough, Outlook


@points.command("liability")
@store_argument
@json_option
@click.pass_obj
def liability_command(settings: AppSettings, store: UUID, as_json: bool) -> None:
    """Print the points of STORE that are out, in money, by age, and as expected to be redeemed."""
    with opened(settings) as context:
        found = liability(context, store)
    if as_json:
        print_json(_content(found))
        return
    worth = amount_text(found.worth, found.currency) if found.worth is not None else None
    click.echo(
        f"available {found.available}, pending {found.pending}, reserved {found.reserved}, "
        f"owed by customers {found.owed}; worth {worth or 'unknown, set point_value'}"
    )
    for aged in found.ages:
        name = f"up to {aged.days} days" if aged.days else "longer"
        click.echo(f"  {name}: {aged.points}")
    if isinstance(found.expected, NotEnough):
        click.echo(
            "expected to be redeemed: not enough data, "
            f"{found.expected.have} customers have redeemed points, {found.expected.need} needed"
        )
    else:
        _tell(found, found.expected)


def _tell(found: Liability, expected: Outlook) -> None:
    points_out, rate = expected.redeemed, expected.redemption_rate
    money = _money(found, points_out)
    said = f", {money['value']} ({money['low']} to {money['high']})" if money else ""
    click.echo(
        f"expected to be redeemed within {expected.horizon_days} days of age: "
        f"{points_out.value:.0f} points ({points_out.low:.0f} to {points_out.high:.0f}){said}"
    )
    click.echo(
        f"  to expire: {expected.expired:.0f}, not decided by then: {expected.undecided:.0f}"
    )
    click.echo(
        f"  of points given {rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%}) are redeemed and "
        f"{expected.expiry_rate:.1%} expire; 95 % intervals, from {expected.customers} customers "
        "who redeemed"
    )


def _content(found: Liability) -> dict[str, Any]:
    expected = asdict(found.expected)
    if isinstance(found.expected, Outlook):
        expected["worth"] = _money(found, found.expected.redeemed)
    return {
        "available": found.available,
        "pending": found.pending,
        "reserved": found.reserved,
        "owed": found.owed,
        "worth": None if found.worth is None else f"{found.worth:f}",
        "currency": found.currency,
        "ages": [{"days": aged.days, "points": aged.points} for aged in found.ages],
        "expected": expected,
    }


def _money(found: Liability, estimate: Estimate) -> dict[str, str] | None:
    """An estimate in money, of whole points; None while points have no worth."""
    if not found.point_value:
        return None
    return {
        name: amount_text(
            found.point_value * Decimal(number).quantize(Decimal(1), ROUND_HALF_EVEN),
            found.currency,
        )
        for name, number in asdict(estimate).items()
    }
