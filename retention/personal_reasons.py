"""Each customer's two lists, what comes next and what would be new, with reasons in numbers."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention.arrays import Floats, Integers
from retention.columns import (
    BASE,
    BASE_RATE,
    COUNT,
    CUSTOMER_ID,
    KIND,
    PERSONAL_LISTS,
    PRODUCT_ID,
    RANK,
    REASON_KIND,
    SCORE,
)
from retention.personal import Expected, PersonalModel
from retention.personal_arrangement import Arrangement, Wishes

NEXT, NEW = "next", "new"
BEFORE, ALIKE, POPULAR, PINNED = "bought_before", "customers_alike", "popular", "pinned"


def explained_lists(
    model: PersonalModel,
    customers: pl.Series,
    recommendable: pl.Series,
    size: int = 10,
    wishes: Wishes | None = None,
) -> Iterator[pl.DataFrame]:
    """Yield the lists of `customers` in portions (`PERSONAL_LISTS`), of `recommendable` products.

    The ranking is that of `retention.personal.personal_lists`, arranged as the merchant wants.
    The reason of a product is

    - "bought_before": `count` of the customer's `base` orders had it, and `base_rate` of all;
    - "customers_alike": `count` of the `base` customers most alike bought it, and `base_rate` of
      all customers;
    - "popular": nobody alike bought it, but `count` of all `base` customers;
    - "pinned": the merchant wants it first, and `count` of all `base` customers bought it.

    A customer without an order, or for whom nothing speaks, has no rows.
    Raises ValueError when `size` is below 1.
    """
    if size < 1:
        raise ValueError(f"size is {size}; list at least one product")
    allowed = pl.Series(model.product_ids).is_in(recommendable.implode()).to_numpy()
    arrangement = Arrangement(model.product_ids, wishes)
    counting = _Reasons(model, arrangement)
    width = len(arrangement.product_ids)
    for rows in model.portions(customers):
        expected = model.expected(rows)
        tables = [PERSONAL_LISTS.to_frame()]
        for kind in (NEXT, NEW):
            best = expected.best(arrangement.depth(size), only_new=kind == NEW, allowed=allowed)
            row, column = np.nonzero(expected.own * (kind == NEW))
            listed = arrangement.arranged(best, len(rows), row * width + column, size)
            tables.append(counting.table(kind, rows, expected, *listed))
        yield pl.concat(tables).sort(CUSTOMER_ID, KIND, RANK)


class _Reasons:
    """Counts what speaks for products, in what a model was made of."""

    def __init__(self, model: PersonalModel, arrangement: Arrangement) -> None:
        self._model, self._arrangement = model, arrangement
        self._buyers = model.frequency.tocsc()
        self._orders = max(int(model.orders.sum()), 1)

    def table(
        self,
        kind: str,
        rows: Integers,
        expected: Expected,
        row: Integers,
        column: Integers,
        score: Floats,
    ) -> pl.DataFrame:
        model = self._model
        customer = rows[row]
        pinned = self._arrangement.is_pinned(column)
        reasons = [
            self._pinned(product)
            if is_pinned
            else self._before(one, product)
            if expected.own[at, product] > 0
            else self._alike(expected.near[at], product)
            for at, one, product, is_pinned in zip(row, customer, column, pinned, strict=True)
        ]
        names = (REASON_KIND, COUNT, BASE, BASE_RATE)
        told = pl.DataFrame(reasons, schema={n: PERSONAL_LISTS[n] for n in names}, orient="row")
        return (
            pl.DataFrame(
                {
                    CUSTOMER_ID: model.customer_ids[customer],
                    PRODUCT_ID: self._arrangement.product_ids[column],
                    SCORE: score,
                }
            )
            .hstack(told)
            .with_columns(
                pl.lit(kind).alias(KIND),
                pl.int_range(1, pl.len() + 1).over(CUSTOMER_ID).alias(RANK),
            )
            .select(PERSONAL_LISTS.names())
            .cast(PERSONAL_LISTS)
        )

    def _pinned(self, product: int) -> tuple[str, int, int, float]:
        customers = len(self._model.customer_ids)
        is_known = product < len(self._model.product_ids)
        count = int(np.diff(self._buyers.indptr[product : product + 2])[0]) if is_known else 0
        return PINNED, count, customers, count / customers

    def _before(self, customer: int, product: int) -> tuple[str, int, int, float]:
        model = self._model
        orders = int(model.orders[customer])
        count = round(float(model.frequency[customer, product]) * orders)
        return BEFORE, count, orders, float(model.orders_with[product]) / self._orders

    def _alike(self, near: NDArray[np.bool_], product: int) -> tuple[str, int, int, float]:
        start, end = self._buyers.indptr[product : product + 2]
        customers = len(self._model.customer_ids)
        rate = float(end - start) / customers
        count = int(near[self._buyers.indices[start:end]].sum())
        if count == 0:
            return POPULAR, int(end - start), customers, rate
        return ALIKE, count, int(near.sum()), rate
