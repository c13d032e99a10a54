"""Commands for what a merchant spends to keep customers."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from bazgasht.cli import cli, opened_context
from bazgasht.numbers import Number
from bazgasht.options import store_argument
from bazgasht.settings import AppSettings
from connector.settings import validate_settings
from database import costs, stores
from database.costs import Entry
from database.models import RetentionCost, Store
from database.session import store_transaction
from jobs.calendar import calendar_of
from retention.figures.columns import ENTERED_KINDS
from retention.figures.figure import as_decimal
from retention.figures.period import Calendar, Period, day_name, days, read_day, read_month
from retention.money import in_currency, minor_digits

MOST = 10**15


@dataclass(frozen=True, slots=True)
class Spent:
    """What was typed."""

    kind: str
    amount: Fraction
    currency: str | None
    month: str | None
    first: str | None
    last: str | None
    calendar: Calendar | None


@cli.group("cost")
def cost() -> None:
    """Enter what is spent on messages, the programme and service to keep customers.

    Discounts and points are known from the orders and are not entered.
    """


@cost.command("add")
@store_argument
@click.option("--kind", type=click.Choice(ENTERED_KINDS), required=True)
@click.option("--amount", type=Number(0, MOST), required=True)
@click.option("--currency", metavar="CODE", help="The store's own unless given.")
@click.option("--month", metavar="YYYY-MM", help="Spent evenly over a month.")
@click.option("--from", "first", metavar="DATE", help="First day, YYYY-MM-DD; with --to.")
@click.option("--to", "last", metavar="DATE", help="Last day, YYYY-MM-DD; with --from.")
@click.option("--calendar", type=click.Choice(["gregorian", "jalali"]), help="Of dates and months.")
@click.pass_obj
def add(settings: AppSettings, /, store: UUID, **options: Any) -> None:
    """Enter an amount that STORE spent over some days; figures of these days count it."""
    spent = Spent(**options)
    with opened_context(settings) as context, store_transaction(context.engine, store) as session:
        row = stores.existing(session)
        try:
            period = _period(session, row, spent)
            entry = _entry(row, spent, period)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        number = costs.add(session, store, entry)
        click.echo(f"{number}  entered: {_text(entry, calendar_of_store(session, row))}")


@cost.command("list")
@store_argument
@click.pass_obj
def list_costs(settings: AppSettings, store: UUID) -> None:
    """List what was entered for STORE, by the first day."""
    with opened_context(settings) as context, store_transaction(context.engine, store) as session:
        calendar = calendar_of_store(session, stores.existing(session))
        entries = costs.listing(session)
        if not entries:
            click.echo("nothing was entered yet")
        for entry in entries:
            click.echo(f"{entry.id}  {_text(entry, calendar)}")


@cost.command("remove")
@store_argument
@click.argument("number", type=int)
@click.pass_obj
def remove(settings: AppSettings, store: UUID, number: int) -> None:
    """Take back the entry NUMBER of STORE; `bazgasht cost list` shows the numbers."""
    with opened_context(settings) as context, store_transaction(context.engine, store) as session:
        stores.existing(session)
        if not costs.remove(session, number):
            raise click.ClickException(f"no entry {number}; `bazgasht cost list` shows them")
        click.echo(f"{number}  removed")


def calendar_of_store(session: Session, row: Store) -> Calendar:
    """The calendar in which a store's days are read and shown."""
    return calendar_of(validate_settings(row.settings), row.time_zone, stores.now(session))


def _period(session: Session, row: Store, spent: Spent) -> Period:
    calendar = spent.calendar or calendar_of_store(session, row)
    by_days = spent.first is not None or spent.last is not None
    if by_days == (spent.month is not None):
        raise ValueError("give --month, or --from with --to")
    if spent.month is not None:
        return read_month(spent.month, row.time_zone, calendar)
    if spent.first is None or spent.last is None:
        raise ValueError("give both --from and --to")
    first, last = (read_day(day, calendar) for day in (spent.first, spent.last))
    if last < first:
        raise ValueError("--to is before --from; exchange them")
    return days(first, last, row.time_zone)


def _entry(row: Store, spent: Spent, period: Period) -> Entry:
    if spent.amount <= 0:
        raise ValueError("--amount is 0; give what was spent")
    currency = (spent.currency or row.currency).upper()
    if not currency:
        raise ValueError("the store has told no currency; give --currency")
    if row.currency and in_currency(Fraction(1), currency, row.currency) is None:
        raise ValueError(
            f"--currency is {currency}, but the store's figures are in {row.currency}: "
            f"enter the amount in {row.currency}"
        )
    if (spent.amount * 10 ** minor_digits(currency)).denominator != 1:
        digits = minor_digits(currency)
        raise ValueError(f"--amount has more than the {digits} decimals that {currency} has")
    return Entry(spent.kind, period.first_day, period.last_day, as_decimal(spent.amount), currency)


def _text(entry: Entry | RetentionCost, calendar: Calendar) -> str:
    amount = f"{entry.amount:,.{minor_digits(entry.currency)}f}"
    first, last = (day_name(day, calendar) for day in (entry.first_day, entry.last_day))
    return f"{first} to {last}  {entry.kind}  {amount} {entry.currency}"
