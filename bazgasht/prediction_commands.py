"""Commands that look ahead: predictions of each customer, and what a higher retention is worth."""

import csv
import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from io import StringIO
from typing import Any, get_args
from uuid import UUID

import click
import polars as pl

from bazgasht import report_text
from bazgasht.cli import cli, opened_context
from bazgasht.numbers import Number
from bazgasht.options import store_argument
from bazgasht.report_tables import table_lines, with_customers
from bazgasht.settings import AppSettings
from bazgasht.shown_report import Told
from jobs.store_figures import read
from retention.figures.catalogue import words
from retention.figures.simulator import Reading, simulate
from retention.figures.text import Language, number

language_option = click.option("--lang", "language", type=click.Choice(["en", "fa"]), default="en")
json_option = click.option("--json", "form", flag_value="json", help="Everything, as JSON.")
csv_option = click.option("--csv", "form", flag_value="csv", help="A row for each, as CSV.")


@cli.command("customer-predictions")
@store_argument
@click.option("--by-product", is_flag=True, help="When each customer buys each product again.")
@language_option
@json_option
@csv_option
@click.pass_obj
def customer_predictions(
    settings: AppSettings, store: UUID, by_product: bool, language: Language, form: str | None
) -> None:
    """Print what is predicted of each customer of STORE: all of them, the most valuable first.

    With --by-product, after how many days each customer buys each product again instead. Text
    shows the first rows; --csv and --json hold the whole list, with what customers are known by.
    """
    with opened_context(settings) as context:
        source = read(context, store)
        try:
            lists = {one.name: one for one in source.predictions().lists}
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        name = "customer_product_intervals" if by_product else "customer_predictions"
        if name not in lists:
            raise click.ClickException(
                "not enough data: too few customers have bought a product again"
            )
        told = Told(store_id=store, store=source, calendar=source.calendar, language=language)
        told = with_customers(context, told, lists[name])
    for line in table_lines(told, lists[name], form, report_text.ROWS):
        click.echo(line)


@cli.command("what-if")
@store_argument
@click.option("--points", type=Number(0, 100), help="Percentage points of retention more a month.")
@language_option
@json_option
@click.option("--csv", "form", flag_value="csv", help="The coming months, as CSV.")
@click.pass_obj
def what_if(
    settings: AppSettings,
    store: UUID,
    points: Fraction | None,
    language: Language,
    form: str | None,
) -> None:
    """Print what a higher monthly retention would bring STORE in the coming twelve months.

    The points are those of the store's settings unless given.
    """
    with opened_context(settings) as context:
        source = read(context, store)
    try:
        answers, months = source.what_if(points)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    told = Told(store_id=store, store=source, calendar=source.calendar, language=language)
    if form == "json":
        content = {
            "store": told.store_as_json(),
            "figures": [one.as_json() for one in answers],
            "months": None if months is None else months.as_json(),
        }
        click.echo(json.dumps(content, ensure_ascii=False, indent=2))
    elif form == "csv" and months is None:
        raise click.ClickException("not enough data for the coming months; the text says why")
    else:
        if form is None:
            for line in report_text.figure_lines(told, answers):
                click.echo(line)
        for line in table_lines(told, months, form, rows=None) if months is not None else ():
            click.echo(line)


@cli.command("simulate")
@click.option(
    "--rate", "rates", type=Number(0, 100), multiple=True, default=["5", "10"], show_default=True,
    help="Percent a month; may be given several times.",
)  # fmt: skip
@click.option("--customers", type=Number(0, 10**9), default="100", show_default=True)
@click.option(
    "--revenue", type=Number(0, 10**12), default="10", show_default=True,
    help="Of each customer in a month.",
)  # fmt: skip
@click.option("--months", type=click.IntRange(1, 120), default=12, show_default=True)
@click.option(
    "--reading", "readings", type=click.Choice(get_args(Reading)), multiple=True,
    default=get_args(Reading), help="What the rate is taken for; all readings unless given.",
)  # fmt: skip
@language_option
@json_option
@csv_option
def simulate_command(
    rates: Sequence[Fraction],
    customers: Fraction,
    revenue: Fraction,
    months: int,
    readings: Sequence[Reading],
    language: Language,
    form: str | None,
) -> None:
    """Simulate retention rates on made-up customers, under three readings of what a rate is."""
    runs = [
        (reading, rate, simulate(reading, rate / 100, customers, revenue, months))
        for reading in readings
        for rate in rates
    ]
    if form is None:
        for line in _simulated(runs, months, language):
            click.echo(line)
        return
    rows = [
        {"reading": reading, "rate": float(rate), **row}
        for reading, rate, table in runs
        for row in table.with_columns(pl.col("revenue", "cumulative_revenue").cast(pl.String))
        .iter_rows(named=True)
    ]  # fmt: skip
    click.echo(json.dumps(rows, indent=2) if form == "json" else _as_csv(rows))


def _simulated(
    runs: Sequence[tuple[Reading, Fraction, pl.DataFrame]], months: int, language: Language
) -> Iterator[str]:
    """The last month of each run, below the reading that it is of."""
    last: Reading | None = None
    for reading, rate, table in runs:
        if reading != last:
            told = words("readings", reading)
            yield told.fa if language == "fa" else told.en
        last = reading
        end = table.row(months, named=True)
        rate_text, month = number(rate, 1, language), number(months, 0, language)
        buyers = number(end["customers"], 1, language)
        earned = number(end["revenue"], 2, language)
        whole = number(end["cumulative_revenue"], 2, language)
        if language == "fa":
            yield (
                f"    {rate_text}٪: ماه {month}: {buyers} مشتری، درآمد {earned}، تا آن ماه {whole}"
            )
        else:
            yield (
                f"    {rate_text} %: month {month}: {buyers} customers, "
                f"revenue {earned}, {whole} by then"
            )


def _as_csv(rows: Sequence[dict[str, Any]]) -> str:
    buffer = StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().removesuffix("\n")
