"""Requests and webhooks recorded from a running WooCommerce store."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

FOLDER = Path(__file__).parent.parent / "recordings" / "woocommerce"


@cache
def rest(name: str) -> Any:
    return json.loads((FOLDER / "rest" / f"{name}.json").read_text())


@cache
def scenario(name: str) -> Any:
    return json.loads((FOLDER / "webhooks" / f"{name}.json").read_text())


def rest_names() -> list[str]:
    return sorted(path.stem for path in (FOLDER / "rest").glob("*.json"))


def path_and_query(url: str) -> tuple[str, dict[str, str]]:
    """The path below wc/v3 and the parameters that are not part of the signature."""
    parts = urlsplit(url)
    path = parts.path.removeprefix("/wp-json/wc/v3").lstrip("/")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = {name: value for name, value in pairs if not name.startswith("oauth_")}
    return path, query


def delivered(name: str, topic: str) -> Any:
    """The body of the first delivery of a topic in a scenario."""
    for delivery in scenario(name)["deliveries"]:
        if delivery["headers"].get("X-WC-Webhook-Topic") == topic:
            return json.loads(delivery["body"])
    raise LookupError(f"{name} delivers no {topic}")


def differences(expected: Any, found: Any, place: str = "") -> list[str]:
    """Where two bodies differ in their keys, the order of keys, or their JSON types.

    Of two lists the first members are compared. Null and the values of meta data stand
    for any type.
    """
    if expected is None or found is None or place.endswith("meta_data[0].value"):
        return []
    if isinstance(expected, dict) and isinstance(found, dict):
        if list(expected) != list(found):
            return [f"{place}: {list(expected)} != {list(found)}"]
        return [d for k in expected for d in differences(expected[k], found[k], f"{place}.{k}")]
    if isinstance(expected, list) and isinstance(found, list):
        pairs = zip(expected[:1], found[:1], strict=False)
        return [d for a, b in pairs for d in differences(a, b, f"{place}[0]")]
    return [] if _kind(expected) == _kind(found) else [f"{place}: {expected!r} != {found!r}"]


def _kind(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__
