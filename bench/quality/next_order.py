"""Rivals for a customer's next order.

Lists that come out too short, of customers who bought little, are filled with the most bought.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from retention.arrays import Floats, Table
from retention.baskets import Histories, histories
from retention.columns import CUSTOMER_ID, PRODUCT_ID, RANK

CHUNK = 100
EASE_PRODUCTS = 3000
EASE_PENALTY = 200.0
TIFU_GROUP = 7
TIFU_WITHIN = 0.9
TIFU_BETWEEN = 0.7
TIFU_NEIGHBOURS = 300
TIFU_OWN = 0.7


@dataclass(frozen=True, slots=True)
class Known:
    """Orders of known customers, their customers' identifiers, and who is asked for."""

    bought: Histories
    identifiers: NDArray[np.int64]
    wanted: NDArray[np.int64]

    @property
    def back(self) -> NDArray[np.int64]:
        """How many later orders of its customer each order has."""
        customers = self.bought.customers
        return np.cumsum(np.bincount(customers))[customers] - 1 - np.arange(len(customers))

    def table(self, weight: Floats) -> Table:
        """Return customers x products: the sum of the weights of the orders with it."""
        held, customers = self.bought.orders, self.bought.customers
        sizes = held.sizes
        cells = (np.repeat(weight, sizes), (np.repeat(customers, sizes), held.products))
        table = sparse.csr_array(cells, shape=(len(self.identifiers), len(held.product_ids)))
        table.sum_duplicates()
        return table


def known_orders(known: pl.DataFrame, customers: pl.Series) -> Known:
    """Return what the rivals learn from."""
    identifiers = known[CUSTOMER_ID].drop_nulls().unique().sort()
    wanted = np.flatnonzero(identifiers.is_in(customers.implode()).to_numpy())
    return Known(histories(known), identifiers.to_numpy(), wanted)


class NextOrderRivals:
    """The lists of all rivals, with everything or with new products only."""

    def __init__(self, known: pl.DataFrame, customers: pl.Series) -> None:
        self.known = known_orders(known, customers)
        self.count = self.known.table(np.ones(len(self.known.bought.customers)))
        self.popular = self.known.bought.orders.base / max(len(self.known.bought.customers), 1)

    def frequency(self, size: int, decay: float = 1.0, *, only_new: bool = False) -> pl.DataFrame:
        """Personal frequency; the order before another counts `decay` of it."""
        table = self.known.table(decay ** self.known.back.astype(np.float64))
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
        group, within = np.divmod(self.known.back, TIFU_GROUP)
        weight = TIFU_WITHIN**within * TIFU_BETWEEN**group
        orders = np.bincount(self.known.bought.customers)
        vector = sparse.csr_array(
            sparse.diags_array(1 / np.maximum(orders, 1)) @ self.known.table(weight)
        )
        length: Floats = np.asarray(vector.power(2).sum(axis=1)).ravel()

        def score(rows: NDArray[np.int64]) -> Floats:
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
        """EASE of customers and the 3,000 products of most orders; others are not named.

        Source: H. Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019.
        """
        chosen = np.sort(np.argsort(-self.popular, kind="stable")[:EASE_PRODUCTS])
        held = sparse.csr_array(self.count[:, chosen])
        held.data[:] = 1
        gram = (held.T @ held).toarray()
        gram[np.diag_indices_from(gram)] += EASE_PENALTY
        inverse = np.linalg.inv(gram)
        weights = -inverse / np.diag(inverse)
        weights[np.diag_indices_from(weights)] = 0

        def score(rows: NDArray[np.int64]) -> Floats:
            whole = np.zeros((len(rows), len(self.popular)))
            whole[:, chosen] = np.maximum(held[rows] @ weights, 0)
            return whole

        return self._lists(score, size, only_new=only_new)

    def _lists(
        self, score: Callable[[NDArray[np.int64]], Floats], size: int, *, only_new: bool
    ) -> pl.DataFrame:
        wanted, found = self.known.wanted, []
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

    def _table(self, rows: NDArray[np.int64], best: NDArray[np.int64]) -> pl.DataFrame:
        names = self.known.bought.orders.product_ids
        return pl.DataFrame(
            {
                CUSTOMER_ID: np.repeat(self.known.identifiers[rows], best.shape[1]),
                PRODUCT_ID: names[best.ravel()],
                RANK: np.tile(np.arange(1, best.shape[1] + 1, dtype=np.int32), len(rows)),
            }
        )
