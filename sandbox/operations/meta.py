"""How meta data is written, with the conversions that a database row makes."""

from collections.abc import Iterable
from typing import Any

from sandbox.records import Meta
from sandbox.store import Store

LONGEST_KEY = 255


def as_stored(value: object) -> object:
    """A value as it comes back: numbers and booleans as text, empty objects as lists."""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, int | float):
        return str(value)
    return _as_array(value)


def _as_array(value: object) -> object:
    if isinstance(value, dict):
        return {key: _as_array(inner) for key, inner in value.items()} or []
    if isinstance(value, list):
        return [_as_array(inner) for inner in value]
    return value


def merged(
    store: Store, rows: tuple[Meta, ...], changes: Iterable[dict[str, Any]]
) -> tuple[Meta, ...]:
    """Rows after changes `{"key", "value"}` or `{"id", ...}`; a null value deletes."""
    found = list(rows)
    for change in changes:
        key = str(change.get("key", ""))
        place = next(
            (i for i, row in enumerate(found) if _matches(row, change.get("id"), key)), None
        )
        value = change.get("value")
        if place is not None and value is None:
            del found[place]
        elif place is not None:
            old = found[place]
            found[place] = Meta(old.id, key or old.key, as_stored(value))
        elif value is not None and key and len(key) <= LONGEST_KEY:
            found.append(store.new_meta(key, as_stored(value)))
    return tuple(found)


def _matches(row: Meta, wanted_id: object, key: str) -> bool:
    return row.id == wanted_id if wanted_id else row.key == key
