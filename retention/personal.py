"""What a customer will buy next: products bought before, and new ones from customers alike.

A product bought before is expected as often as the customer bought it of late, more so when
its buyers come back for it. New ones come from the customers whose purchases are most alike.
The form and every constant were chosen on four earlier stretches of The Complete Journey, before
the one that judges (`docs/quality.md` tells what each part is worth).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from retention.affinity import MICROSECONDS_PER_DAY
from retention.baskets import Histories, Integers, histories
from retention.columns import (
    CUSTOMER_ID,
    LINES,
    PERSONAL,
    PRODUCT_ID,
    QUANTITY,
    RANK,
    SCORE,
    require,
)

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

CHUNK = 100
"""How many customers are compared with all others at once."""

Floats = NDArray[np.float64]
Table = sparse.csr_array[Any, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Model:
    """Customers x products: what is expected of own products, how often each was bought by
    whom as a share of orders, and the products of each weighted by how telling they are."""

    own: Table
    frequency: Table
    likeness: Table


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
    customer has bought are left out. Customers without an order have no list; equal scores go
    to the smaller identifier. Rows are sorted by customer and rank.
    Sources: H. Hu, X. He, J. Gao and Z. Zhang, "Modeling personalized item frequency
    information for next-basket recommendation", SIGIR 2020; R. Bhagat, S. Muralidharan,
    A. Lobzhanidze and S. Vishwanath, "Buy it again", KDD 2018, for the repeat rate.
    Raises ValueError when a column is missing or `size` is below 1.
    """
    require(lines, LINES, "lines")
    if size < 1:
        raise ValueError(f"size is {size}; list at least one product")
    bought = histories(lines)
    identifiers = lines.filter(pl.col(QUANTITY) > 0)[CUSTOMER_ID].drop_nulls().unique().sort()
    wanted = np.flatnonzero(identifiers.is_in(customers.implode()).to_numpy())
    model = _model(bought, len(identifiers))
    tables = [PERSONAL.to_frame().drop(RANK)]
    for start in range(0, len(wanted), CHUNK):
        rows, columns, scores = _best(model, wanted[start : start + CHUNK], size, only_new=only_new)
        customer, product = identifiers.to_numpy()[rows], bought.orders.product_ids[columns]
        tables.append(pl.DataFrame({CUSTOMER_ID: customer, PRODUCT_ID: product, SCORE: scores}))
    return (
        pl.concat(tables)
        .with_columns(pl.int_range(1, pl.len() + 1).over(CUSTOMER_ID).alias(RANK))
        .select(PERSONAL.names())
        .cast(PERSONAL)
    )


def _model(bought: Histories, customers: int) -> _Model:
    held, orders = bought.orders, np.bincount(bought.customers, minlength=customers)
    last = np.cumsum(orders)[bought.customers]
    days = (bought.placed_at.max(initial=0) - bought.placed_at) / MICROSECONDS_PER_DAY
    weights = {
        "order": ORDER_DECAY ** (last - 1 - np.arange(len(last))),
        "time": 0.5 ** (days / HALF_LIFE_DAYS),
        "count": np.ones(len(last)),
    }
    share = {name: _shares(bought, weight, customers) for name, weight in weights.items()}
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
    return _Model(
        own=sparse.csr_array(own @ sparse.diags_array(returning)),
        frequency=frequency,
        likeness=sparse.csr_array(scale @ likeness),
    )


def _shares(bought: Histories, weight: Floats, customers: int) -> Table:
    """Return customers x products: the weight of the orders with it, as a share of all."""
    total = np.bincount(bought.customers, weight, minlength=customers)
    held, sizes = bought.orders, bought.orders.sizes
    share = np.repeat(weight / np.maximum(total, 1e-300)[bought.customers], sizes)
    cells = (share, (np.repeat(bought.customers, sizes), held.products))
    table = sparse.csr_array(cells, shape=(customers, len(held.product_ids)))
    table.sum_duplicates()
    return table


def _best(
    model: _Model, rows: Integers, size: int, *, only_new: bool
) -> tuple[Integers, Integers, Floats]:
    """Return customers, products and scores of the best products of each customer in `rows`."""
    score = NEIGHBOUR_WEIGHT * _of_neighbours(model, rows)
    own = model.own[rows].toarray()
    score = np.where(own > 0, 0.0, score) if only_new else score + own
    # Sums in another sequence differ in the last digits; equal ones go by identifier.
    score = np.round(score, 12)
    place = max(score.shape[1] - size, 0)
    least = np.partition(score, place, axis=1)[:, place] if score.shape[1] else np.zeros(len(rows))
    row, column = np.nonzero((score >= least[:, None]) & (score > 0))
    value = score[row, column]
    order = np.lexsort((column, -value, row))
    row, column, value = row[order], column[order], value[order]
    first = np.searchsorted(row, np.arange(len(rows)))
    kept = np.arange(len(row)) - first[row] < size
    return rows[row[kept]], column[kept], value[kept]


def _of_neighbours(model: _Model, rows: Integers) -> Floats:
    """Return how often the customers most alike bought each product, as a share of orders."""
    alike = (model.likeness[rows] @ model.likeness.T).toarray() + NOBODY_ALIKE
    alike[np.arange(len(rows)), rows] = 0
    count = min(NEIGHBOURS, alike.shape[1])
    least = np.partition(alike, -count, axis=1)[:, -count][:, None]
    chosen = np.where(alike >= least, alike, 0)
    weights = chosen / np.maximum(chosen.sum(axis=1), NOBODY_ALIKE)[:, None]
    return np.asarray((sparse.csr_array(weights) @ model.frequency).toarray())
