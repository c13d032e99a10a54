"""How long one order's change takes that the index of pairs follows."""

import time
from collections.abc import Sequence
from random import Random

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from bench.speed.data import Purchases, complete_journey
from bench.tables import print_table
from retention.affinity import bought_together
from retention.columns import LINES
from retention.pair_index import PairIndex

ORDERS = 1000


def measure() -> None:
    """Print the times of orders that arrive, lose a line, and are erased, at The Complete Journey.

    In the end the lists must be those of a full count.
    """
    purchases = complete_journey()
    random = Random(1)
    new = random.sample(range(purchases.orders), ORDERS)
    began = time.perf_counter()
    index = PairIndex(_lines(purchases, set(new)))
    built = time.perf_counter() - began
    starts = np.searchsorted(purchases.order, np.arange(purchases.orders + 1))
    baskets = {
        order: purchases.product[starts[order] : starts[order + 1]].tolist() for order in new
    }
    index.replace(-1, [0, 1])
    index.replace(-1, None)
    kinds = {
        "arrives": [(order, baskets[order]) for order in new],
        "loses a line": [(order, baskets[order][1:]) for order in new],
        "changes back": [(order, baskets[order]) for order in new],
        "is erased": [(order, None) for order in new[: ORDERS // 2]],
    }
    print_table(
        f"One order's change at The Complete Journey ({purchases.orders:,} orders, index built in "
        f"{built:.1f} s)",
        ["an order", "p50 ms", "p99 ms", "most ms", "lists, p50", "lists, most"],
        [_row(name, index, changes) for name, changes in kinds.items()],
    )
    assert_frame_equal(index.pairs(), bought_together(_lines(purchases, set(new[: ORDERS // 2]))))
    print("   The lists are those of a full count.")


def _row(name: str, index: PairIndex, changes: Sequence[tuple[int, list[int] | None]]) -> list[str]:
    seconds, lists = [], []
    for order, products in changes:
        began = time.perf_counter()
        revised = index.replace(order, products)
        seconds.append(time.perf_counter() - began)
        lists.append(len(revised))
    times = np.quantile(seconds, [0.5, 0.99, 1]) * 1000
    return [name, *(f"{value:.2f}" for value in times), f"{np.median(lists):.0f}", f"{max(lists)}"]


def _lines(purchases: Purchases, without: set[int]) -> pl.DataFrame:
    kept = ~np.isin(purchases.order, list(without))
    cells = {"order_id": purchases.order[kept], "product_id": purchases.product[kept]}
    return pl.DataFrame(cells).select(
        (pl.col(name) if name in cells else pl.lit(1)).cast(kind).alias(name)
        for name, kind in LINES.items()
    )


if __name__ == "__main__":
    measure()
