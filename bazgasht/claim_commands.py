"""The command that makes the link by which a customer proves an e-mail address."""

from uuid import UUID

import click

from bazgasht.options import json_option, person_options, print_json, store_argument
from bazgasht.points_commands import opened, points
from bazgasht.settings import AppSettings
from jobs.claims import claim_link
from jobs.privacy import subject


@points.command("claim-link")
@store_argument
@person_options
@click.option(
    "--days", type=click.IntRange(1, 90), default=7, show_default=True, help="How long it works."
)
@json_option
@click.pass_obj
def claim_link_command(
    settings: AppSettings,
    /,
    store: UUID,
    days: int,
    as_json: bool,
    **named: str | None,
) -> None:
    """Print a link by which an account of STORE proves its e-mail address, once.

    Send it to that address and nowhere else: whoever uses it gets what the address has as a guest.
    """
    with opened(settings) as context:
        person = subject(context, store, **named)
        link = claim_link(context, store, person, days=days)
    if as_json:
        until = link.expires_at.isoformat()
        print_json({"url": link.url, "email": link.email, "expires_at": until})
        return
    click.echo(f"for {link.email}, until {link.expires_at:%Y-%m-%d %H:%M}Z:\n{link.url}")
