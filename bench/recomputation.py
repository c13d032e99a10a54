"""How long it takes to compute a store anew, and where the time goes."""

from collections.abc import Sequence
from statistics import median
from time import perf_counter

from bench.demo_store import DemoStore
from bench.stopwatch import Stopwatch
from bench.tables import print_table
from database import purchases, results
from database.session import store_transaction
from jobs import recompute

TIMES = 5

PLACES = {
    "read lines": (purchases, "lines"),
    "read products": (purchases, "products"),
    "compute": (recompute, "compute"),
    "keep results": (results, "replace"),
    "note what to write": (recompute, "_want"),
}


def measure(demo: DemoStore) -> None:
    """Print the seconds of each part, as the median of some runs with the extremes."""
    runs = [_run(demo) for _ in range(TIMES)]
    print_table(
        f"4. Recomputation of the demo's whole history ({TIMES} times)",
        ["part", "median s", "from", "to"],
        [[part, *_figures([run[part] for run in runs])] for part in runs[0]],
    )
    with store_transaction(demo.context.engine, demo.id) as session:
        figures = results.figures(session)
        sizes = results.sizes(session)
    counts = figures.figures if figures else {}
    kept = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sizes.items())
    print(f"   {counts['orders']:,} orders, {counts['lines']:,} lines; kept: {kept}")


def _run(demo: DemoStore) -> dict[str, float]:
    with Stopwatch(PLACES) as watch:
        began = perf_counter()
        recompute.recompute_now(demo.context, demo.store)
        return watch.seconds | {"altogether": perf_counter() - began}


def _figures(seconds: Sequence[float]) -> list[str]:
    return [f"{value:.2f}" for value in (median(seconds), min(seconds), max(seconds))]
