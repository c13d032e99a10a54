"""Setting metafields: 25 a call, all or none, so that a failing call is split up.

Metafields of one object belong together and are set or refused together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.errors import Refused
from connector.shopify.graphql import Client, nodes

NAMESPACE = "$app"
LARGEST_BATCH = 25
RECOMMENDATIONS = "recommendations"
REFERENCES = "list.product_reference"
TEXT = "single_line_text_field"
WHOLE_NUMBER = "number_integer"
DATE = "date"

_PASSING = frozenset({"INTERNAL_ERROR", "STALE_OBJECT", "INVALID_COMPARE_DIGEST"})
Input = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an object's metafields were not set; `permanent`: trying again changes nothing."""

    reason: str
    code: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """How a metafield of ours is declared in a shop, and who may read it besides the app."""

    owner_type: str
    key: str
    name: str
    type: str
    access: Mapping[str, str]

    def as_input(self) -> dict[str, Any]:
        """The input of the mutation that declares it."""
        return {
            "ownerType": self.owner_type,
            "namespace": NAMESPACE,
            "key": self.key,
            "name": self.name,
            "type": self.type,
            "access": dict(self.access),
        }


READABLE = {"admin": "MERCHANT_READ", "customerAccount": "READ"}
"""Read by merchants and by the customer."""

DEFINITIONS = (
    Definition(
        "PRODUCT",
        RECOMMENDATIONS,
        "Recommended products",
        REFERENCES,
        {"admin": "MERCHANT_READ", "storefront": "PUBLIC_READ"},
    ),
    Definition("CUSTOMER", "points", "Points", WHOLE_NUMBER, READABLE),
    Definition("CUSTOMER", "points_pending", "Pending points", WHOLE_NUMBER, READABLE),
    Definition("CUSTOMER", "points_next_expiry", "Day on which points expire next", DATE, READABLE),
    Definition("CUSTOMER", "points_expiring", "Points that expire then", WHOLE_NUMBER, READABLE),
    Definition("CUSTOMER", "points_value", "Value of the points", TEXT, READABLE),
    Definition("CUSTOMER", "tier", "Tier", TEXT, READABLE),
    Definition("CUSTOMER", "tier_second_name", "Tier in the second language", TEXT, READABLE),
    Definition(
        "CUSTOMER",
        "second_purchase_category",
        "Category of the second purchase",
        TEXT,
        {"admin": "MERCHANT_READ", "customerAccount": "NONE"},
    ),
    Definition("CUSTOMER", "recommended_products", "Recommended products", REFERENCES, READABLE),
    Definition(
        "CUSTOMER",
        "recommended_new_products",
        "Recommended products, never bought",
        REFERENCES,
        READABLE,
    ),
)
"""The metafields that storefronts and merchants see."""

TYPES = {definition.key: definition.type for definition in DEFINITIONS}


class Metafields:
    """Sets, deletes and declares the metafields of one shop."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._declared: set[str] = set()

    def set(self, inputs: Mapping[str, Sequence[Input]]) -> dict[str, Refusal]:
        """Set metafields, given by owner; the owners that were refused, with why.

        Raises from `connector.errors` what concerns the whole call.
        """
        return _in_batches(inputs, self._set)

    def delete(self, inputs: Mapping[str, Sequence[Input]]) -> dict[str, Refusal]:
        """Delete metafields, whether they are there or not; as `set`."""
        return _in_batches(inputs, self._delete)

    def declare(self, owner_type: str) -> None:
        """Declare our metafields on objects of this type, unless they are; asked once."""
        if owner_type in self._declared:
            return
        data = self._client.run("metafield_definitions", ownerType=owner_type)
        known = {node["key"] for node in nodes(data, "metafieldDefinitions")}
        for definition in DEFINITIONS:
            if definition.owner_type == owner_type and definition.key not in known:
                self._declare(definition)
        self._declared.add(owner_type)

    def _declare(self, definition: Definition) -> None:
        try:
            self._client.change(
                "metafield_definition_create",
                "metafieldDefinitionCreate",
                definition=definition.as_input(),
            )
        except Refused as error:
            if error.code != "TAKEN":  # A worker beside this one was first.
                raise

    def _set(self, inputs: Sequence[Input]) -> None:
        self._client.change("metafields_set", "metafieldsSet", metafields=list(inputs))

    def _delete(self, inputs: Sequence[Input]) -> None:
        named = [{key: one[key] for key in ("ownerId", "namespace", "key")} for one in inputs]
        self._client.change("metafields_delete", "metafieldsDelete", metafields=named)


def value(owner: str, key: str, text: str, kind: str, namespace: str = NAMESPACE) -> dict[str, Any]:
    """The input that sets one metafield."""
    return {"ownerId": owner, "namespace": namespace, "key": key, "type": kind, "value": text}


def _in_batches(
    inputs: Mapping[str, Sequence[Input]], send: Callable[[Sequence[Input]], None]
) -> dict[str, Refusal]:
    refused: dict[str, Refusal] = {}
    batch: list[str] = []
    size = 0
    for owner, fields in inputs.items():
        if batch and size + len(fields) > LARGEST_BATCH:
            refused |= _send(batch, inputs, send)
            batch, size = [], 0
        batch.append(owner)
        size += len(fields)
    return refused | _send(batch, inputs, send)


def _send(
    owners: Sequence[str],
    inputs: Mapping[str, Sequence[Input]],
    send: Callable[[Sequence[Input]], None],
) -> dict[str, Refusal]:
    """Send a batch; while it is refused, halve it, until the culprit is alone."""
    fields = [one for owner in owners for one in inputs[owner]]
    if not fields:
        return {}
    try:
        send(fields)
    except Refused as error:
        if len(owners) == 1:
            return {owners[0]: Refusal(str(error), error.code, error.code not in _PASSING)}
        half = len(owners) // 2
        return _send(owners[:half], inputs, send) | _send(owners[half:], inputs, send)
    return {}
