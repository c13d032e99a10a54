"""The metafields of a shop and their definitions."""

import hashlib
import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from sandbox import clock
from sandbox.shopify.metafield_values import CHECKS, Exists

MOST_AT_ONCE = 25
NATIVE_NAMESPACE = "shopify--discovery--product_recommendation"
NATIVE_TYPES = {
    "related_products": "list.product_reference",
    "complementary_products": "list.product_reference",
    "related_products_display": "single_line_text_field",
}
NAME = re.compile(r"[A-Za-z0-9_-]+")
OWNER_TYPES = {
    "Product": "PRODUCT",
    "ProductVariant": "PRODUCTVARIANT",
    "Customer": "CUSTOMER",
    "Order": "ORDER",
    "Collection": "COLLECTION",
    "Shop": "SHOP",
    "AppInstallation": "API_PERMISSION",
}


@dataclass
class Metafield:
    """One value on one owner (a global id)."""

    id: int
    owner: str
    namespace: str
    key: str
    type: str
    value: str
    created: int
    updated: int

    @property
    def digest(self) -> str:
        """What `compareDigest` compares."""
        return hashlib.sha256(f"{self.type} {self.value}".encode()).hexdigest()


@dataclass(frozen=True)
class Definition:
    """What a metafield of one name on one type of owner holds."""

    id: int
    owner_type: str
    namespace: str
    key: str
    name: str
    type: str
    description: str | None


class Problem(NamedTuple):
    """Why one of the given metafields cannot be set: field of the input, code, sentence."""

    field: str
    code: str
    message: str


@dataclass
class MetafieldBook:
    """All metafields, by owner and by (namespace, key).

    `app_namespace` is what `$app` stands for. `native_allowed` says whether apps may write the
    native recommendations.
    """

    app_namespace: str
    native_allowed: bool = True
    by_owner: dict[str, dict[tuple[str, str], Metafield]] = field(default_factory=dict)
    definitions: dict[int, Definition] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ids = count(19_000_001)

    def resolved(self, namespace: str | None) -> str:
        """A namespace with `$app` written out; by default it is the app's own."""
        if namespace is None or namespace == "$app":
            return self.app_namespace
        if namespace.startswith("$app:"):
            return f"{self.app_namespace}--{namespace.removeprefix('$app:')}"
        return namespace

    def of(self, owner: str) -> list[Metafield]:
        """All metafields of an owner, the oldest first."""
        return list(self.by_owner.get(owner, {}).values())

    def get(self, owner: str, namespace: str | None, key: str) -> Metafield | None:
        """One metafield of an owner."""
        return self.by_owner.get(owner, {}).get((self.resolved(namespace), key))

    def definition(self, owner_type: str, namespace: str, key: str) -> Definition | None:
        """The definition that a metafield follows."""
        wanted = (owner_type, namespace, key)
        listed = self.definitions.values()
        return next((d for d in listed if (d.owner_type, d.namespace, d.key) == wanted), None)

    def problem(self, wanted: dict[str, Any], owner_type: str, exists: Exists) -> Problem | None:
        """Why the app may not set a metafield; None when it may."""
        namespace, key = self.resolved(wanted.get("namespace")), wanted["key"]
        type_name = self.type_of(wanted, owner_type)
        return (
            self._name_problem(namespace, key)
            or self._type_problem(wanted, owner_type, type_name)
            or _value_problem(type_name, wanted["value"], exists)
            or self._stale(wanted)
        )

    def type_of(self, wanted: dict[str, Any], owner_type: str) -> str:
        """The type that a metafield will have, "" when nothing says it."""
        namespace, key = self.resolved(wanted.get("namespace")), wanted["key"]
        if wanted.get("type"):
            return str(wanted["type"])
        definition = self.definition(owner_type, namespace, key)
        existing = self.get(wanted["ownerId"], namespace, key)
        known = definition.type if definition else existing.type if existing else ""
        return known or (NATIVE_TYPES.get(key, "") if namespace == NATIVE_NAMESPACE else "")

    def _name_problem(self, namespace: str, key: str) -> Problem | None:
        for name, value, least, most in (
            ("namespace", namespace, 3, 255),
            ("key", key, 2, 64),
        ):
            title = name.capitalize()
            if len(value) < least:
                message = f"{title} is too short (minimum is {least} characters)"
                return Problem(name, "TOO_SHORT", message)
            if len(value) > most:
                return Problem(
                    name, "TOO_LONG", f"{title} is too long (maximum is {most} characters)"
                )
            if not NAME.fullmatch(value):
                return Problem(name, "INVALID", f"{title} contains one or more invalid characters.")
        if not self._may_write(namespace, key):
            message = (
                "Access to this namespace and key on Metafields for this resource type is not "
                "allowed."
            )
            return Problem("namespace", "APP_NOT_AUTHORIZED", message)
        return None

    def _may_write(self, namespace: str, key: str) -> bool:
        if namespace == NATIVE_NAMESPACE:
            return self.native_allowed and key in NATIVE_TYPES
        if namespace.startswith("app--"):
            own = self.app_namespace
            return namespace == own or namespace.startswith(f"{own}--")
        return not namespace.startswith("shopify")

    def _type_problem(
        self, wanted: dict[str, Any], owner_type: str, type_name: str
    ) -> Problem | None:
        if not type_name:
            return Problem("type", "BLANK", "Type can't be blank")
        if type_name not in CHECKS:
            return Problem("type", "INVALID_TYPE", f"Type {type_name} is not a valid type.")
        expected = self.type_of({**wanted, "type": None}, owner_type)
        namespace = self.resolved(wanted.get("namespace"))
        is_fixed = self.definition(owner_type, namespace, wanted["key"]) is not None
        if type_name != expected and (is_fixed or namespace == NATIVE_NAMESPACE):
            message = f"Type '{type_name}' must be consistent with the definition's type: "
            return Problem("type", "INVALID_TYPE", f"{message}'{expected}'.")
        return None

    def _stale(self, wanted: dict[str, Any]) -> Problem | None:
        if "compareDigest" not in wanted:
            return None
        existing = self.get(wanted["ownerId"], wanted.get("namespace"), wanted["key"])
        if wanted["compareDigest"] == (existing.digest if existing else None):
            return None
        message = "The resource has been updated since it was loaded. Try again with an updated "
        return Problem("compareDigest", "STALE_OBJECT", f"{message}`compareDigest` value.")

    def put(self, owner: str, namespace: str, key: str, type_name: str, value: str) -> bool:
        """Keep a value, whoever wrote it; False when it was there already."""
        own = self.by_owner.setdefault(owner, {})
        existing, now = own.get((namespace, key)), clock.now()
        if existing is None:
            made = Metafield(next(self._ids), owner, namespace, key, type_name, value, now, now)
            own[namespace, key] = made
            return True
        if (existing.type, existing.value) == (type_name, value):
            return False
        existing.type, existing.value, existing.updated = type_name, value, now
        return True

    def drop(self, owner: str, namespace: str | None, key: str) -> bool:
        """Remove a metafield; False when there is none."""
        own = self.by_owner.get(owner, {})
        return own.pop((self.resolved(namespace), key), None) is not None

    def define(self, owner_type: str, wanted: dict[str, Any]) -> Definition:
        """Keep a new definition."""
        made = Definition(
            next(self._ids),
            owner_type,
            self.resolved(wanted.get("namespace")),
            wanted["key"],
            wanted["name"],
            wanted["type"],
            wanted.get("description"),
        )
        self.definitions[made.id] = made
        return made


def _value_problem(type_name: str, value: str, exists: Exists) -> Problem | None:
    if not value:
        return Problem("value", "BLANK", "Value can't be blank.")
    message = CHECKS[type_name](value, exists)
    return Problem("value", "INVALID_VALUE", message) if message else None
