"""What purchases, and the steps from one to the next, say about the next one's category."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from retention.arrays import Floats, Integers, Table
from retention.second_purchase_histories import UNKNOWN, Histories, Steps

ESTIMATES = 7
MIDDLE_STRENGTH = 30.0
"""So many steps at overall rates stand beside what was counted where nothing tells how many."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What followed each category, drawn toward overall rates.

    `counts` is categories x categories, from the earlier to the next; `rates` sums to 1. The
    probability of what follows is (count + strength * rate) / (sum of the row + strength).
    """

    counts: Table
    rates: Floats
    strength: float = MIDDLE_STRENGTH

    def of_all(self, given: Table) -> Floats:
        """Return the probability of every category for each row of shares."""
        scaled = self._scaled(given)
        return np.asarray(
            (scaled @ self.counts).toarray() + self._left(scaled)[:, None] * self.rates
        )

    def of_one(self, given: Table, category: Integers) -> Floats:
        """Return the probability of one category for each row of shares."""
        [drawn] = self.of_one_by_strength(given, category, [self.strength])
        return drawn

    def of_one_by_strength(
        self, given: Table, category: Integers, strengths: Sequence[float]
    ) -> Iterator[Floats]:
        """Yield the same for each of several strengths."""
        met = sparse.csr_array(given.multiply(self.counts.T.tocsr()[category]))
        bases, rates = self._bases(), self.rates[category]
        for strength in strengths:
            scale = 1 / (bases + strength)
            yield np.asarray(met @ scale + (1 - given @ (bases * scale)) * rates)

    def _bases(self) -> Floats:
        return np.asarray(self.counts.sum(axis=1), dtype=np.float64)

    def _scaled(self, given: Table) -> Table:
        return sparse.csr_array(given @ sparse.diags_array(1 / (self._bases() + self.strength)))

    def _left(self, scaled: Table) -> Floats:
        """Return what each row leaves to the overall rates."""
        return np.asarray(1 - scaled @ self._bases())


@dataclass(frozen=True, slots=True)
class Estimates:
    """The estimates of `retention.second_purchase_model`, before they are mixed."""

    bought_rates: Floats
    second_rates: Floats
    all_rates: Floats
    after_basket: Shrunk
    after_category: Shrunk

    def at(self, basket: float, category: float) -> "Estimates":
        """Return the same, drawn toward the overall rates by these strengths."""
        return replace(
            self,
            after_basket=replace(self.after_basket, strength=basket),
            after_category=replace(self.after_category, strength=category),
        )

    def of_all(self, given: Histories) -> list[Floats]:
        """Return each estimate for every category, purchases x categories."""
        shape = (len(given.mains), len(self.all_rates))
        again = _again(given.shares)
        return [
            np.broadcast_to(self.bought_rates, shape),
            np.broadcast_to(self.second_rates, shape),
            np.broadcast_to(self.all_rates, shape),
            self.after_basket.of_all(given.shares),
            self.after_category.of_all(of_mains(given)),
            again.toarray() + (1 - again.sum(axis=1))[:, None] * self.second_rates,
            np.full(shape, 1 / shape[1]),
        ]

    def of_one(self, given: Histories, category: Integers) -> Floats:
        """Return all estimates of one category for each purchase, purchases x estimates.

        Something must be known of every purchase.
        """
        return np.column_stack(
            [
                self.bought_rates[category],
                self.second_rates[category],
                self.all_rates[category],
                self.after_basket.of_one(given.shares, category),
                self.after_category.of_one(of_mains(given), category),
                _again(given.shares)[np.arange(len(category)), category],
                np.full(len(category), 1 / len(self.all_rates)),
            ]
        )


def estimates(known: Histories, taken: Steps) -> Estimates:
    """Return what the purchases and their steps say, drawn toward rates by a middle strength."""
    size = len(taken.before.categories)
    first = taken.selected(taken.is_first)
    all_rates = _rates(taken, size)
    bought_rates = _bought_rates(known)
    second = np.bincount(first.after, minlength=size) + MIDDLE_STRENGTH * bought_rates
    second_rates = np.asarray(second / second.sum())
    return Estimates(
        bought_rates,
        second_rates,
        all_rates,
        Shrunk(_counted(of_shares(taken.before), taken), all_rates),
        Shrunk(_counted(of_mains(first.before), first), second_rates),
    )


def of_shares(given: Histories) -> Table:
    """Return the shares of what each purchase held."""
    return given.shares


def of_mains(given: Histories) -> Table:
    """Return the main category of each purchase as if it were all of it."""
    rows = np.flatnonzero(given.mains >= 0)
    shape: tuple[int, int] = (len(given.mains), len(given.categories))
    return sparse.csr_array((np.ones(len(rows)), (rows, given.mains[rows])), shape=shape)


def _again(shares: Table) -> Table:
    """Return the squares of the shares, made to sum to 1 where something is known."""
    squares = shares.power(2)
    sums = squares.sum(axis=1)
    scale = np.divide(1, sums, out=np.zeros(len(sums)), where=sums > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ squares)


def _rates(taken: Steps, size: int) -> Floats:
    counted = np.bincount(taken.after, weights=taken.weights, minlength=size)
    return np.asarray(counted / counted.sum())


def _bought_rates(known: Histories) -> Floats:
    """Return the shares of all purchases, each customer's together weighing the same."""
    seen = known.mains != UNKNOWN
    _, number, sizes = np.unique(known.customers[seen], return_inverse=True, return_counts=True)
    counted = np.bincount(known.mains[seen], 1 / sizes[number], minlength=len(known.categories))
    return np.asarray(counted / counted.sum())


def _counted(given: Table, taken: Steps) -> Table:
    rows = np.arange(len(taken.after))
    shape: tuple[int, int] = given.shape
    followed: Any = sparse.csr_array((taken.weights, (rows, taken.after)), shape=shape)
    return sparse.csr_array(given.T @ followed)
