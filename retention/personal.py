"""What a customer will buy next: products bought before, and new ones from customers alike.

A product bought before is expected as often as the customer bought it of late, more so when
its buyers come back for it. New ones come from the customers whose purchases are most alike;
where they are listed apart, `retention.personal_novelty` ranks them.
The form and every constant were chosen on four earlier stretches of The Complete Journey, before
the one that judges (`docs/quality.md` tells what each part is worth).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from retention.arrays import Floats, Integers, Table
from retention.baskets import Histories, histories
from retention.columns import (
    CUSTOMER_ID,
    LINES,
    PERSONAL,
    PRODUCT_ID,
    RANK,
    SCORE,
    require,
)
from retention.personal_novelty import Novelty, days_before_last, novelty

ORDER_DECAY = 0.95
"""What an order counts, beside the one after it."""

HALF_LIFE_DAYS = 90

PRIOR_REPEATS = 0.3
REPEAT_EXPONENT = 0.7
"""A product's purchases after the first, per buyer, as if one more buyer had made 0.3 of them."""

NEIGHBOURS = 200
NEIGHBOUR_WEIGHT = 0.15

NOBODY_ALIKE = 1e-9
"""The least likeness, so that a customer like nobody has the average of everybody."""

PART = 64
"""Of so many products side by side the highest score is looked at first."""

MOST_AT_ONCE = 100
MOST_BYTES = 256 << 20
"""So many customers at most are compared with all others at once, in about so much memory."""


@dataclass(frozen=True, slots=True)
class PersonalModel:
    """All that is known of customers x products, as of the last order.

    `own` is what is expected of products that the customer bought, `frequency` the share of the
    customer's orders with each, `likeness` what was bought, weighted by how telling it is, and
    `novelty` what speaks for a first purchase. The
    customer of each row, the product of each column, how many orders each customer made, and
    how many orders of anybody each product is in, are told beside them.
    """

    customer_ids: Integers
    product_ids: Integers
    orders: Integers
    orders_with: Integers
    own: Table
    frequency: Table
    likeness: Table
    novelty: Novelty

    def portions(self, customers: pl.Series) -> Iterator[Integers]:
        """Yield the rows of those of `customers` who are known, some at once, as memory allows."""
        known = pl.Series(self.customer_ids).is_in(customers.implode())
        rows = np.flatnonzero(known.to_numpy())
        each = 8 * (8 * len(self.product_ids) + 3 * len(self.customer_ids)) + 1
        step = max(1, min(MOST_AT_ONCE, MOST_BYTES // each))
        for start in range(0, len(rows), step):
            yield rows[start : start + step]

    def expected(self, rows: Integers) -> "Expected":
        """Return what the customers in these rows are expected to buy."""
        alike = (self.likeness[rows] @ self.likeness.T).toarray() + NOBODY_ALIKE
        alike[np.arange(len(rows)), rows] = 0
        count = min(NEIGHBOURS, alike.shape[1])
        least = np.partition(alike, -count, axis=1)[:, -count][:, None]
        near = np.where(alike >= least, alike, 0)
        weights = near / np.maximum(near.sum(axis=1), NOBODY_ALIKE)[:, None]
        bought = np.asarray((sparse.csr_array(weights) @ self.frequency).toarray())
        first = partial(self.novelty.likelihood, rows, alike, near)
        return Expected(self.own[rows].toarray(), bought, first, near > 2 * NOBODY_ALIKE)


@dataclass(frozen=True, slots=True)
class Expected:
    """Of some customers: scores of products bought before, how often customers alike bought each
    product as a share of orders, how likely each is to be bought for the first time, which is
    worked out when asked for, as it takes longest, and who is alike (customers x all customers)."""

    own: Floats
    of_others: Floats
    first: Callable[[], Floats]
    near: NDArray[np.bool_]

    def best(
        self, size: int, *, only_new: bool, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[Integers, Integers, Floats]:
        """Return rows, columns and scores of the best products, sorted by row and rank.

        Only the columns that are `allowed` are named.
        """
        score: Floats
        if only_new:
            score = np.where(self.own > 0, 0.0, self.first())
        else:
            score = self.own + NEIGHBOUR_WEIGHT * self.of_others
        if allowed is not None:
            score[:, ~allowed] = 0
        # Sums in another sequence differ in the last digits; equal ones go by identifier.
        return _highest(np.round(score, 12), size)


def personal_lists(
    lines: pl.DataFrame, customers: pl.Series, size: int = 10, *, only_new: bool = False
) -> pl.DataFrame:
    """Return for each of `customers` the products expected in the next order (`PERSONAL`).

    `lines` has the columns `LINES`; the moment is that of its last order. The score of a product
    bought before is its share of the customer's orders, counted twice, with 0.95 per order since
    and with a half-life of 90 days, and averaged, times (0.3 + purchases after the first per
    buyer) to the power of 0.7. To it comes 0.15 times the mean share of orders in which the 200
    customers most alike bought it, weighted by likeness: the cosine of the products bought,
    each weighted by the logarithm of customers over buyers. With `only_new` products that the
    customer has bought are left out, and the score is `Novelty.likelihood`. Customers without an
    order have no list; equal scores go to the smaller identifier. Rows are sorted by customer and
    rank.
    Sources: H. Hu, X. He, J. Gao and Z. Zhang, "Modeling personalized item frequency
    information for next-basket recommendation", SIGIR 2020; R. Bhagat, S. Muralidharan,
    A. Lobzhanidze and S. Vishwanath, "Buy it again", KDD 2018, for the repeat rate.
    Raises ValueError when a column is missing or `size` is below 1.
    """
    if size < 1:
        raise ValueError(f"size is {size}; list at least one product")
    model = personal_model(lines)
    tables = [PERSONAL.to_frame().drop(RANK)]
    for portion in model.portions(customers):
        rows, columns, scores = model.expected(portion).best(size, only_new=only_new)
        customer, product = model.customer_ids[portion[rows]], model.product_ids[columns]
        tables.append(pl.DataFrame({CUSTOMER_ID: customer, PRODUCT_ID: product, SCORE: scores}))
    return (
        pl.concat(tables)
        .with_columns(pl.int_range(1, pl.len() + 1).over(CUSTOMER_ID).alias(RANK))
        .select(PERSONAL.names())
        .cast(PERSONAL)
    )


def personal_model(lines: pl.DataFrame) -> PersonalModel:
    """Return what `lines` (`LINES`) say of all customers.

    Raises ValueError when a column is missing.
    """
    require(lines, LINES, "lines")
    bought = histories(lines)
    customers, held = len(bought.customer_ids), bought.orders
    orders = np.bincount(bought.customers, minlength=customers)
    weights: dict[str, Floats] = {
        "order": ORDER_DECAY ** bought.orders_since.astype(np.float64),
        "time": 0.5 ** (days_before_last(bought) / HALF_LIFE_DAYS),
        "count": np.ones(len(bought.customers)),
    }
    share = {name: _shares(bought, weight) for name, weight in weights.items()}
    frequency = share["count"]
    buyers = np.bincount(frequency.indices, minlength=frequency.shape[1])
    repeats = held.base - buyers
    returning = (PRIOR_REPEATS + repeats / (buyers + 1)) ** REPEAT_EXPONENT
    own = (share["order"] + share["time"]) / 2
    telling = np.log(customers / np.maximum(buyers, 1))[frequency.indices]
    likeness = sparse.csr_array(
        (telling, frequency.indices, frequency.indptr), shape=frequency.shape
    )
    length = np.sqrt(np.asarray(likeness.power(2).sum(axis=1)).ravel())
    scale = sparse.diags_array(1 / np.where(length > 0, length, 1))
    likeness = sparse.csr_array(scale @ likeness)
    return PersonalModel(
        customer_ids=bought.customer_ids,
        product_ids=held.product_ids,
        orders=orders,
        orders_with=held.base,
        own=sparse.csr_array(own @ sparse.diags_array(returning)),
        frequency=frequency,
        likeness=likeness,
        novelty=novelty(bought, frequency, likeness),
    )


def _shares(bought: Histories, weight: Floats) -> Table:
    """Return customers x products: the weight of the orders with it, as a share of all."""
    total = np.bincount(bought.customers, weight, minlength=len(bought.customer_ids))
    return bought.table(weight / np.maximum(total, 1e-300)[bought.customers])


def _highest(score: Floats, size: int) -> tuple[Integers, Integers, Floats]:
    """Return rows, columns and values of each row's `size` highest above 0, highest first."""
    row, column = np.nonzero((score >= _enough(score, size)[:, None]) & (score > 0))
    value = score[row, column]
    order = np.lexsort((column, -value, row))
    row, column, value = row[order], column[order], value[order]
    kept = np.arange(len(row)) - np.searchsorted(row, row) < size
    return row[kept], column[kept], value[kept]


def _enough(score: Floats, size: int) -> Floats:
    """Return what none of each row's `size` highest is below."""
    parts = score.shape[1] // PART
    if parts < size:
        return np.zeros(len(score))
    # So many parts have a value as high. To partition whole rows, mostly 0, would take longest.
    highest = score[:, : parts * PART].reshape(len(score), parts, PART).max(axis=2)
    return np.partition(highest, parts - size, axis=1)[:, parts - size]
