"""How well the category of the second purchase is predicted, beside simple rivals.

What is known and who is predicted is told by `retention.evaluation.second_category_settings`, and
the rivals by `retention.evaluation.second_category_models`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention.arrays import Floats, Integers
from retention.evaluation.bootstrap import Estimate, mean_over_customers
from retention.evaluation.second_category_models import MODELS, OURS
from retention.evaluation.second_category_settings import Split, first_steps, settings
from retention.prediction.calibration import Calibration, calibration
from retention.prediction.evidence import NotEnoughData, require_evidence
from retention.purchases import JoinedOrders
from retention.second_purchase_histories import Steps, histories, steps
from retention.second_purchase_model import STATED_FROM

SAMPLES = (200, 1_000, 5_000)
NAMED = 3
SMALLEST = 100
"""Customers with a second purchase that are needed."""


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
    first = first_steps(known)
    require_evidence("customers of known first and second category", len(first.after), SMALLEST)
    scores: list[Score] = []
    firsts: dict[str, Stated] = {}
    named: dict[str, Stated] = {}
    for setting, splits in settings(known, first, bought, samples, seed).items():
        found = _predicted(splits)
        if not found:
            firsts[setting] = named[setting] = NotEnoughData("customers who can be predicted", 0, 1)
            continue
        scores.extend(_scores(setting, found))
        ours = found[OURS]
        firsts[setting] = _stated(ours, 1)
        named[setting] = _stated(ours, NAMED)
    return SecondCategory(tuple(scores), firsts, named)


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
