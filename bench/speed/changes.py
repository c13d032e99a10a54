"""How long one order's change takes that the indexes of pairs follow."""

import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Generic, TypeVar

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from bench.quality import journey
from bench.tables import print_table
from retention.affinity import bought_next, bought_together
from retention.columns import CUSTOMER_ID, ORDER_ID, PLACED_AT, PRODUCT_ID
from retention.next_index import Bought, NextIndex
from retention.pair_index import PairIndex

ORDERS = 1000
ORDERS_NEXT = 200

Contents = TypeVar("Contents")
Change = tuple[int, Contents | None]
Replace = Callable[[int, Contents | None], Sequence[int]]


class _Changes(Generic[Contents]):
    """Orders that arrive, lose a line, get it back and are erased."""

    def __init__(self, whole: dict[int, Contents], less: dict[int, Contents]) -> None:
        self.erased = list(whole)[: len(whole) // 2]
        self._kinds: dict[str, list[Change[Contents]]] = {
            "arrives": list(whole.items()),
            "loses a line": list(less.items()),
            "changes back": list(whole.items()),
            "is erased": [(order, None) for order in self.erased],
        }

    def measure(self, title: str, replace: Replace[Contents]) -> None:
        """Print the milliseconds of each kind: as the clock told, and those of the processor."""
        some, contents = self._kinds["arrives"][0]
        replace(some, contents)
        replace(some, None)
        print_table(
            title,
            ["an order", "p50 ms", "p99 ms", "processor p50", "p99", "lists, p50", "most"],
            [_row(name, replace, changes) for name, changes in self._kinds.items()],
        )


def measure() -> None:
    """Print the times at The Complete Journey; in the end the lists must be those of a full count.

    Orders are drawn at random from all of the year.
    """
    lines = journey.lines()
    _measure_together(lines, _drawn(lines, ORDERS))
    _measure_next(lines, _drawn(lines, ORDERS_NEXT))
    print("   The lists are those of a full count.")


def _measure_together(lines: pl.DataFrame, drawn: pl.DataFrame) -> None:
    whole: dict[int, list[int]] = dict(drawn.select(ORDER_ID, PRODUCT_ID).iter_rows())
    changes = _Changes(whole, {order: products[1:] for order, products in whole.items()})
    began = time.perf_counter()
    index = PairIndex(_without(lines, list(whole)))
    title = "Bought together" + _built(began, index.nbytes())
    changes.measure(title, index.replace)
    assert_frame_equal(index.pairs(), bought_together(_without(lines, changes.erased)))


def _measure_next(lines: pl.DataFrame, drawn: pl.DataFrame) -> None:
    columns = (ORDER_ID, CUSTOMER_ID, PLACED_AT, PRODUCT_ID)
    whole = {order: Bought(*rest) for order, *rest in drawn.select(columns).iter_rows()}
    less = {
        order: Bought(has.customer_id, has.placed_at, list(has.product_ids)[1:])
        for order, has in whole.items()
    }
    changes = _Changes(whole, less)
    began = time.perf_counter()
    index = NextIndex(_without(lines, list(whole)))
    changes.measure("Bought next" + _built(began, index.nbytes()), index.replace)
    assert_frame_equal(index.pairs(), bought_next(_without(lines, changes.erased)))


def _drawn(lines: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return some orders: identifier, customer, time in microseconds and distinct products."""
    chosen = Random(1).sample(lines[ORDER_ID].unique().sort().to_list(), count)
    orders = lines.filter(pl.col(ORDER_ID).is_in(chosen)).group_by(ORDER_ID, maintain_order=True)
    return orders.agg(
        pl.col(CUSTOMER_ID).min(),
        pl.col(PLACED_AT).min().dt.timestamp("us"),
        pl.col(PRODUCT_ID).unique(maintain_order=True),
    )


def _without(lines: pl.DataFrame, orders: Sequence[int]) -> pl.DataFrame:
    return lines.filter(~pl.col(ORDER_ID).is_in(orders))


def _built(began: float, size: int) -> str:
    seconds = time.perf_counter() - began
    return f" (The Complete Journey; index built in {seconds:.1f} s, {size / 1e6:,.0f} MB)"


def _row(name: str, replace: Replace[Contents], changes: Sequence[Change[Contents]]) -> list[str]:
    seconds, processor, lists = [], [], []
    for order, contents in changes:
        began, worked = time.perf_counter(), time.thread_time()
        revised = replace(order, contents)
        seconds.append(time.perf_counter() - began)
        processor.append(time.thread_time() - worked)
        lists.append(len(revised))
    times = [
        *np.quantile(seconds, [0.5, 0.99]),
        *np.quantile(processor, [0.5, 0.99]),
    ]
    shown = (f"{value * 1000:.2f}" for value in times)
    return [name, *shown, f"{np.median(lists):.0f}", f"{max(lists)}"]


if __name__ == "__main__":
    measure()
