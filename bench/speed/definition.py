"""What is computed: the product's own definition, and the plainer ones that others have."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.speed.data import Purchases
from retention import affinity
from retention.arrays import Floats, Integers
from retention.baskets import Baskets
from retention.pair_counting import BestPairs, Ranking, best_together, weights_of_sizes

TOP = 20


@dataclass(frozen=True, slots=True)
class Found:
    """Pairs with their counts, or their scores, or both."""

    product: NDArray[Any]
    other: NDArray[Any]
    count: NDArray[Any] | None = None
    score: NDArray[Any] | None = None


def baskets(data: Purchases) -> Baskets:
    """The orders in the shape that our kernel takes."""
    starts = np.zeros(data.orders + 1, dtype=np.int64)
    np.cumsum(np.bincount(data.order, minlength=data.orders), out=starts[1:])
    return Baskets(starts, data.product, np.arange(data.products))


def ours(data: Purchases) -> Found:
    """The product's lists: see `retention.affinity`."""
    orders = baskets(data)
    weights = weights_of_sizes(affinity.pair_weights())
    return _found(best_together(orders, weights, affinity.ranking(orders.base, TOP)))


def ours_without_least_count(data: Purchases) -> Found:
    """The same, with pairs that occurred once."""
    orders = baskets(data)
    known = affinity.ranking(orders.base, TOP)
    weights = weights_of_sizes(affinity.pair_weights())
    ranking = Ranking(known.base_power, known.other_power, 1, TOP)
    return _found(best_together(orders, weights, ranking))


def ours_by_cosine(data: Purchases) -> Found:
    """The plain cosine, of all orders alike."""
    orders = baskets(data)
    root = np.sqrt(np.maximum(orders.base, 1))
    weights = weights_of_sizes(np.ones(affinity.LONGEST_ORDER + 1))
    return _found(best_together(orders, weights, Ranking(root, root, 1, TOP)))


def _found(best: BestPairs) -> Found:
    return Found(best.product, best.other, best.count, best.score)


def cell_weights(data: Purchases) -> tuple[Integers, Floats, Floats, Floats]:
    """The base of each product, its two powers, and the weight of pairs in each cell's order."""
    base = np.bincount(data.product, minlength=data.products).astype(np.int64)
    ranking = affinity.ranking(base, TOP)
    sizes = np.bincount(data.order, minlength=data.orders)
    weights = affinity.pair_weights()
    weight = np.where(sizes < len(weights), weights[np.minimum(sizes, len(weights) - 1)], 0)
    return base, ranking.base_power, ranking.other_power, weight[data.order]


def disagreement(found: Found, expected: Found) -> str:
    """What differs, or nothing; pairs of equal score may stand in for each other.

    The products' lists must have the same lengths and the same scores to nine decimals, and a
    pair that is in both the same count.
    """
    if found.score is not None and expected.score is not None:
        if len(found.product) != len(expected.product):
            return f"{len(found.product):,} pairs instead of {len(expected.product):,}"
        mine, theirs = (_sorted_scores(table) for table in (found, expected))
        if not np.array_equal(mine[0], theirs[0]):
            return "lists of other lengths"
        if (worst := float(np.abs(mine[1] - theirs[1]).max(initial=0))) > 1e-9:
            return f"scores differ by {worst:.1e}"
    if found.count is None or expected.count is None:
        return ""
    width = int(max(found.product.max(initial=0), found.other.max(initial=0))) + 1
    keys = [table.product.astype(np.int64) * width + table.other for table in (found, expected)]
    _, left, right = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    if len(left) < 0.9 * min(map(len, keys)) and found.score is not None:
        return f"only {len(left):,} of {len(keys[1]):,} pairs are the same"
    wrong = int((found.count[left] != expected.count[right]).sum())
    return f"{wrong:,} counts differ" if wrong else ""


def _sorted_scores(table: Found) -> tuple[NDArray[Any], NDArray[Any]]:
    score = np.asarray(table.score)
    sequence = np.lexsort((-score, table.product))
    return table.product[sequence], score[sequence]
