"""Purchases as arrays: what each held by category, and which followed which."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from retention.arrays import Floats, Integers, Table
from retention.columns import (
    CATEGORY_ID,
    CONTENTS,
    CUSTOMER_ID,
    PURCHASE_ID,
    PURCHASES,
    SEQUENCE,
    SHARE,
    require,
)

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Histories:
    """Purchases sorted by customer and sequence, one row each.

    `categories` are the identifiers of all categories, rising. `shares` is purchases x
    categories, each row the shares of what was spent (all zero when no category is known).
    `mains` is the place of the purchase's category in `categories`, or -1. `customers`
    are identifiers, `sequences` number each customer's purchases from 1.
    """

    categories: Integers
    shares: Table
    mains: Integers
    customers: Integers
    sequences: Integers

    def selected(self, rows: NDArray[Any]) -> "Histories":
        """Return the rows that a mask or indices choose."""
        return Histories(
            self.categories,
            self.shares[rows],
            self.mains[rows],
            self.customers[rows],
            self.sequences[rows],
        )


@dataclass(frozen=True, slots=True)
class Steps:
    """Purchases and the category of the same customer's next one.

    `before` holds the earlier purchases, of which something is known; `after` is the place of
    the next purchase's category. The step from the k-th to the next purchase weighs 1 / sqrt(k):
    the first resembles what is to be predicted most.
    """

    before: Histories
    after: Integers

    @property
    def weights(self) -> Floats:
        """Return the weight of each step."""
        return np.asarray(1 / np.sqrt(self.before.sequences), dtype=np.float64)

    @property
    def is_first(self) -> NDArray[np.bool_]:
        """Whether the step is from the first purchase to the second."""
        return np.asarray(self.before.sequences == 1)

    def selected(self, rows: NDArray[Any]) -> "Steps":
        """Return the steps that a mask or indices choose."""
        return Steps(self.before.selected(rows), self.after[rows])


def histories(purchases: pl.DataFrame, contents: pl.DataFrame) -> Histories:
    """Return the histories in `purchases` (columns `PURCHASES`) with their `CONTENTS`.

    Raises ValueError when a table lacks a column.
    """
    require(purchases, PURCHASES, "purchases")
    require(contents, CONTENTS, "contents")
    rows = purchases.sort(CUSTOMER_ID, SEQUENCE).with_row_index("row")
    categories = contents[CATEGORY_ID].append(rows[CATEGORY_ID].drop_nulls()).unique().sort()
    known = categories.to_numpy()
    cells = contents.join(rows.select(PURCHASE_ID, "row"), on=PURCHASE_ID).sort("row", CATEGORY_ID)
    places = np.searchsorted(known, cells[CATEGORY_ID].to_numpy())
    shape = (rows.height, len(known))
    shares = sparse.csr_array(
        (cells[SHARE].to_numpy(), (cells["row"].to_numpy(), places)), shape=shape
    )
    main = rows[CATEGORY_ID]
    return Histories(
        categories=known,
        shares=shares,
        mains=np.where(
            main.is_null().to_numpy(), UNKNOWN, np.searchsorted(known, main.fill_null(0).to_numpy())
        ),
        customers=rows[CUSTOMER_ID].to_numpy(),
        sequences=rows[SEQUENCE].cast(pl.Int64).to_numpy(),
    )


def once(of: Histories) -> Histories:
    """Return the first purchases of those who did not come back."""
    _, first, count = np.unique(of.customers, return_index=True, return_counts=True)
    return of.selected(first[count == 1])


def steps(of: Histories) -> Steps:
    """Return every purchase that was followed by another one, where both have a category."""
    before = np.flatnonzero(
        (of.customers[1:] == of.customers[:-1])
        & (of.sequences[1:] == of.sequences[:-1] + 1)
        & (of.mains[1:] != UNKNOWN)
        & (of.mains[:-1] != UNKNOWN)
    )
    return Steps(of.selected(before), of.mains[before + 1])
