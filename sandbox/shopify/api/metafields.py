"""Metafields: reading them on their owners, setting and deleting them, defining them."""

from typing import Any

from sandbox.shopify.api.call import Call, Resolver, Resolvers, bad_request, user_error
from sandbox.shopify.api.connections import Page, listed
from sandbox.shopify.api.nodes import TYPE_NAMES, node_of
from sandbox.shopify.api.shop import INSTALLATION_ID, MERCHANT_SCOPES, touch
from sandbox.shopify.gid import gid, parts
from sandbox.shopify.metafield_values import CHECKS, parsed
from sandbox.shopify.metafields import (
    MOST_AT_ONCE,
    OWNER_TYPES,
    Definition,
    Metafield,
    MetafieldBook,
)
from sandbox.shopify.times import utc_text

OWNERS = ("Product", "ProductVariant", "Customer", "Order", "Collection")


def _owner_id(owner: Any, call: Call) -> str:
    if owner is call.shop:
        return gid("Shop", call.shop.profile.id)
    if owner is call.shop.app:
        return gid("AppInstallation", INSTALLATION_ID)
    return gid(TYPE_NAMES[type(owner)], owner.id)


def _one(owner: Any, call: Call, key: str, namespace: str | None = None) -> Metafield | None:
    return call.shop.metafields.get(_owner_id(owner, call), namespace, key)


def _all(owner: Any, call: Call, **arguments: Any) -> Page:
    book, namespace = call.shop.metafields, arguments.get("namespace")
    found = book.of(_owner_id(owner, call))
    if namespace is not None:
        found = [one for one in found if one.namespace == book.resolved(namespace)]
    if arguments.get("keys"):
        found = [one for one in found if _is_named(book, one, arguments["keys"])]
    return listed(call, found, arguments)


def _is_named(book: MetafieldBook, one: Metafield, keys: list[str]) -> bool:
    for name in keys:
        namespace, dot, key = name.rpartition(".")
        if (book.resolved(namespace if dot else None), key) == (one.namespace, one.key):
            return True
    return False


def _find_owner(owner: str, call: Call) -> Any:
    kind = (parts(owner) or ("", ""))[0]
    if owner == gid("Shop", call.shop.profile.id):
        return call.shop
    if owner == gid("AppInstallation", INSTALLATION_ID):
        return call.shop.app
    if kind not in OWNERS:
        return None
    call.require(MERCHANT_SCOPES.get(kind, "write_products"), "metafieldsSet")
    return node_of(owner, call)


def _set(_root: Any, call: Call, metafields: list[dict[str, Any]]) -> dict[str, Any]:
    """Set metafields, all or none of them."""
    if len(metafields) > MOST_AT_ONCE:
        message = f"Exceeded the maximum metafields input limit of {MOST_AT_ONCE}."
        error = user_error(message, "metafields", code="LESS_THAN_OR_EQUAL_TO", elementIndex=None)
        return {"metafields": None, "userErrors": [error]}
    checked = [_set_error(call, place, wanted) for place, wanted in enumerate(metafields)]
    errors = [error for error in checked if error is not None]
    if errors:
        return {"metafields": [], "userErrors": errors}
    book, changed = call.shop.metafields, {}
    for wanted in metafields:
        owner, kind = wanted["ownerId"], (parts(wanted["ownerId"]) or ("", ""))[0]
        type_name = book.type_of(wanted, OWNER_TYPES[kind])
        namespace = book.resolved(wanted.get("namespace"))
        if book.put(owner, namespace, wanted["key"], type_name, wanted["value"]):
            changed[owner] = kind
    for owner, kind in changed.items():
        touch(call, kind, _find_owner(owner, call))
    found = [book.get(one["ownerId"], one.get("namespace"), one["key"]) for one in metafields]
    return {"metafields": found, "userErrors": []}


def _set_error(call: Call, place: int, wanted: dict[str, Any]) -> dict[str, Any] | None:
    path = ("metafields", str(place))
    if _find_owner(wanted["ownerId"], call) is None:
        message = "Owner does not exist."
        return user_error(message, *path, "ownerId", code="INVALID", elementIndex=None)
    kind = (parts(wanted["ownerId"]) or ("", ""))[0]

    def exists(product: str) -> bool:
        found = parts(product)
        number = int(found[1]) if found and found[1].isdigit() else None
        return call.shop.product(number) is not None

    problem = call.shop.metafields.problem(wanted, OWNER_TYPES[kind], exists)
    if problem is None:
        return None
    return user_error(problem.message, *path, problem.field, code=problem.code, elementIndex=None)


def _delete(_root: Any, call: Call, metafields: list[dict[str, Any]]) -> dict[str, Any]:
    deleted: list[dict[str, Any] | None] = []
    for wanted in metafields:
        owner = _find_owner(wanted["ownerId"], call)
        if owner is None:
            path = ("metafields", str(len(deleted)), "ownerId")
            return {
                "deletedMetafields": None,
                "userErrors": [user_error("Owner does not exist.", *path)],
            }
        is_gone = call.shop.metafields.drop(wanted["ownerId"], wanted["namespace"], wanted["key"])
        deleted.append(wanted if is_gone else None)
        if is_gone:
            touch(call, (parts(wanted["ownerId"]) or ("", ""))[0], owner)
    return {"deletedMetafields": deleted, "userErrors": []}


def _define(_root: Any, call: Call, definition: dict[str, Any]) -> dict[str, Any]:
    book, owner_type = call.shop.metafields, definition["ownerType"]
    namespace = book.resolved(definition.get("namespace"))
    if definition["type"] not in CHECKS:
        problem = ("Type name is not a valid type.", "type", "INCLUSION")
    elif book.definition(owner_type, namespace, definition["key"]):
        problem = (f"Key is in use for {owner_type.title()} metafields.", "key", "TAKEN")
    else:
        return {"createdDefinition": book.define(owner_type, definition), "userErrors": []}
    message, name, code = problem
    error = user_error(message, "definition", name, code=code)
    return {"createdDefinition": None, "userErrors": [error]}


def _definitions(_root: Any, call: Call, ownerType: str, **arguments: Any) -> Page:  # noqa: N803
    book, namespace = call.shop.metafields, arguments.get("namespace")
    if arguments.get("query"):
        raise bad_request("the pretend shop does not search metafield definitions")
    found = [one for one in book.definitions.values() if one.owner_type == ownerType]
    if namespace is not None:
        found = [one for one in found if one.namespace == book.resolved(namespace)]
    if arguments.get("key"):
        found = [one for one in found if one.key == arguments["key"]]
    return listed(call, found, arguments)


def _used(definition: Definition, call: Call) -> int:
    place = (definition.namespace, definition.key)
    owned = call.shop.metafields.by_owner.items()
    return sum(
        place in held
        for owner, held in owned
        if OWNER_TYPES.get((parts(owner) or ("", ""))[0]) == definition.owner_type
    )


def _references(one: Metafield, call: Call, **arguments: Any) -> Page | None:
    if one.type != "list.product_reference":
        return None
    listed_ids: Any = parsed(one.type, one.value)
    found = [node_of(owner, call) for owner in listed_ids]
    return listed(call, [node for node in found if node is not None], arguments)


READING: dict[str, Resolver] = {"metafield": _one, "metafields": _all}
RESOLVERS: Resolvers = {
    "QueryRoot": {"metafieldDefinitions": _definitions},
    "Mutation": {
        "metafieldsSet": _set,
        "metafieldsDelete": _delete,
        "metafieldDefinitionCreate": _define,
    },
    **dict.fromkeys((*OWNERS, "Shop", "AppInstallation"), READING),
    "Metafield": {
        "id": lambda one, _call: gid("Metafield", one.id),
        "namespace": lambda one, _call: one.namespace,
        "key": lambda one, _call: one.key,
        "type": lambda one, _call: one.type,
        "value": lambda one, _call: one.value,
        "jsonValue": lambda one, _call: parsed(one.type, one.value),
        "compareDigest": lambda one, _call: one.digest,
        "createdAt": lambda one, _call: utc_text(one.created),
        "updatedAt": lambda one, _call: utc_text(one.updated),
        "owner": lambda one, call: _find_owner(one.owner, call),
        "ownerType": lambda one, _call: OWNER_TYPES[(parts(one.owner) or ("", ""))[0]],
        "references": _references,
    },
    "MetafieldDefinition": {
        "id": lambda one, _call: gid("MetafieldDefinition", one.id),
        "name": lambda one, _call: one.name,
        "namespace": lambda one, _call: one.namespace,
        "key": lambda one, _call: one.key,
        "ownerType": lambda one, _call: one.owner_type,
        "type": lambda one, _call: one.type,
        "metafieldsCount": _used,
    },
    "MetafieldDefinitionType": {"name": lambda name, _call: name},
}
