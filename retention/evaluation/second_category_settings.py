"""Who is predicted from what, when predictions of second categories are judged.

Three settings. "others": customers in five parts, each predicted from the whole histories of the
other four. "earlier": first purchases in ten parts by time, each predicted from what was bought
before the part began, so that nothing later is known. "sample": a few customers with about so
many orders are all that is known, and everyone else is predicted.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention.columns import CUSTOMER_ID, PLACED_AT, SEQUENCE
from retention.second_purchase_histories import Histories, Steps, steps

FOLDS = 5
PARTS = 10
DRAWS = 20

Split = tuple[Histories, Steps]
"""What is known, and the first steps to be predicted."""


def settings(
    known: Histories, first: Steps, bought: pl.DataFrame, samples: Sequence[int], seed: int
) -> Mapping[str, Iterator[Split]]:
    """Return the splits of each setting, of which those of the `samples` are drawn by the `seed`.

    `known` are the histories of `bought` (`PURCHASES`), and `first` their `first_steps`.
    """
    return {
        "others": _others(known, first, seed),
        "earlier": _earlier(known, first, bought),
        **{f"sample {size}": _sampled(known, first, size, seed) for size in samples},
    }


def first_steps(known: Histories) -> Steps:
    """Return the steps from first purchases to second ones."""
    taken = steps(known)
    return taken.selected(taken.is_first)


def _split(known: Histories, learned: NDArray[np.bool_], first: Steps) -> Iterator[Split]:
    """Yield the split if there is something to learn from and somebody to predict."""
    kept = known.selected(learned)
    if len(first.after) and steps(kept).is_first.any():
        yield kept, first


def _others(known: Histories, first: Steps, seed: int) -> Iterator[Split]:
    customers, number = np.unique(known.customers, return_inverse=True)
    part = np.random.default_rng(seed).integers(FOLDS, size=len(customers))
    of_step = part[np.searchsorted(customers, first.before.customers)]
    for one in range(FOLDS):
        yield from _split(known, part[number] != one, first.selected(of_step == one))


def _earlier(known: Histories, first: Steps, bought: pl.DataFrame) -> Iterator[Split]:
    ordered = bought.sort(CUSTOMER_ID, SEQUENCE)
    moments = ordered[PLACED_AT].dt.timestamp("us").to_numpy()
    begun = moments[np.searchsorted(known.customers, first.before.customers)]
    edges = np.quantile(begun, np.arange(PARTS + 1) / PARTS, method="higher")
    for start, end in pairwise(edges[1:]):
        inside = (begun >= start) & ((begun < end) | (end == edges[-1]))
        yield from _split(known, moments < start, first.selected(inside))


def _sampled(known: Histories, first: Steps, orders: int, seed: int) -> Iterator[Split]:
    customers, number = np.unique(known.customers, return_inverse=True)
    sizes = np.bincount(number)
    for draw in range(DRAWS):
        order = np.random.default_rng([seed, draw]).permutation(len(customers))
        before = np.cumsum(sizes[order]) - sizes[order]
        chosen = np.zeros(len(customers), dtype=bool)
        chosen[order[before < orders]] = True
        others = ~chosen[np.searchsorted(customers, first.before.customers)]
        yield from _split(known, chosen[number], first.selected(others))
