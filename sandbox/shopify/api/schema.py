"""The executable schema: the trimmed SDL with the resolvers of every field."""

from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLUnionType,
    build_schema,
    get_named_type,
)

from sandbox.shopify.api import (
    bulk,
    connections,
    customers,
    discounts,
    lines,
    metafields,
    money,
    nodes,
    orders,
    products,
    refunds,
    shop,
    store_credit,
    webhooks,
)
from sandbox.shopify.api.call import Call, Resolver
from sandbox.shopify.api.nodes import TYPE_NAMES, TYPE_SCOPES
from sandbox.shopify.app_config import AppConfig
from sandbox.shopify.shop import Shop

MODULES = (
    bulk,
    customers,
    discounts,
    lines,
    metafields,
    money,
    nodes,
    orders,
    products,
    refunds,
    shop,
    store_credit,
    webhooks,
)
# Mutations answer with dictionaries, whose members need no resolver.
DICTIONARY_SUFFIXES = ("Payload", "UserError", "Count", "MetafieldIdentifier")
LARGE_NUMBER = "UnsignedInt64"
NAMES = TYPE_NAMES | discounts.NAMES | store_credit.NAMES
NAMES |= {Shop: "Shop", AppConfig: "AppInstallation"}


class AdminSchema:
    """The Admin API's schema; `resolvers` are by (type, field) and check access themselves.

    Raises KeyError, when it is made, naming a field that no resolver answers.
    """

    def __init__(self, sdl: str) -> None:
        self.schema = build_schema(sdl, assume_valid=True)
        self.resolvers: dict[tuple[str, str], Resolver] = {}
        known = known_resolvers()
        for kind in self.schema.type_map.values():
            if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
                kind.resolve_type = _type_name
            elif isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
                self._attach(kind, known)

    def _attach(self, kind: GraphQLObjectType, known: dict[tuple[str, str], Resolver]) -> None:
        for name, definition in kind.fields.items():
            if kind.name.endswith(DICTIONARY_SUFFIXES):
                continue
            resolver = _shared(kind.name, name) or known.get((kind.name, name))
            if resolver is None:
                raise KeyError(f"the pretend shop does not answer {kind.name}.{name}")
            guarded = _guarded(kind.name, name, definition, resolver)
            self.resolvers[kind.name, name] = guarded
            definition.resolve = _resolve(guarded)


def known_resolvers() -> dict[tuple[str, str], Resolver]:
    """Every resolver that there is, by (type, field)."""
    return {
        (kind, name): resolver
        for module in MODULES
        for kind, fields in module.RESOLVERS.items()
        for name, resolver in fields.items()
    }


def _shared(kind: str, name: str) -> Resolver | None:
    if kind.endswith("Connection"):
        return connections.CONNECTION[name]
    if kind.endswith("Edge"):
        return connections.EDGE[name]
    return connections.PAGE_INFO[name] if kind == "PageInfo" else None


def _guarded(kind: str, name: str, definition: GraphQLField, resolver: Resolver) -> Resolver:
    """The resolver of a field, refused when its type needs a scope that was not granted."""
    given = get_named_type(definition.type).name
    if given == LARGE_NUMBER:
        return _as_text(resolver)
    scope = TYPE_SCOPES.get(given.removesuffix("Connection"))
    if scope is None or kind.endswith(("Connection", "Edge", "Payload")):
        return resolver

    def guarded(source: Any, call: Call, **arguments: Any) -> Any:
        call.require(scope, name)
        return resolver(source, call, **arguments)

    return guarded


def _as_text(resolver: Resolver) -> Resolver:
    """Large numbers are written as texts, since JSON's numbers may be rounded."""

    def as_text(source: Any, call: Call, **arguments: Any) -> str | None:
        found = resolver(source, call, **arguments)
        return None if found is None else str(found)

    return as_text


def _resolve(resolver: Resolver) -> Resolver:
    def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        return resolver(source, info.context, **arguments)

    return resolve


def _type_name(value: Any, _info: GraphQLResolveInfo[Any], _kind: Any) -> str:
    return NAMES[type(value)]
