"""The likeliest categories of customers who bought once, and whether naming them is worth it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention.arrays import Floats, Integers
from retention.columns import CATEGORY_ID, CUSTOMER_ID, PROBABILITY, RANK
from retention.intervals import NORMAL_95
from retention.second_purchase_histories import Histories, histories, once
from retention.second_purchase_model import SecondPurchaseModel, Trial, second_purchase_model
from retention.second_purchase_sharpness import sharpened

AT_ONCE = 1000
"""So many customers are computed together, to bound the memory."""
MOST_TRIED = 4000
"""So many customers of each part at most are tried."""
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Worth:
    """How often the first-named category was right for customers left out of the counting.

    Of `customers` who came back, `hits` were predicted right and `majority_hits` would have been
    by always naming the most common second category, which is now `majority_category_id`.
    `gain` is the difference of the shares, with its 95 % interval from `low` to `high`.
    """

    customers: int
    hits: int
    majority_hits: int
    majority_category_id: int | None
    gain: float
    low: float
    high: float
    verdict: Literal["better", "no better", "not enough data"]

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)


def second_categories(
    purchases: pl.DataFrame, contents: pl.DataFrame, minimum_customers: int, top: int = 3
) -> tuple[pl.DataFrame, Worth]:
    """Return the `likeliest` categories of everyone who bought once, and their `worth`.

    `purchases` has the columns `PURCHASES` and `contents` their `CONTENTS`. Where nobody came
    back, nothing is predicted.
    Raises ValueError when a table lacks a column, or `minimum_customers` or `top` is below 1.
    """
    for name, given in (("minimum_customers", minimum_customers), ("top", top)):
        if given < 1:
            raise ValueError(f"{name} is {given}; give at least 1")
    known = histories(purchases, contents)
    model, trials = second_purchase_model(known, minimum_customers)
    named = _table([]) if model is None else likeliest(model, once(known), top)
    return named, worth(trials, minimum_customers)


def likeliest(model: SecondPurchaseModel, given: Histories, top: int) -> pl.DataFrame:
    """Return the `top` likeliest categories after each purchase, likeliest first.

    Columns: customer_id, rank, category_id, probability, which is null while too few came back to
    state it. A category for which nothing speaks is never named, so that there may be fewer.
    Equally likely ones follow their identifiers.
    """
    named = _table([_likeliest(model, part, top) for part in _parts(given)])
    if model.is_stated:
        return named
    return named.with_columns(pl.lit(None, dtype=pl.Float64).alias(PROBABILITY))


def worth(trials: Sequence[Trial], minimum_customers: int) -> Worth:
    """Return whether naming the likeliest category beats always naming the most common one.

    The interval is that of a difference of paired proportions (A. Agresti, "Categorical data
    analysis", 2002, section 10.1). `verdict` is "better" when it lies above 0, "not enough data"
    with fewer than `minimum_customers`, else "no better".
    """
    if not trials:
        return Worth(0, 0, 0, None, 0.0, -1.0, 1.0, "not enough data")
    categories = trials[0].left_out.before.categories
    firsts = [trial.left_out.selected(trial.left_out.is_first) for trial in trials]
    counts = np.array([np.bincount(one.after, minlength=len(categories)) for one in firsts])
    ours, majority = [], []
    for trial, first, own in zip(trials, firsts, counts, strict=True):
        tried = first.selected(np.arange(min(len(first.after), MOST_TRIED)))
        ours.append(_first_named(trial.model, tried.before) == tried.after)
        majority.append(int(np.argmax(counts.sum(axis=0) - own)) == tried.after)
    most = int(categories[np.argmax(counts.sum(axis=0))])
    return _worth(np.concatenate(ours), np.concatenate(majority), most, minimum_customers)


def _worth(
    ours: NDArray[np.bool_], majority: NDArray[np.bool_], category: int, minimum: int
) -> Worth:
    n = len(ours)
    difference = ours.astype(np.float64) - majority
    gain = float(difference.mean()) if n else 0.0
    half = float(NORMAL_95 * difference.std() / np.sqrt(n)) if n else 1.0
    better: Literal["better", "no better"] = "better" if gain - half > 0 else "no better"
    return Worth(
        customers=n,
        hits=int(ours.sum()),
        majority_hits=int(majority.sum()),
        majority_category_id=category,
        gain=gain,
        low=gain - half,
        high=gain + half,
        verdict=better if n >= minimum else "not enough data",
    )


def _first_named(model: SecondPurchaseModel, given: Histories) -> Integers:
    named = [model.probabilities(part).argmax(axis=1) for part in _parts(given)]
    return np.concatenate(named) if named else np.zeros(0, dtype=np.int64)


def _likeliest(
    model: SecondPurchaseModel, given: Histories, top: int
) -> tuple[Integers, Integers, Integers, Floats]:
    """Return customers, ranks, categories and probabilities of one part."""
    mixed = model.mixed(given)
    order = np.argsort(-mixed, axis=1, kind="stable")[:, :top]
    speaks = np.take_along_axis(mixed, order, axis=1) > model.floor + ROUNDING
    best = np.take_along_axis(sharpened(mixed, model.sharpness), order, axis=1)
    rows, places = np.nonzero(speaks)
    return (
        given.customers[rows],
        places + 1,
        given.categories[order[rows, places]],
        best[rows, places],
    )


def _table(named: Sequence[tuple[Integers, Integers, Integers, Floats]]) -> pl.DataFrame:
    schema = pl.Schema(
        {
            CUSTOMER_ID: pl.Int64(),
            RANK: pl.Int32(),
            CATEGORY_ID: pl.Int64(),
            PROBABILITY: pl.Float64(),
        }
    )
    portions = [pl.DataFrame(dict(zip(schema, one, strict=True))).cast(schema) for one in named]
    return pl.concat([schema.to_frame(), *portions])


def _parts(given: Histories) -> Iterator[Histories]:
    for start in range(0, len(given.mains), AT_ONCE):
        yield given.selected(np.arange(start, min(start + AT_ONCE, len(given.mains))))
