"""A customer's list as the merchant wants it: pinned products first, not all of one category."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from retention.arrays import Floats, Integers
from retention.columns import CATEGORY_ID, PRODUCT_ID
from retention.listing import most_of_one_category

DEPTH = 20
"""Among so many times a list's length it is sought what takes the place of a crowded category."""

NO_CATEGORY = -1
Best = tuple[Integers, Integers, Floats]
"""Rows, columns and scores, sorted by row and rank."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a merchant wants of every list.

    `products` (`PRODUCTS`) has the products' categories, `pinned` the products that go first, in
    this sequence; at most `category_percent` of a list are of one category.
    """

    products: pl.DataFrame
    pinned: pl.Series
    category_percent: int


class Arrangement:
    """The same for the columns of a model: its products, then pinned ones that nobody bought."""

    def __init__(self, product_ids: Integers, wishes: Wishes | None) -> None:
        pinned = wishes.pinned.to_numpy() if wishes else np.zeros(0, dtype=np.int64)
        unknown = pinned[~np.isin(pinned, product_ids)]
        self.product_ids = np.concatenate([product_ids, unknown]).astype(np.int64)
        place = {product: column for column, product in enumerate(self.product_ids.tolist())}
        self._pinned = np.array([place[product] for product in pinned.tolist()], dtype=np.int64)
        self._percent = wishes.category_percent if wishes else 100
        self._categories = _categories(self.product_ids, wishes)

    def depth(self, size: int) -> int:
        """How many of the best are asked for a list of this size."""
        return size if self._percent == 100 else DEPTH * size

    def is_pinned(self, columns: Integers) -> list[bool]:
        """Whether each is pinned."""
        pinned: list[bool] = np.isin(columns, self._pinned).tolist()
        return pinned

    def arranged(self, best: Best, rows: int, bought: Integers, size: int) -> Best:
        """Return the first `size` of each of so many `rows`, pinned ones before the best.

        `bought` are cells, row * columns + column, that a list must not name. What a category has
        beyond its share goes behind everything else, pinned products excepted; these count.
        """
        row, column, score = best
        width = len(self.product_ids)
        pins = np.arange(rows)[:, None] * width + self._pinned[None, :]
        pins = pins[~np.isin(pins, bought)]
        cells = np.concatenate([pins, row * width + column])
        table = pl.DataFrame(
            {
                "cell": cells,
                "score": np.concatenate([np.zeros(len(pins)), score]),
                "is_pinned": np.arange(len(cells)) < len(pins),
            }
        ).unique("cell", keep="first", maintain_order=True)
        table = table.with_columns(
            (pl.col("cell") // width).alias("row"), (pl.col("cell") % width).alias("column")
        )
        category = pl.Series("category", self._categories[table["column"].to_numpy()])
        most = most_of_one_category(size, self._percent)
        beyond = (pl.int_range(pl.len()).over("row", "category") >= most) & (
            (pl.col("category") != NO_CATEGORY) & ~pl.col("is_pinned")
        )
        kept = (
            table.with_columns(category)
            .sort("row", pl.col("is_pinned").not_(), maintain_order=True)
            .with_columns(beyond.alias("beyond"))
            .sort("row", "beyond", maintain_order=True)
            .filter(pl.int_range(pl.len()).over("row") < size)
        )
        return kept["row"].to_numpy(), kept["column"].to_numpy(), kept["score"].to_numpy()


def _categories(product_ids: Integers, wishes: Wishes | None) -> Integers:
    if wishes is None:
        return np.full(len(product_ids), NO_CATEGORY)
    named = pl.DataFrame({PRODUCT_ID: product_ids}).join(
        wishes.products.select(PRODUCT_ID, CATEGORY_ID),
        on=PRODUCT_ID,
        how="left",
        maintain_order="left",
    )
    return named[CATEGORY_ID].fill_null(NO_CATEGORY).to_numpy()
