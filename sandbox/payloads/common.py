"""Parts that several bodies share."""

from collections.abc import Iterable
from typing import Any

from sandbox.records import SHIPPING_FIELDS, Address, Meta
from sandbox.store import Store

Payload = dict[str, Any]

READ_WRITE_DELETE = ("GET", "POST", "PUT", "PATCH", "DELETE")
READ_WRITE = ("GET", "POST", "PUT", "PATCH")


def links(
    store: Store, collection: str, resource_id: int, allow: tuple[str, ...] = READ_WRITE_DELETE
) -> Payload:
    """The `_links` of one resource under `collection`, a path below wc/v3."""
    base = f"{store.url}/wp-json/wc/v3/{collection}"
    own: Payload = {"href": f"{base}/{resource_id}"}
    if allow:
        own["targetHints"] = {"allow": list(allow)}
    return {"self": [own], "collection": [{"href": base}]}


def meta_list(rows: Iterable[Meta]) -> list[Payload]:
    """Meta data as REST shows it."""
    return [{"id": row.id, "key": row.key, "value": row.value} for row in rows]


def shipping_address(address: Address) -> Address:
    """A shipping address with every field."""
    return {name: address.get(name, "") for name in SHIPPING_FIELDS}
