"""What is counted: real purchases, and synthetic ones of any size."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench.quality.journey import DATA

Numbers = NDArray[np.int32]

PRODUCTS = 50_000
LINES_PER_ORDER = 4


@dataclass(frozen=True, slots=True)
class Purchases:
    """Which order has which product, both numbered from 0: sorted by order, each cell once."""

    order: Numbers
    product: Numbers
    orders: int
    products: int

    def save(self, path: Path) -> None:
        """Keep it for `load`."""
        np.savez(path, order=self.order, product=self.product, sizes=[self.orders, self.products])

    @classmethod
    def load(cls, path: Path) -> "Purchases":
        """What was kept."""
        with np.load(path) as kept:
            orders, products = (int(size) for size in kept["sizes"])
            return cls(kept["order"], kept["product"], orders, products)

    def some(self) -> "Purchases":
        """The first thousand cells, to warm up with."""
        return Purchases(self.order[:1000], self.product[:1000], self.orders, self.products)

    def directed_pairs(self) -> int:
        """How many pairs, each in both directions, the orders have."""
        sizes = np.bincount(self.order).astype(np.int64)
        return int((sizes * (sizes - 1)).sum())


def synthetic(lines: int) -> Purchases:
    """Draw orders of 4 lines on average (geometric) of 50,000 products of Zipf's popularity."""
    random = np.random.default_rng(lines)
    orders = lines // LINES_PER_ORDER
    sizes = random.geometric(1 / LINES_PER_ORDER, size=orders)
    popularity = np.cumsum(1 / np.arange(1, PRODUCTS + 1))
    drawn = np.searchsorted(popularity, random.random(sizes.sum()) * popularity[-1])
    numbers = random.permutation(PRODUCTS)[np.minimum(drawn, PRODUCTS - 1)]
    cells = np.repeat(np.arange(orders, dtype=np.int64) * PRODUCTS, sizes) + numbers
    cells.sort()
    cells = cells[np.diff(cells, prepend=-1) > 0]
    return _numbered(cells, orders, PRODUCTS)


def complete_journey() -> Purchases:
    """The orders of The Complete Journey's 2,469 households in one year."""
    path = DATA / "transactions.parquet"
    lines = pl.read_parquet(path, columns=["basket_id", "product_id"]).unique()
    order, product = (
        lines[name].cast(pl.Int64).rank("dense").cast(pl.Int64).to_numpy() - 1
        for name in lines.columns
    )
    orders, products = int(order.max()) + 1, int(product.max()) + 1
    return _numbered(np.sort(order * products + product), orders, products)


def _numbered(cells: NDArray[np.int64], orders: int, products: int) -> Purchases:
    order, product = np.divmod(cells, products)
    return Purchases(order.astype(np.int32), product.astype(np.int32), orders, products)
