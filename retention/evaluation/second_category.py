"""How well the category of the second purchase is predicted, beside simple rivals.

Three settings. "others": customers in five parts, each predicted from the whole histories of the
other four. "earlier": first purchases in ten parts by time, each predicted from what was bought
before the part began, so that nothing later is known. "sample": a few customers with about so
many orders are all that is known, and everyone else is predicted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention.arrays import Floats, Integers
from retention.columns import CUSTOMER_ID, PLACED_AT, SEQUENCE
from retention.evaluation.bootstrap import Estimate, mean_over_customers
from retention.prediction.calibration import Calibration, calibration
from retention.prediction.evidence import NotEnoughData, require_evidence
from retention.purchases import JoinedOrders
from retention.second_purchase_estimates import estimates, of_mains
from retention.second_purchase_histories import Histories, Steps, histories, steps
from retention.second_purchase_model import STATED_FROM, second_purchase_model

Predictor = Callable[[Histories, Histories], Floats]
"""From what is known and the first purchases of others to a score of every category."""

OURS = "ours"
FOLDS = 5
PARTS = 10
SAMPLES = (200, 1_000, 5_000)
DRAWS = 20
MINIMUM = 30
NAMED = 3
SMALLEST = 100
"""Customers with a second purchase that are needed."""
TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Score:
    """How often the category was named first and among the first three, of those who came back.

    `gain_1` and `gain_3` are our model's share minus this one's, over the same customers.
    """

    setting: str
    model: str
    top_1: Estimate
    top_3: Estimate
    gain_1: Estimate
    gain_3: Estimate


Stated = Calibration | NotEnoughData


@dataclass(frozen=True, slots=True)
class SecondCategory:
    """The scores of every model in every setting, and what our probabilities are worth.

    The calibrations compare the stated probabilities with what came, by setting: of the category
    named first, and of all three that are named. Only what the product would state is compared,
    that is what at least 97 known customers came back for. In samples the same customers come many
    times, so that chance alone brings more than `by_chance` there. A setting in which nobody can be
    predicted, because nobody had come back before, has no scores.
    """

    scores: tuple[Score, ...]
    named_first: Mapping[str, Stated]
    named: Mapping[str, Stated]

    def score(self, setting: str, model: str) -> Score:
        """Return the score of a model in a setting. Raises KeyError when there is none."""
        for one in self.scores:
            if (one.setting, one.model) == (setting, model):
                return one
        raise KeyError(f"no score of {model!r} in {setting!r}")


@dataclass(frozen=True, slots=True)
class _Named:
    """What was named to one customer after another: three probabilities, whether each came, and
    whether so many were known to have come back that the product states them."""

    customers: Integers
    probabilities: Floats
    came: NDArray[np.bool_]
    is_stated: NDArray[np.bool_]


Split = tuple[Histories, Steps]
"""What is known, and the first steps to be predicted."""


def second_category(
    lines: pl.DataFrame,
    products: pl.DataFrame,
    samples: Sequence[int] = SAMPLES,
    seed: int = 1,
) -> SecondCategory:
    """Return how well every model predicts the second category in `lines` of `products`.

    Raises ValueError when a table lacks a column, NotEnoughData when fewer than 100 customers
    have a second purchase whose category, and that of the first one, is known.
    """
    joined = JoinedOrders(lines, products)
    bought = joined.purchases()
    known = histories(bought, joined.contents())
    first = _first_steps(known)
    require_evidence("customers of known first and second category", len(first.after), SMALLEST)
    settings: dict[str, Iterator[Split]] = {
        "others": _others(known, first, seed),
        "earlier": _earlier(known, first, bought),
    }
    for size in samples:
        settings[f"sample {size}"] = _sampled(known, first, size, seed)
    scores: list[Score] = []
    firsts: dict[str, Stated] = {}
    named: dict[str, Stated] = {}
    for setting, splits in settings.items():
        found = _predicted(splits)
        if not found:
            firsts[setting] = named[setting] = NotEnoughData("customers who can be predicted", 0, 1)
            continue
        scores.extend(_scores(setting, found))
        ours = found[OURS]
        firsts[setting] = _stated(ours, 1)
        named[setting] = _stated(ours, NAMED)
    return SecondCategory(tuple(scores), firsts, named)


def our_model(known: Histories, given: Histories) -> Floats:
    """Return the probabilities of the product's own model."""
    model, _ = second_purchase_model(known, MINIMUM)
    if model is None:
        return np.full((len(given.mains), len(known.categories)), 1 / len(known.categories))
    return model.probabilities(given)


def majority(known: Histories, given: Histories) -> Floats:
    """Score by the share of all second purchases, equal ones by that of all purchases."""
    taken = steps(known)
    counts = np.bincount(taken.after[taken.is_first], minlength=len(known.categories))
    scores = counts + TIE * estimates(known, taken).all_rates
    return np.broadcast_to(scores, (len(given.mains), len(scores)))


def same_again(known: Histories, given: Histories) -> Floats:
    """Score the main category of the first purchase above all others, then as the majority."""
    return of_mains(given).toarray() + TIE * majority(known, given)


def markov(known: Histories, given: Histories) -> Floats:
    """Score by what followed the main category in any two purchases in a row."""
    return _followed(known, given, steps(known))


def first_to_second(known: Histories, given: Histories) -> Floats:
    """Score by what followed the main category from first to second purchases."""
    taken = steps(known)
    return _followed(known, given, taken.selected(taken.is_first))


MODELS: Mapping[str, Predictor] = {
    OURS: our_model,
    "majority": majority,
    "same as first": same_again,
    "Markov, all pairs": markov,
    "Markov, first to second": first_to_second,
}


def _followed(known: Histories, given: Histories, taken: Steps) -> Floats:
    even = Steps(_unweighted(taken.before), taken.after)
    counts = estimates(known, even).after_category.counts
    return np.asarray(of_mains(given) @ counts.toarray() + TIE * majority(known, given))


def _unweighted(before: Histories) -> Histories:
    """Return the purchases as if each were a first one, so that every step counts alike."""
    return Histories(
        before.categories,
        before.shares,
        before.mains,
        before.customers,
        np.ones_like(before.sequences),
    )


def _first_steps(known: Histories) -> Steps:
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


def _predicted(splits: Iterator[Split]) -> dict[str, _Named]:
    found: dict[str, list[_Named]] = {name: [] for name in MODELS}
    for known, first in splits:
        returned = int(steps(known).is_first.sum())
        for name, model in MODELS.items():
            found[name].append(_named(model(known, first.before), first, returned))
    if not found[OURS]:
        return {}
    return {
        name: _Named(
            np.concatenate([one.customers for one in parts]),
            np.concatenate([one.probabilities for one in parts]),
            np.concatenate([one.came for one in parts]),
            np.concatenate([one.is_stated for one in parts]),
        )
        for name, parts in found.items()
    }


def _named(scores: Floats, first: Steps, returned: int) -> _Named:
    order = np.argsort(-scores, axis=1, kind="stable")[:, :NAMED]
    return _Named(
        first.before.customers,
        np.take_along_axis(scores, order, axis=1),
        order == first.after[:, None],
        np.full(len(first.after), returned >= STATED_FROM),
    )


def _stated(named: _Named, most: int) -> Stated:
    """Return how the `most` first-named probabilities that are stated compare with what came."""
    probabilities = named.probabilities[named.is_stated, :most].ravel()
    try:
        return calibration(probabilities, named.came[named.is_stated, :most].ravel())
    except NotEnoughData as error:
        return error


def _scores(setting: str, found: Mapping[str, _Named]) -> Iterator[Score]:
    ours = found[OURS]
    for name, theirs in found.items():
        difference = ours.came.astype(np.float64) - theirs.came
        yield Score(
            setting=setting,
            model=name,
            top_1=mean_over_customers(theirs.came[:, 0], theirs.customers),
            top_3=mean_over_customers(theirs.came.any(axis=1), theirs.customers),
            gain_1=mean_over_customers(difference[:, 0], theirs.customers),
            gain_3=mean_over_customers(difference.sum(axis=1), theirs.customers),
        )
