"""How long it takes to compute a store anew, and where the time goes."""

from collections.abc import Sequence
from statistics import median
from time import perf_counter
from types import ModuleType

from sqlalchemy import text

from bench.demo_store import DemoStore
from bench.stopwatch import Stopwatch
from bench.tables import print_table
from database import purchases, results
from database.session import store_transaction
from jobs import recompute
from jobs.kept_lists import SHELF
from retention.kept_lists import KeptLists

TIMES = 5
SOME_ORDERS = text(
    "SELECT id, status FROM orders WHERE status = ANY(:counted) AND NOT gone "
    "ORDER BY md5(id::text) LIMIT :count"
)
CHANGE = text("UPDATE orders SET status = :status WHERE id = :order")

PLACES: dict[str, tuple[ModuleType | type, str]] = {
    "read lines": (purchases, "lines"),
    "read products": (purchases, "products"),
    "make pairs and lists": (recompute, "made"),
    "take in an order": (KeptLists, "take_in"),
    "second purchases": (recompute, "compute"),
    "keep results": (results, "replace"),
    "change results": (results, "change"),
    "note which lists to write": (recompute, "want_lists"),
    "note which categories to write": (recompute, "want_labels"),
}


def measure(demo: DemoStore) -> None:
    """Print the seconds of each part, of all orders and of one, as the median of some runs."""
    anew = [_run(demo) for _ in range(TIMES)]
    with store_transaction(demo.context.engine, demo.id) as session:
        counted = list(demo.store.settings.purchase_statuses)
        chosen = session.execute(SOME_ORDERS, {"count": TIMES, "counted": counted}).all()
    single = [_run(demo, order.id) for order in chosen]
    print_table(
        f"4. Recomputation of the demo's whole history, and after one order changed "
        f"({TIMES} times each)",
        ["part", "all: median s", "from", "to", "one: median s", "from", "to"],
        [[part, *_figures([run[part] for run in anew]), *_figures([run[part] for run in single])]
         for part in anew[0]],
    )  # fmt: skip
    with store_transaction(demo.context.engine, demo.id) as session:
        for order in chosen:
            session.execute(CHANGE, {"order": order.id, "status": order.status})
        figures = results.figures(session)
        sizes = results.sizes(session)
    counts = figures.figures if figures else {}
    kept = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sizes.items())
    print(f"   {counts['orders']:,} orders, {counts['lines']:,} lines; kept: {kept}")


def _run(demo: DemoStore, order: int | None = None) -> dict[str, float]:
    """Compute all orders, or let one order be cancelled and take that in."""
    if order is None:
        SHELF.take(demo.id)
    else:
        with store_transaction(demo.context.engine, demo.id) as session:
            session.execute(CHANGE, {"order": order, "status": "cancelled"})
    with Stopwatch(PLACES) as watch:
        began = perf_counter()
        recompute.recompute_now(demo.context, demo.store)
        return watch.seconds | {"altogether": perf_counter() - began}


def _figures(seconds: Sequence[float]) -> list[str]:
    return [f"{value:.2f}" for value in (median(seconds), min(seconds), max(seconds))]
