"""Rivals for a product's page: pairs scored in the known ways, and models of other packages.

All count what is known at the time of judging, orders of up to 200 products. A list has the
highest scores; equal ones go by the products' numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import polars as pl
from scipy import sparse

from retention.affinity import LONGEST_ORDER
from retention.arrays import Floats, Integers, Table
from retention.baskets import baskets, histories
from retention.columns import OTHER_ID, PRODUCT_ID, RANK
from retention.ease import ease

EASE_PRODUCTS = 3000
EASE_PENALTY = 500.0


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of different products of one order: how many orders, of which products, in how many
    orders each of the two is, and how many orders there are."""

    table: Table
    weight: Floats
    base: Floats
    other: Floats
    total: float


def lists_of(score: Table, given: Integers, others: Integers, size: int) -> pl.DataFrame:
    """Return the columns `product_id`, `rank`, `other_id` of each row's highest scores above 0.

    Rows are the products `given`, columns `others`; a product never names itself.
    """
    rows = np.repeat(np.arange(score.shape[0]), np.diff(score.indptr))
    enough = np.full(score.shape[0], -np.inf)
    for row in np.flatnonzero(np.diff(score.indptr) > size + 1):
        values = score.data[score.indptr[row] : score.indptr[row + 1]]
        enough[row] = np.partition(values, len(values) - size - 1)[len(values) - size - 1]
    named = others[score.indices]
    chosen = (score.data >= enough[rows]) & (score.data > 0) & (given[rows] != named)
    table = pl.DataFrame(
        {
            PRODUCT_ID: given[rows[chosen]],
            OTHER_ID: named[chosen],
            "score": score.data[chosen],
        }
    ).sort(PRODUCT_ID, "score", OTHER_ID, descending=[False, True, False])
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(PRODUCT_ID)
    return table.with_columns(rank.alias(RANK)).filter(pl.col(RANK) <= size).drop("score")


def log_likelihood_ratio(pairs: Pairs) -> Floats:
    """Return G² of the fourfold table of each pair, 0 where it came less often than expected.

    Source: T. Dunning, "Accurate methods for the statistics of surprise and coincidence",
    Computational Linguistics 19 (1993), 61-74.
    """
    both, base, other, total = pairs.table.data, pairs.base, pairs.other, pairs.total
    cells = (both, base - both, other - both, total - base - other + both)
    expected = (
        base * other / total,
        base * (total - other) / total,
        (total - base) * other / total,
        (total - base) * (total - other) / total,
    )
    ratio = sum(
        np.where(seen > 0, seen * np.log(np.maximum(seen, 1e-9) / np.maximum(likely, 1e-9)), 0.0)
        for seen, likely in zip(cells, expected, strict=True)
    )
    return np.where(both > expected[0], 2 * np.asarray(ratio), 0.0)


SCORES: dict[str, Callable[[Pairs], Floats]] = {
    "count": lambda p: p.table.data,
    "confidence": lambda p: p.table.data / p.base,
    "lift": lambda p: p.table.data * p.total / (p.base * p.other),
    "cosine": lambda p: p.table.data / np.sqrt(p.base * p.other),
    "Jaccard": lambda p: p.table.data / (p.base + p.other - p.table.data),
    "log-likelihood ratio": log_likelihood_ratio,
    "asymmetric cosine": lambda p: p.table.data / (p.base**0.85 * p.other**0.15),
    "asymmetric cosine, weighted": lambda p: p.weight / (p.base**0.85 * p.other**0.15),
}


class PairRivals:
    """The lists of all pair scores over the same counts, counted once."""

    def __init__(self, known: pl.DataFrame) -> None:
        orders = baskets(known)
        short = np.repeat(orders.sizes <= LONGEST_ORDER, orders.sizes)
        kept = orders.only(short)
        shape = (len(kept.sizes), len(orders.product_ids))
        held = sparse.csr_array((np.ones(len(kept.products)), kept.products, kept.starts), shape)
        weights = 1 / np.sqrt(np.maximum(kept.sizes - 1, 1))
        table = sparse.csr_array(held.T @ held)
        weight = sparse.csr_array(held.T @ (sparse.diags_array(weights) @ held))
        table.sort_indices()
        weight.sort_indices()
        base = orders.base.astype(np.float64)
        rows = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
        self.product_ids = orders.product_ids
        self.held = held
        self.pairs = Pairs(table, weight.data, base[rows], base[table.indices], float(shape[0]))

    def lists(self, name: str, size: int) -> pl.DataFrame:
        """Return the lists by the score of that name in `SCORES`."""
        table = self.pairs.table
        score = (SCORES[name](self.pairs), table.indices, table.indptr)
        scored = sparse.csr_array(score, shape=table.shape)
        return lists_of(scored, self.product_ids, self.product_ids, size)

    def implicit(self, name: str, size: int) -> pl.DataFrame:
        """Return the lists of the package `implicit`'s model of that name, orders as users."""
        models = import_module("implicit.nearest_neighbours")
        model = getattr(models, name)(K=size + 1, num_threads=1)
        # The package takes places of 32 bits only.
        places = (self.held.indices.astype(np.int32), self.held.indptr.astype(np.int32))
        held = sparse.csr_matrix((self.held.data, *places), shape=self.held.shape)
        model.fit(held, show_progress=False)
        scored = sparse.csr_array(model.similarity)
        return lists_of(scored, self.product_ids, self.product_ids, size)

    def ease(self, size: int) -> pl.DataFrame:
        """Return EASE's lists over the 3,000 products of most orders; others have none.

        Its matrix is products x products and dense; of 3,000 it takes 72 MB and of the whole
        catalogue 38 GB.
        """
        chosen = np.sort(np.argsort(-self.held.sum(axis=0), kind="stable")[:EASE_PRODUCTS])
        together = sparse.csr_array(self.pairs.table[chosen][:, chosen]).toarray()
        names = self.product_ids[chosen]
        return lists_of(sparse.csr_array(ease(together, EASE_PENALTY)), names, names, size)


def sar(known: pl.DataFrame, size: int) -> pl.DataFrame:
    """Return SAR's lists: Jaccard of products over customers, most alike first.

    A product's page has one product given, so that SAR's affinity, which decays with time, is
    that product's alone and changes no order. Source: "Smart adaptive recommendations",
    Microsoft recommenders.
    """
    bought = histories(known)
    held = bought.orders
    table = bought.table(np.ones(len(bought.customers)))
    table.data[:] = 1
    buyers = np.bincount(table.indices, minlength=table.shape[1]).astype(np.float64)
    found = []
    for start in range(0, table.shape[1], 2000):
        both = sparse.csr_array(table[:, start : start + 2000].T @ table)
        row = np.repeat(np.arange(both.shape[0]), np.diff(both.indptr)) + start
        both.data = both.data / (buyers[row] + buyers[both.indices] - both.data)
        ids = held.product_ids
        found.append(lists_of(both, ids[start : start + 2000], ids, size))
    return pl.concat(found)
