"""The product's model of second categories and the simple rivals that it is judged beside."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from retention.arrays import Floats
from retention.second_purchase_estimates import estimates, of_mains
from retention.second_purchase_histories import Histories, Steps, steps
from retention.second_purchase_model import second_purchase_model

Predictor = Callable[[Histories, Histories], Floats]
"""From what is known and the first purchases of others to a score of every category."""

OURS = "ours"
MINIMUM = 30
TIE = 1e-9


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
    return replace(before, sequences=np.ones_like(before.sequences))
