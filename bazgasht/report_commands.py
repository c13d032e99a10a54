"""The command that prints a store's figures and predictions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import click

from bazgasht import report_csv, report_text
from bazgasht.cli import cli, opened_context
from bazgasht.options import store_argument
from bazgasht.report_tables import table_lines, with_customers
from bazgasht.settings import AppSettings
from bazgasht.shown_report import Compared, Noted, Shown
from database import reports
from database.reports import PAST
from database.session import store_transaction
from jobs.context import Context
from jobs.report import keep
from jobs.store_figures import StoreFigures, read
from retention.figures.figure import Breakdown, Figure
from retention.figures.period import (
    Calendar,
    Period,
    days,
    month_containing,
    read_day,
    read_month,
)
from retention.figures.report import Report
from retention.figures.stickiness import change_from_baseline
from retention.figures.text import Language


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed."""

    first: str | None
    last: str | None
    month: str | None
    count: int | None
    calendar: Calendar | None
    language: Language
    form: str | None
    table: str | None
    sample: int | None
    seed: int
    set_baseline: bool


STICKINESS = ("stickiness_repeat", "stickiness_returning")


@cli.command("report")
@store_argument
@click.option("--from", "first", metavar="DATE", help="First day, YYYY-MM-DD; with --to.")
@click.option("--to", "last", metavar="DATE", help="Last day, YYYY-MM-DD; with --from.")
@click.option("--month", metavar="YYYY-MM", help="A month.")
@click.option("--days", "count", type=click.IntRange(1, 3660), help="So many days to yesterday.")
@click.option("--calendar", type=click.Choice(["gregorian", "jalali"]), help="Of dates and months.")
@click.option("--lang", "language", type=click.Choice(["en", "fa"]), default="en")
@click.option("--json", "form", flag_value="json", help="Everything, exactly, as JSON.")
@click.option("--csv", "form", flag_value="csv", help="A row for each figure, or of one --table.")
@click.option("--table", metavar="NAME", help="Only this table, whole.")
@click.option("--sample", type=click.IntRange(1), help="Stickiness of so many, drawn at random.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another one draws anew.")
@click.option("--set-baseline", is_flag=True, help="Compare later periods with this stickiness.")
@click.pass_obj
def report_command(settings: AppSettings, /, store: UUID, **options: Any) -> None:
    """Print the figures of STORE over a period, and what it may expect.

    The period is the last full month unless told otherwise, in the store's time zone. Figures of
    a month, or of days given by --from and --to, are kept once they are over, and what changes in
    them later is noted and shown.
    """
    wanted = Wanted(**options)
    with opened_context(settings) as context:
        source = read(context, store)
        try:
            shown = _shown(context, store, source, wanted)
            if wanted.set_baseline:
                _set_baseline(context, store, source, shown.report)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        table = _chosen(shown, wanted.table)
        if table is not None:
            shown = with_customers(context, shown, table)
    for line in _lines(shown, wanted.form, table):
        click.echo(line)


def _chosen(shown: Shown, name: str | None) -> Breakdown | None:
    known = {one.name: one for one in shown.breakdowns}
    if name is not None and name not in known:
        raise click.BadParameter(f"no table {name!r}; there are {', '.join(sorted(known))}")
    return None if name is None else known[name]


def _lines(shown: Shown, form: str | None, table: Breakdown | None) -> Iterator[str]:
    if table is not None:
        yield from table_lines(shown, table, form, rows=None)
    elif form == "json":
        yield json.dumps(shown.as_json(), ensure_ascii=False, indent=2)
    elif form == "csv":
        yield report_csv.figures(shown)
    else:
        yield from report_text.lines(shown)


def _period(store: StoreFigures, wanted: Wanted, calendar: Calendar) -> Period:
    first, last, month, count = wanted.first, wanted.last, wanted.month, wanted.count
    if sum((first is not None or last is not None, month is not None, count is not None)) > 1:
        raise ValueError("give one of --from with --to, --month and --days")
    yesterday = store.today - timedelta(days=1)
    if month is not None:
        return read_month(month, store.zone, calendar)
    if count is not None:
        return days(store.today - timedelta(days=count), yesterday, store.zone)
    if first is not None and last is not None:
        return days(read_day(first, calendar), read_day(last, calendar), store.zone)
    if first is not None or last is not None:
        raise ValueError("give both --from and --to")
    this_month = month_containing(store.today, store.zone, calendar)
    return month_containing(this_month.first_day - timedelta(days=1), store.zone, calendar)


def _shown(context: Context, store_id: UUID, store: StoreFigures, wanted: Wanted) -> Shown:
    """Compute what is shown; the figures of a period that is over are kept and compared."""
    calendar = wanted.calendar or store.calendar
    period = _period(store, wanted, calendar)
    with store_transaction(context.engine, store_id) as session:
        told_before = reports.find(session, PAST, period) is not None
    found = store.report(period, calendar, may_be_empty=told_before)
    if wanted.count is None and period.end <= store.moment and calendar == store.calendar:
        keep(context, store_id, store, PAST, found)
    today = days(store.today, store.today, store.zone)
    with store_transaction(context.engine, store_id) as session:
        changed = [
            Noted(row.noted_at, tuple(row.changes)) for row in reports.noted(session, period)
        ]
        baseline = reports.baseline(session)
    return Shown(
        store_id=store_id,
        store=store,
        calendar=calendar,
        language=wanted.language,
        report=found,
        predictions=store.predictions() if store.has_sold(today.start) else None,
        changes=changed,
        compared=_compared(baseline, found),
        sample=store.sample(period, wanted.sample, wanted.seed) if wanted.sample else [],
    )


def _compared(baseline: dict[str, Figure], found: Report) -> list[Compared]:
    return [
        Compared(before, change_from_baseline(before, found.figure(name)))
        for name, before in sorted(baseline.items())
    ]


def _set_baseline(context: Context, store_id: UUID, store: StoreFigures, found: Report) -> None:
    rates = [found.figure(name) for name in STICKINESS]
    for rate in rates:
        if rate.not_enough is not None:
            raise ValueError(
                f"no baseline of {rate.not_enough.have} customers, {rate.not_enough.need} are "
                "needed; choose a longer period"
            )
    with store_transaction(context.engine, store_id) as session:
        reports.set_baseline(session, rates, store.moment)
