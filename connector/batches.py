"""What every batch of writes has in common, whatever the platform."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from connector.platform import CrossSells, CustomerFields, Written

Change = TypeVar("Change", CrossSells, CustomerFields)


def sort_out(
    changes: Sequence[Change],
    identify: Callable[[Change], str],
    refuse: Callable[[Change], str | None],
) -> tuple[dict[str, Written], list[Change]]:
    """One answer per change, in order, to be filled in; and the changes that may be sent.

    `refuse` says why a change cannot be sent, None when it can.

    Raises:
        ValueError: an object is there twice.
    """
    written: dict[str, Written] = {}
    good: list[Change] = []
    for change in changes:
        identifier = identify(change)
        if identifier in written:
            raise ValueError(f"{identifier} is there twice: one of them would be lost")
        reason = refuse(change)
        written[identifier] = Written(identifier, reason, permanent=reason is not None)
        if reason is None:
            good.append(change)
    return written, good


def refuse_cross_sells(change: CrossSells, largest: int | None = None) -> str | None:
    """Why a list of cross-sells cannot be sent; `largest` is how many the platform takes."""
    for identifier in (change.product_id, *change.cross_sell_ids):
        if not is_identifier(identifier):
            return (
                f"{identifier!r} is not a product's identifier; it must be a whole number above 0"
            )
    if change.product_id in change.cross_sell_ids:
        return "a product cannot be its own cross-sell"
    if largest is not None and len(set(change.cross_sell_ids)) > largest:
        return f"the platform takes at most {largest} cross-sells of a product"
    return None


def is_identifier(text: str) -> bool:
    """Whether this is a whole number above 0 in its one spelling, as stores number objects."""
    return text.isascii() and text.isdigit() and not text.startswith("0") and len(text) < 19
