"""What a product's list of cross-sells shall be: the merchant's own picks and ours, kept apart.

The store has one list and does not say who put what in it. So what we wrote is remembered, and
whatever else stands in the list is the merchant's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

CrossSellMode = Literal["beside", "replace", "off"]


@dataclass(frozen=True, slots=True)
class CrossSellState:
    """A list as we wrote it, or are about to: `list` is the whole of it and `ours` our part.

    `hidden` are the merchant's own picks that `replace` took out of the store, to be put back.
    """

    list: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    @classmethod
    def read(cls, value: Mapping[str, Any] | None) -> Self:
        """The state from its JSON form; None is a list we never wrote."""
        return cls(**{key: tuple(items) for key, items in (value or {}).items()})

    def as_json(self) -> dict[str, Any]:
        """The state as JSON's types."""
        return {key: list(items) for key, items in asdict(self).items()}


def planned(
    in_store: Sequence[str],
    before: Sequence[CrossSellState],
    recommended: Sequence[str],
    mode: CrossSellMode,
) -> CrossSellState:
    """The list that the store shall have.

    Args:
        in_store: the list in the store now.
        before: what we last wrote, and what we were about to write when a crash may have come
            between; anything of ours in either is ours.
        recommended: our recommendations, best first.
        mode: beside keeps the merchant's own ahead of ours, replace hides them, off gives the
            store its own list back.
    """
    ours_before = {product for state in before for product in state.ours}
    hidden = [product for state in before for product in state.hidden]
    own = tuple(dict.fromkeys([*hidden, *(p for p in in_store if p not in ours_before)]))
    if mode == "off":
        return CrossSellState(list=own)
    if mode == "replace":
        ours = tuple(dict.fromkeys(recommended))
        return CrossSellState(list=ours, ours=ours, hidden=own) if ours else CrossSellState(own)
    ours = tuple(product for product in dict.fromkeys(recommended) if product not in own)
    return CrossSellState(list=(*own, *ours), ours=ours)
