"""Connections: windows of a list, with cursors."""

import base64
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.shopify.api.call import Call, bad_request

MOST_AT_ONCE = 250
Item = TypeVar("Item")
Place = tuple[Any, ...]


@dataclass(frozen=True)
class Page:
    """The nodes of a window with their cursors."""

    nodes: Sequence[Any]
    cursors: Sequence[str]
    has_next: bool = False
    has_previous: bool = False


def cursor(place: Place) -> str:
    """The opaque text of a place in a list."""
    return base64.b64encode(json.dumps(place).encode()).decode()


def _place(text: str) -> Place:
    try:
        return tuple(json.loads(base64.b64decode(text, validate=True)))
    except ValueError:
        raise bad_request("Invalid cursor for current pagination sort.") from None


def page(
    call: Call, ordered: Sequence[Item], place: Callable[[Item], Place], arguments: dict[str, Any]
) -> Page:
    """A window of a list that is sorted by `place`, by first, last, after, before and reverse.

    A bulk operation gets the whole list.
    """
    low, high = 0, len(ordered)
    is_reversed = bool(arguments.get("reverse"))
    names = ("before", "after") if is_reversed else ("after", "before")
    try:
        if arguments.get(names[0]):
            low = bisect_right(ordered, _place(arguments[names[0]]), key=place)
        if arguments.get(names[1]):
            high = bisect_left(ordered, _place(arguments[names[1]]), key=place)
    except TypeError:
        raise bad_request("Invalid cursor for current pagination sort.") from None
    start, end = low, max(low, high)
    if not call.is_bulk:
        count, is_first = _size(arguments)
        if is_first != is_reversed:
            end = min(end, start + count)
        else:
            start = max(start, end - count)
    window = list(ordered[start:end])
    beyond = [start > 0, end < len(ordered)]
    if is_reversed:
        window.reverse()
        beyond.reverse()
    # The lines of a bulk operation have no cursors.
    cursors = [] if call.is_bulk else [cursor(place(item)) for item in window]
    return Page(window, cursors, beyond[1], beyond[0])


def _size(arguments: dict[str, Any]) -> tuple[int, bool]:
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise bad_request("you must provide one of first or last")
    if first is not None and last is not None:
        raise bad_request("providing both first and last is not supported")
    count = first if first is not None else last or 0
    if not 0 <= count <= MOST_AT_ONCE:
        raise bad_request(f"first or last is {count}; it must lie within 0 and {MOST_AT_ONCE}")
    return count, first is not None


def listed(call: Call, items: Sequence[Any], arguments: dict[str, Any]) -> Page:
    """A window of a list that has an order of its own."""
    numbered = list(enumerate(items))
    found = page(call, numbered, lambda pair: (pair[0],), arguments)
    nodes = [item for _number, item in found.nodes]
    return Page(nodes, found.cursors, found.has_next, found.has_previous)


CONNECTION = {
    "nodes": lambda found, _call: found.nodes,
    "edges": lambda found, _call: list(zip(found.cursors, found.nodes, strict=True)),
    "pageInfo": lambda found, _call: found,
}
EDGE = {"cursor": lambda edge, _call: edge[0], "node": lambda edge, _call: edge[1]}
PAGE_INFO = {
    "hasNextPage": lambda found, _call: found.has_next,
    "hasPreviousPage": lambda found, _call: found.has_previous,
    "startCursor": lambda found, _call: next(iter(found.cursors), None),
    "endCursor": lambda found, _call: found.cursors[-1] if found.cursors else None,
}
