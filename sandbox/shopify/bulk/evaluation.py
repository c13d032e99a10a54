"""Running a bulk query: the lines of its file, portion by portion."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_argument_values, get_named_type, parse
from graphql.language import ast

from sandbox.shopify.api.call import Call
from sandbox.shopify.api.schema import AdminSchema

ROOTS_A_PORTION = 100
Source = Any


@dataclass
class Portion:
    """Some lines of the file; `roots` of them are of the query's own connection."""

    lines: list[str] = field(default_factory=list)
    roots: int = 0


@dataclass(frozen=True)
class _Plan:
    """What is asked of one type: plain fields, objects in it, and connections below it."""

    leaves: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    objects: list[tuple[str, str, dict[str, Any], "_Plan"]] = field(default_factory=list)
    connections: list[tuple[str, dict[str, Any], "_Plan"]] = field(default_factory=list)
    type_name: str = ""


class Evaluation:
    """Evaluates a checked query with the resolvers of the API.

    Fields are resolved without graphql-core's executor: connections become lines of their own,
    and a shop has millions of fields.
    """

    def __init__(self, admin: AdminSchema, call: Call, lock: RLock) -> None:
        self._admin = admin
        self._schema: GraphQLSchema = admin.schema
        self._call = call
        self._lock = lock
        self._fragments: dict[str, ast.FragmentDefinitionNode] = {}

    def portions(self, query: str, *, grouped: bool) -> Iterator[Portion]:
        """The lines, a portion of root objects at a time.

        With `grouped` what lies below an object follows it; else it follows its portion's
        objects. Raises GraphQLError when the app may not read something.
        """
        document = parse(query)
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, ast.FragmentDefinitionNode)
        }
        operation = next(
            node for node in document.definitions if isinstance(node, ast.OperationDefinitionNode)
        )
        root = self._schema.query_type
        assert root is not None  # noqa: S101
        plan = self._plan(root, [operation.selection_set])
        for name, arguments, inner in plan.connections:
            with self._lock:
                nodes = self._resolve(root.name, name, None, arguments).nodes
            for start in range(0, len(nodes), ROOTS_A_PORTION):
                with self._lock:
                    chunk = nodes[start : start + ROOTS_A_PORTION]
                    yield self._portion(chunk, inner, grouped=grouped)

    def _portion(self, nodes: list[Source], plan: _Plan, *, grouped: bool) -> Portion:
        portion = Portion(roots=len(nodes))
        below: list[str] = []
        for node in nodes:
            portion.lines.append(_line(self._shown(node, plan)))
            children = self._children(node, plan)
            (portion.lines if grouped else below).extend(children)
        portion.lines.extend(below)
        return portion

    def _children(self, node: Source, plan: _Plan) -> Iterator[str]:
        for name, arguments, inner in plan.connections:
            parent = self._resolve(plan.type_name, "id", node, {})
            for child in self._resolve(plan.type_name, name, node, arguments).nodes:
                yield _line(self._shown(child, inner) | {"__parentId": parent})
                yield from self._children(child, inner)

    def _shown(self, source: Source, plan: _Plan) -> dict[str, Any]:
        found = {
            key: self._resolve(plan.type_name, name, source, arguments)
            for key, name, arguments in plan.leaves
        }
        for key, name, arguments, inner in plan.objects:
            value = self._resolve(plan.type_name, name, source, arguments)
            if isinstance(value, list):
                found[key] = [self._shown(one, inner) for one in value]
            else:
                found[key] = None if value is None else self._shown(value, inner)
        return found

    def _resolve(self, type_name: str, name: str, source: Source, arguments: dict[str, Any]) -> Any:
        return self._admin.resolvers[type_name, name](source, self._call, **arguments)

    def _plan(self, owner: GraphQLObjectType, sets: list[ast.SelectionSetNode]) -> _Plan:
        plan = _Plan(type_name=owner.name)
        for node in self._fields(owner, sets):
            name, key = node.name.value, (node.alias or node.name).value
            definition = owner.fields[name]
            arguments = get_argument_values(definition, node)
            named = get_named_type(definition.type)
            if node.selection_set is None:
                plan.leaves.append((key, name, arguments))
            elif not isinstance(named, GraphQLObjectType):
                raise NotImplementedError(f"{owner.name}.{name}: abstract types are not read")
            elif named.name.endswith("Connection"):
                inner = self._node_plan(named, node.selection_set)
                plan.connections.append((name, arguments, inner))
            else:
                inner = self._plan(named, [node.selection_set])
                plan.objects.append((key, name, arguments, inner))
        return plan

    def _node_plan(self, connection: GraphQLObjectType, chosen: ast.SelectionSetNode) -> _Plan:
        sets: list[ast.SelectionSetNode] = []
        for node in self._fields(connection, [chosen]):
            if node.name.value == "nodes" and node.selection_set:
                sets.append(node.selection_set)
            elif node.name.value == "edges" and node.selection_set:
                edge = get_named_type(connection.fields["edges"].type)
                assert isinstance(edge, GraphQLObjectType)  # noqa: S101
                inner = self._fields(edge, [node.selection_set])
                sets += [one.selection_set for one in inner if one.selection_set]
        owner = get_named_type(connection.fields["nodes"].type)
        assert isinstance(owner, GraphQLObjectType)  # noqa: S101
        return self._plan(owner, sets)

    def _fields(
        self, owner: GraphQLObjectType, sets: list[ast.SelectionSetNode]
    ) -> Iterator[ast.FieldNode]:
        for node in (node for chosen in sets for node in chosen.selections):
            if isinstance(node, ast.FieldNode):
                yield node
            elif isinstance(node, ast.FragmentSpreadNode):
                yield from self._fields(owner, [self._fragments[node.name.value].selection_set])
            elif isinstance(node, ast.InlineFragmentNode):
                yield from self._fields(owner, [node.selection_set])


def _line(shown: dict[str, Any]) -> str:
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
