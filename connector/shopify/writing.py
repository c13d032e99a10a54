"""Writing to a shop: recommendations on products, points and a category on customers.

What was written is read back from the shop and compared before it counts as accepted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from connector.batches import is_identifier, refuse_cross_sells, sort_out
from connector.errors import BadPayload, Refused
from connector.platform import CrossSells, CustomerFields, Written
from connector.shopify.graphql import Client
from connector.shopify.ids import gid, number_of
from connector.shopify.lists import RecommendationLists
from connector.shopify.metafields import (
    NAMESPACE,
    REFERENCES,
    TEXT,
    TYPES,
    Input,
    Metafields,
    Refusal,
    value,
)
from connector.shopify.native import as_references
from connector.shopify.objects import Objects
from connector.shopify.parse import read_account, read_product, references
from connector.shopify.payloads import CustomerPayload
from connector.shopify.tags import PREFIX, Tags, carries, tags_of
from connector.values import validate
from retention.records import Account, Product

LARGEST_LIST = 128
_AT_ONCE = 25
_KEY = re.compile(rf"[a-z][a-z0-9_-]{{1,63}}|{PREFIX}[A-Za-z0-9 _-]{{1,40}}")
_Value = TypeVar("_Value")


class Writer:
    """The calls that change products and customers."""

    def __init__(self, client: Client, region: str) -> None:
        self._client = client
        self._region = region
        self._metafields = Metafields(client)
        self._lists = RecommendationLists(client, self._metafields)
        self._tags = Tags(client)
        self._products = Objects(client)

    def write_cross_sells(self, changes: Sequence[CrossSells]) -> Sequence[Written]:
        """Write each list as a whole, without what it has twice; one answer per change, in order.

        They are our own metafield, and where the shop allows it Shopify's native list too, as
        far as no merchant picked anything there.

        Raises:
            ValueError: a product is there twice.
            ConnectorError: a whole call failed. Portions before it are written.
        """
        written, good = sort_out(
            changes,
            lambda change: change.product_id,
            lambda change: refuse_cross_sells(change, LARGEST_LIST),
        )
        if good:
            self._metafields.declare("PRODUCT")
        wanted = {one.product_id: tuple(dict.fromkeys(one.cross_sell_ids)) for one in good}
        for portion in _portions(wanted):
            written |= self._write_lists(portion)
        return list(written.values())

    def write_customers(self, changes: Sequence[CustomerFields]) -> Sequence[Written]:
        """Write the fields of each account; one answer per change, in order.

        A key that begins with "tag:" is a tag "name: value" instead of a metafield. Raises as
        `write_cross_sells` does.
        """
        written, good = sort_out(changes, lambda change: change.account_id, _refuse_fields)
        if good:
            self._metafields.declare("CUSTOMER")
        for portion in _portions({one.account_id: one.fields for one in good}):
            written |= self._write_fields(portion)
        return list(written.values())

    def _write_lists(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, Written]:
        present, refused = self._lists.write(wanted)
        nodes = dict(self._products.each("product", sorted(present)))
        return {
            name: _answer(name, refused.get(name)) or _compare_list(name, nodes.get(name), listed)
            for name, listed in wanted.items()
        }

    def _write_fields(self, wanted: Mapping[str, Mapping[str, str | None]]) -> dict[str, Written]:
        refused = self._write_tags(wanted)
        sets = {name: _to_set(name, fields, lists=False) for name, fields in wanted.items()}
        # Apart, because a list is refused when one of its products has just gone.
        lists = {name: _to_set(name, fields, lists=True) for name, fields in wanted.items()}
        deletions = {name: _to_delete(name, fields) for name, fields in wanted.items()}
        refused |= self._metafields.set(lists)
        refused |= self._metafields.set(sets) | self._metafields.delete(deletions)
        nodes = self._customers(wanted)
        return {
            name: _answer(name, refused.get(name))
            or self._compare_fields(name, nodes.get(name), fields)
            for name, fields in wanted.items()
        }

    def _write_tags(self, wanted: Mapping[str, Mapping[str, str | None]]) -> dict[str, Refusal]:
        tagged = {name: tags for name, fields in wanted.items() if (tags := tags_of(fields))}
        refused: dict[str, Refusal] = {}
        for name, node in self._customers(tagged).items():
            try:
                self._tags.write(node["id"], node.get("tags") or [], tagged[name])
            except Refused as error:
                refused[name] = Refusal(f"tags: {error}", error.code, permanent=True)
        return refused

    def _customers(self, names: Mapping[str, object]) -> dict[str, dict[str, Any]]:
        if not names:
            return {}
        ids = [gid("Customer", name) for name in names]
        data = self._client.run("customer_fields", ids=ids)
        return {number_of(node["id"]): node for node in data["nodes"] if node}

    def _compare_fields(
        self, name: str, node: dict[str, Any] | None, fields: Mapping[str, str | None]
    ) -> Written:
        if node is None:
            return _missing(name, "customer")
        try:
            record = read_account(node, self._region)
            payload = validate(CustomerPayload, node)
        except BadPayload as unread:
            return Written(name, str(unread), permanent=True)
        kept = {own.key: own.value for own in payload.metafields.nodes}
        for key, text in fields.items():
            if not key.startswith(PREFIX) and _read(key, kept.get(key)) != text:
                return _not_kept(name, key, record)
        if not carries(payload.tags, tags_of(fields)):
            return _not_kept(name, "tags", record)
        return Written(name, record=record)


def _to_set(name: str, fields: Mapping[str, str | None], *, lists: bool) -> list[Input]:
    """The lists of products among the fields, or the other fields."""
    owner = gid("Customer", name)
    return [
        value(owner, key, as_references(text.split(",")) if lists else text, TYPES.get(key, TEXT))
        for key, text in fields.items()
        if text is not None and not key.startswith(PREFIX) and _is_list(key) == lists
    ]


def _is_list(key: str) -> bool:
    return TYPES.get(key) == REFERENCES


def _read(key: str, kept: str | None) -> str | None:
    """What the shop has, in the form in which it was given."""
    return ",".join(references(kept)) if kept is not None and _is_list(key) else kept


def _to_delete(name: str, fields: Mapping[str, str | None]) -> list[Input]:
    owner = gid("Customer", name)
    return [
        {"ownerId": owner, "namespace": NAMESPACE, "key": key}
        for key, text in fields.items()
        if text is None and not key.startswith(PREFIX)
    ]


def _compare_list(
    name: str, node: dict[str, Any] | Refused | None, listed: Sequence[str]
) -> Written:
    if node is None:
        return _missing(name, "product")
    if isinstance(node, Refused):
        return Written(name, str(node), permanent=True)
    try:
        record = read_product(node)
    except BadPayload as unread:
        return Written(name, str(unread), permanent=True)
    if record.cross_sell_ids == tuple(listed):
        return Written(name, record=record)
    return _not_kept(name, "recommendations", record)


def _answer(name: str, refusal: Refusal | None) -> Written | None:
    if refusal is None:
        return None
    return Written(name, refusal.reason, permanent=refusal.permanent)


def _missing(name: str, kind: str) -> Written:
    return Written(name, f"the shop has no {kind} {name}", permanent=True)


def _not_kept(name: str, what: str, record: Product | Account) -> Written:
    error = f"{what}: the shop did not keep what was written"
    return Written(name, error, permanent=True, record=record)


def _refuse_fields(change: CustomerFields) -> str | None:
    if not is_identifier(change.account_id):
        return f"{change.account_id!r} is not a customer's identifier"
    for key, text in change.fields.items():
        if _KEY.fullmatch(key) is None:
            return f"{key[:60]!r} is not a key: small letters, digits, - and _, a letter first"
        if text is not None and (not text.strip() or len(text.splitlines()) > 1):
            return f"{key}: the text must be one line and not empty; None removes it"
    return None


def _portions(wanted: Mapping[str, _Value]) -> Iterator[dict[str, _Value]]:
    names = list(wanted)
    for start in range(0, len(names), _AT_ONCE):
        yield {name: wanted[name] for name in names[start : start + _AT_ONCE]}
