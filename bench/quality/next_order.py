"""Rivals for a customer's next order.

Lists that come out too short, of customers who bought little, are filled with the most bought.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from scipy import sparse

from retention.arrays import Floats, Integers
from retention.baskets import histories
from retention.columns import CUSTOMER_ID, PRODUCT_ID, RANK
from retention.ease import ease

CHUNK = 100
EASE_PRODUCTS = 3000
EASE_PENALTY = 200.0
TIFU_GROUP = 7
TIFU_WITHIN = 0.9
TIFU_BETWEEN = 0.7
TIFU_NEIGHBOURS = 300
TIFU_OWN = 0.7


class NextOrderRivals:
    """The lists of all rivals, with everything or with new products only."""

    def __init__(self, known: pl.DataFrame, customers: pl.Series) -> None:
        self.bought = histories(known)
        wanted = pl.Series(self.bought.customer_ids).is_in(customers.implode())
        self.wanted = np.flatnonzero(wanted.to_numpy())
        self.count = self.bought.table(np.ones(len(self.bought.customers)))
        self.popular = self.bought.orders.base / max(len(self.bought.customers), 1)

    def frequency(self, size: int, decay: float = 1.0, *, only_new: bool = False) -> pl.DataFrame:
        """Personal frequency; the order before another counts `decay` of it."""
        table = self.bought.table(decay ** self.bought.orders_since.astype(np.float64))
        return self._lists(lambda rows: table[rows].toarray(), size, only_new=only_new)

    def popularity(self, size: int, *, only_new: bool = False) -> pl.DataFrame:
        """The products of most orders."""
        return self._lists(
            lambda rows: np.zeros((len(rows), len(self.popular))), size, only_new=only_new
        )

    def tifu_knn(self, size: int, *, only_new: bool = False) -> pl.DataFrame:
        """TIFU-KNN with the constants its authors found for a grocer.

        Source: H. Hu, X. He, J. Gao and Z. Zhang, "Modeling personalized item frequency
        information for next-basket recommendation", SIGIR 2020.
        """
        group, within = np.divmod(self.bought.orders_since, TIFU_GROUP)
        weight = TIFU_WITHIN**within * TIFU_BETWEEN**group
        orders = np.bincount(self.bought.customers)
        vector = sparse.csr_array(
            sparse.diags_array(1 / np.maximum(orders, 1)) @ self.bought.table(weight)
        )
        length: Floats = np.asarray(vector.power(2).sum(axis=1)).ravel()

        def score(rows: Integers) -> Floats:
            # The nearest by Euclidean distance, as in the paper.
            far = length[None, :] - 2 * (vector[rows] @ vector.T).toarray()
            far[np.arange(len(rows)), rows] = np.inf
            count = min(TIFU_NEIGHBOURS, far.shape[1])
            nearest = np.argpartition(far, count - 1, axis=1)[:, :count]
            chosen = (
                np.full(nearest.size, 1 / count),
                nearest.ravel(),
                np.arange(0, nearest.size + 1, count),
            )
            mean = sparse.csr_array(chosen, shape=far.shape) @ vector
            both = TIFU_OWN * vector[rows] + (1 - TIFU_OWN) * mean
            return np.asarray(both.toarray())

        return self._lists(score, size, only_new=only_new)

    def ease(self, size: int, *, only_new: bool = False) -> pl.DataFrame:
        """EASE of customers and the 3,000 products of most orders; others are not named."""
        chosen = np.sort(np.argsort(-self.popular, kind="stable")[:EASE_PRODUCTS])
        held = sparse.csr_array(self.count[:, chosen])
        held.data[:] = 1
        weights = ease((held.T @ held).toarray(), EASE_PENALTY)

        def score(rows: Integers) -> Floats:
            whole = np.zeros((len(rows), len(self.popular)))
            whole[:, chosen] = np.maximum(held[rows] @ weights, 0)
            return whole

        return self._lists(score, size, only_new=only_new)

    def _lists(
        self, score: Callable[[Integers], Floats], size: int, *, only_new: bool
    ) -> pl.DataFrame:
        wanted = self.wanted
        found = [self._table(wanted[:0], np.zeros((0, size), dtype=np.int64))]
        for start in range(0, len(wanted), CHUNK):
            rows = wanted[start : start + CHUNK]
            scores = score(rows) + 1e-9 * self.popular
            if only_new:
                scores[self.count[rows].toarray() > 0] = -1
            best = np.argpartition(-scores, min(size, scores.shape[1]) - 1, axis=1)[:, :size]
            value = np.take_along_axis(scores, best, axis=1)
            best = np.take_along_axis(best, np.argsort(-value, axis=1, kind="stable"), axis=1)
            found.append(self._table(rows, best))
        return pl.concat(found)

    def _table(self, rows: Integers, best: Integers) -> pl.DataFrame:
        names = self.bought.orders.product_ids
        return pl.DataFrame(
            {
                CUSTOMER_ID: np.repeat(self.bought.customer_ids[rows], best.shape[1]),
                PRODUCT_ID: names[best.ravel()],
                RANK: np.tile(np.arange(1, best.shape[1] + 1, dtype=np.int32), len(rows)),
            }
        )
