"""Which of a product's categories stands for it."""

from collections.abc import Iterable, Mapping
from typing import Literal

from retention.records import Category

CategoryLevel = Literal["leaf", "top"]


def category_of(
    category_ids: Iterable[str], categories: Mapping[str, Category], level: CategoryLevel
) -> str | None:
    """Return the category that stands for a product with these categories.

    "leaf" is the deepest of them (of equally deep ones the first listed), "top" is that one's
    root. Categories the store does not list are passed over; None when none is left. A parent
    the store does not list ends the path. In a circle of parents the root is the one with the
    smallest identifier, so that all of the circle agree.
    """
    paths = [_path(identifier, categories) for identifier in category_ids]
    deepest = max(paths, key=len, default=[])
    if not deepest:
        return None
    return deepest[0] if level == "leaf" else _root(deepest, categories)


def _path(identifier: str, categories: Mapping[str, Category]) -> list[str]:
    """Return the category and its ancestors, each once, nearest first."""
    path: list[str] = []
    at: str | None = identifier
    while at is not None and at in categories and at not in path:
        path.append(at)
        at = categories[at].parent_id
    return path


def _root(path: list[str], categories: Mapping[str, Category]) -> str:
    parent = categories[path[-1]].parent_id
    return min(path[path.index(parent) :]) if parent in path else path[-1]
