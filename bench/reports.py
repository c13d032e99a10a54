"""How long a store's whole report takes, from the database to figures and predictions.

`python -m bench.reports [LINES ...]`, by default 1,000,000 order lines of a made-up store.
"""

import sys
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, cast
from uuid import UUID

import numpy as np
import polars as pl
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from bazgasht.logs import configure
from bazgasht.services import PostgresServer
from bench.installation import Installation, installation
from bench.speed.measure import peak_memory
from bench.tables import print_table
from jobs.store_figures import read
from retention.figures.period import month_containing

LINES = 1_000_000
LINES_PER_ORDER = 4
PRODUCTS, CATEGORIES = 5_000, 50
DAYS = 730


def measure(made: Installation, lines: int = LINES) -> None:
    """Fill a store with made-up purchases, then print seconds and memory of its whole report."""
    store_id = made.add_store()
    _filled_apart(made, store_id, lines)
    # The peak counts from here on.
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    watch = _Watch()
    source = read(made.context, store_id)
    watch.mark("read tables")
    this_month = month_containing(source.today, source.zone)
    source.report(month_containing(this_month.first_day - timedelta(days=1), source.zone))
    watch.mark("figures of last month")
    source.predictions()
    watch.mark("predictions")
    print_table(
        f"5. The whole report of {source.tables.lines.height:,} order lines",
        ["part", "s", "s of processors"],
        watch.rows(),
    )
    orders = source.tables.lines["order_id"].n_unique()
    customers = source.tables.lines["customer_id"].n_unique()
    print(f"   {orders:,} orders of {customers:,} customers; peak {peak_memory() / 2**20:,.0f} MiB")


@dataclass(slots=True)
class _Watch:
    """Seconds on the clock and of processors, part by part."""

    began: tuple[float, float] = field(default_factory=lambda: (perf_counter(), process_time()))
    marks: list[tuple[str, float, float]] = field(default_factory=list)

    def mark(self, part: str) -> None:
        """Note the end of a part."""
        self.marks.append((part, perf_counter(), process_time()))

    def rows(self) -> list[list[str]]:
        """Each part's seconds, and those of all."""
        ends = [("", *self.began), *self.marks]
        spent = [
            (part, wall - before[1], busy - before[2])
            for before, (part, wall, busy) in pairwise(ends)
        ]
        whole = ("altogether", sum(one[1] for one in spent), sum(one[2] for one in spent))
        return [[part, f"{wall:.1f}", f"{busy:.1f}"] for part, wall, busy in (*spent, whole)]


def _filled_apart(made: Installation, store_id: UUID, lines: int) -> None:
    """Fill the store in a process of its own, whose memory then does not count."""
    server = next(one for one in made.services.servers if isinstance(one, PostgresServer))
    database = make_url(made.services.app_url).database
    address = make_url(server.superuser_url).set(database=database)
    filling = get_context("spawn").Process(
        target=_fill, args=(address.render_as_string(hide_password=False), store_id, lines)
    )
    filling.start()
    filling.join()
    if filling.exitcode:
        raise RuntimeError(f"filling the store ended with {filling.exitcode}")


def _fill(address: str, store_id: UUID, lines: int) -> None:
    """Write purchases of two years into the tables, past row-level security."""
    orders = _orders(lines // LINES_PER_ORDER)
    customers = pl.DataFrame({"id": orders["customer_id"].unique().sort()})
    engine = create_engine(address)
    known = pl.lit(str(store_id)).alias("store_id")
    tables = {
        "categories": _numbered(CATEGORIES).select(
            "id", known, external_id="id", name=pl.format("Category {}", "id")
        ),
        "products": _numbered(PRODUCTS).select(
            "id",
            known,
            external_id="id",
            name=pl.format("Product {}", "id"),
            category_ids=pl.format("{{{}}}", pl.col("id") % CATEGORIES + 1),
        ),
        "customers": customers.select("id", known, key=pl.format("account:{}", "id")),
        "orders": orders.select(
            "id",
            known,
            external_id="id",
            number="id",
            status=pl.lit("completed"),
            currency=pl.lit("USD"),
            placed_at="placed_at",
            modified_at="placed_at",
            customer_id="customer_id",
            total=pl.lit("50"),
            kept_net=pl.lit("50"),
            content=pl.lit("\\x"),
        ),
        "order_lines": _lines(orders["id"], lines).with_columns(known),
    }
    with engine.begin() as connection:
        for name, table in tables.items():
            _copy(connection, name, table)
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def _copy(connection: Any, name: str, table: pl.DataFrame) -> None:
    columns = ", ".join(table.columns)
    cursor = cast(Any, connection.connection).cursor()
    with cursor, cursor.copy(f"COPY {name} ({columns}) FROM STDIN (FORMAT csv)") as copy:
        for part in table.iter_slices(200_000):
            buffer = BytesIO()
            part.write_csv(buffer, include_header=False)
            copy.write(buffer.getvalue())


def _orders(count: int) -> pl.DataFrame:
    """Draw customers who buy at rhythms of their own and leave sooner or later."""
    random = np.random.default_rng(count)
    customers = count // 3
    buys = random.geometric(random.beta(1.2, 3.0, customers).clip(0.02))
    customer = np.repeat(np.arange(1, customers + 1), buys)
    gaps = random.exponential(1.0, len(customer)) * np.repeat(
        random.lognormal(3.5, 0.7, customers), buys
    )
    running = np.cumsum(gaps)
    first = np.concatenate([[0], np.cumsum(buys)[:-1]])
    since = running - np.repeat(running[first], buys)
    day = np.repeat(random.uniform(0, DAYS, customers), buys) + since
    seen = np.flatnonzero(day < DAYS)[:count]
    placed = pl.Series((day[seen] * 86_400_000_000).astype(np.int64))
    now = pl.lit(np.datetime64("now", "us")).cast(pl.Datetime("us"))
    return pl.DataFrame({"customer_id": customer[seen], "after": placed}).select(
        pl.int_range(1, pl.len() + 1).alias("id"),
        "customer_id",
        (now - timedelta(days=DAYS) + pl.col("after").cast(pl.Duration("us")))
        .dt.replace_time_zone("UTC")
        .alias("placed_at"),
    )


def _lines(orders: pl.Series, lines: int) -> pl.DataFrame:
    random = np.random.default_rng(lines)
    sizes = random.geometric(len(orders) / lines, len(orders))
    order = np.repeat(orders.to_numpy(), sizes)[:lines]
    popularity = np.cumsum(1 / np.arange(1, PRODUCTS + 1))
    product = np.searchsorted(popularity, random.random(len(order)) * popularity[-1]) + 1
    table = pl.DataFrame({"order_id": order, "product_id": product.clip(max=PRODUCTS)})
    net = pl.Series(random.integers(100, 9_000, len(order)) / 100).alias("net")
    return table.with_columns(net, pl.lit(1).alias("quantity")).select(
        "order_id",
        pl.int_range(pl.len()).over("order_id").alias("position"),
        pl.int_range(pl.len()).alias("external_id"),
        "product_id",
        pl.lit("").alias("name"),
        "quantity",
        "net",
        pl.col("quantity").alias("kept_quantity"),
        pl.col("net").alias("kept_net"),
    )


def _numbered(count: int) -> pl.DataFrame:
    return pl.DataFrame({"id": range(1, count + 1)})


def main() -> None:
    """Measure each size that was named, each in an installation of its own."""
    configure("WARNING", "text")
    for lines in map(int, sys.argv[1:] or [str(LINES)]):
        with installation() as made:
            measure(made, lines)


if __name__ == "__main__":
    main()
