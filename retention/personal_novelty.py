"""What a customer will buy for the first time: customers alike, each order counted as it tells.

The form, a conditional logit of logarithms, and the constants were fitted on six earlier stretches
of The Complete Journey, before the one that judges; what is made of few orders was chosen on
small stores drawn from it (`docs/quality.md` tells what each part is worth).
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from retention.affinity import MICROSECONDS_PER_DAY
from retention.arrays import Floats, Integers, Table
from retention.baskets import Histories
from retention.ease import ease

SIZE_EXPONENT = 0.75
"""A product of an order of n counts 1 / n to this power: it was more of what was wanted."""

TREND_HALF_LIFE_DAYS = 4
PRIOR_ORDERS = 500
"""Sales of late are mixed with usual ones, as if so many more orders had been usual."""

EVERYBODY_ALIKE = 0.05
"""Likeness added to that of the customers most alike: where nobody is very like, all count."""

TAKEN_EXPONENT = 0.7
HABIT_EXPONENT = 0.5
"""Of what was taken over its share of orders, which is small for habits; half of that where only
`PRIOR_ORDERS` are known."""

TREND_EXPONENT = 0.75
LINKED_WEIGHT = 1.8
LEANING_WEIGHT = 0.9

LINKED_PRODUCTS = 2000
LINK_PENALTY = 300.0
"""So many products of most buyers are linked with each other, in a matrix of 32 MB."""


@dataclass(frozen=True, slots=True)
class Novelty:
    """What speaks for a first purchase.

    `taken` (customers x products) is the square root of what a product was of a customer's
    orders, `share` the share of these that had it, `trend` (products) how often it sold of late
    beside usual, and `usual_likeness` how much everybody is like each customer. Of the products
    of most buyers, the columns `linked`, `held` (customers x linked) is 1 where bought, and
    `links` (linked x linked) what having one tells of another. `certainty` is 0 without orders
    and 1 of very many.
    """

    taken: Table
    share: Table
    trend: Floats
    usual_likeness: Floats
    linked: Integers
    held: Table
    links: Floats
    certainty: float

    def likelihood(self, rows: Integers, alike: Floats, near: Floats) -> Floats:
        """Return how likely each product is beside others (customers x products), 0 for never.

        `alike` is how alike the customers in these rows are to all (customers x all customers),
        and `near` the same of those most alike, 0 for others.
        """
        counted = near + EVERYBODY_ALIKE * (near > 0)
        total = np.maximum(counted.sum(axis=1), EVERYBODY_ALIKE)
        weights = sparse.csr_array(counted / total[:, None])
        # Whoever bought a product took some of it, so that both have the same cells.
        likely, share = (sparse.csr_array(weights @ table) for table in (self.taken, self.share))
        likely.data **= TAKEN_EXPONENT + self.certainty * HABIT_EXPONENT
        share.data **= -self.certainty * HABIT_EXPONENT
        likely.data *= share.data * (self.trend**TREND_EXPONENT)[likely.indices]
        told = LINKED_WEIGHT * _root(self.held[rows] @ self.links)
        told += LEANING_WEIGHT * _root(self._leaning(alike))
        beside = likely.toarray()
        beside[:, self.linked] *= np.exp(told)
        return np.asarray(beside)

    def _leaning(self, alike: Floats) -> Floats:
        """Return how customers lean to the linked products with those more alike than usual."""
        taken = self.taken[:, self.linked]
        more = alike - self.usual_likeness
        usual = np.asarray(taken.mean(axis=0)).ravel()
        return np.asarray(more @ taken - more.sum(axis=1)[:, None] * usual)


def novelty(bought: Histories, share: Table, likeness: Table) -> Novelty:
    """Return what `bought` says of customers whose orders have this `share` with each product.

    The rows of `likeness` (customers x products), multiplied, are how alike customers are.
    """
    taken = _taken(bought)
    buyers = np.bincount(taken.indices, minlength=taken.shape[1])
    linked = np.sort(np.argsort(-buyers, kind="stable")[:LINKED_PRODUCTS])
    held = sparse.csr_array(taken[:, linked] > 0).astype(np.float64)
    return Novelty(
        taken=taken,
        share=share,
        trend=_trend(bought),
        usual_likeness=likeness
        @ np.asarray(likeness.sum(axis=0)).ravel()
        / max(likeness.shape[0], 1),
        linked=linked,
        held=held,
        links=ease((held.T @ held).toarray(), LINK_PENALTY),
        certainty=len(bought.customers) / (len(bought.customers) + PRIOR_ORDERS),
    )


def _root(value: Floats) -> Floats:
    """Return the root of each value's size, with its sign."""
    # Sums in another sequence differ in the last digits, which a root near 0 would enlarge.
    value = np.round(value, 9)
    return np.asarray(np.sign(value) * np.sqrt(np.abs(value)))


def days_before_last(bought: Histories) -> Floats:
    """Return how many days each order lies before the last one."""
    return np.asarray((bought.placed_at.max(initial=0) - bought.placed_at) / MICROSECONDS_PER_DAY)


def _taken(bought: Histories) -> Table:
    orders = np.bincount(bought.customers)[bought.customers]
    taken = bought.table(1 / np.maximum(bought.orders.sizes, 1) ** SIZE_EXPONENT / orders)
    taken.data **= 0.5
    return taken


def _trend(bought: Histories) -> Floats:
    held = bought.orders
    weight = 0.5 ** (days_before_last(bought) / TREND_HALF_LIFE_DAYS)
    late = np.bincount(held.products, np.repeat(weight, held.sizes), len(held.product_ids))
    usual = held.base / max(len(weight), 1)
    prior = PRIOR_ORDERS
    return np.asarray((late + prior * usual) / (weight.sum() + prior) / usual)
