"""The batch routes: every item in its own slot, without schema validation."""

from collections.abc import Callable
from typing import Any

from flask import Response

from sandbox.errors import RestError
from sandbox.payloads.common import Payload
from sandbox.rest import exchange

BATCH_LIMIT = 100
Create = Callable[[dict[str, Any]], Payload]
Update = Callable[[Any, dict[str, Any]], Payload]
Delete = Callable[[Any], Payload]


def run(create: Create, update: Update, delete: Delete) -> Response:
    """Create, update and delete what the body lists; deleting forces."""
    wanted = exchange.body()
    items = {name: _items(wanted.get(name)) for name in ("create", "update", "delete")}
    if sum(map(len, items.values())) > BATCH_LIMIT:
        raise RestError(
            "woocommerce_rest_request_entity_too_large",
            f"Unable to accept more than {BATCH_LIMIT} items for this request.",
            413,
        )
    answered: dict[str, list[Payload]] = {}
    if items["create"]:
        answered["create"] = [_slot(0, create, item) for item in items["create"]]
    if items["update"]:
        answered["update"] = [
            _slot(item.get("id"), update, item.get("id"), item) for item in items["update"]
        ]
    if items["delete"]:
        answered["delete"] = [_slot(item, delete, item) for item in items["delete"]]
    return exchange.answer(answered, allow=exchange.BATCH_ALLOW)


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _slot(shown_id: object, action: Callable[..., Payload], *arguments: object) -> Payload:
    try:
        return action(*arguments)
    except RestError as error:
        return {"id": shown_id, "error": error.body()}


def as_id(value: object) -> int:
    """An id as PHP reads one from a batch item; 0 when it is none."""
    try:
        return int(str(value))
    except ValueError:
        return 0
