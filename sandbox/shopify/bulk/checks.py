"""What a query must be like to be run in bulk."""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    get_named_type,
    parse,
    validate,
)
from graphql.language import ast

MOST_CONNECTIONS = 5
MOST_LEVELS = 2


@dataclass(frozen=True)
class _Connection:
    """A connection of a query: how deep it lies among others, and whether within a list."""

    level: int
    is_in_list: bool


def problem_of(schema: GraphQLSchema, query: str) -> str | None:
    """Why a query cannot be run in bulk; None when it can."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return f"Invalid bulk query: {error.message}"
    errors = validate(schema, document)
    if errors:
        return f"Invalid bulk query: {errors[0].message}"
    operations = [
        node for node in document.definitions if isinstance(node, ast.OperationDefinitionNode)
    ]
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
        return "Bulk queries must contain exactly one query."
    if operations[0].variable_definitions:
        return "Bulk queries cannot have variables."
    return _shape_problem(schema, document, operations[0])


def _shape_problem(
    schema: GraphQLSchema, document: ast.DocumentNode, operation: ast.OperationDefinitionNode
) -> str | None:
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, ast.FragmentDefinitionNode)
    }
    roots = [node for node in operation.selection_set.selections if isinstance(node, ast.FieldNode)]
    if any(node.name.value in {"node", "nodes"} for node in roots):
        return "The top-level node and nodes fields can't be used in bulk queries."
    walk, root = _Walk(schema, fragments), schema.query_type
    return _count_problem(
        list(walk.connections(operation.selection_set, root, level=0, in_list=False))
    )


def _count_problem(found: list["_Connection"]) -> str | None:
    if not found:
        return "Bulk queries must contain at least one connection."
    if len(found) > MOST_CONNECTIONS:
        return f"Bulk queries cannot contain more than {MOST_CONNECTIONS} connections."
    if any(one.level > MOST_LEVELS for one in found):
        return f"Bulk queries cannot nest connections more than {MOST_LEVELS} levels deep."
    if any(one.is_in_list for one in found):
        return (
            "Queries that contain a connection field within a list field are not currently "
            "supported."
        )
    return None


@dataclass(frozen=True)
class _Walk:
    schema: GraphQLSchema
    fragments: dict[str, ast.FragmentDefinitionNode]

    def connections(
        self, selections: ast.SelectionSetNode | None, parent: object, *, level: int, in_list: bool
    ) -> Iterator[_Connection]:
        for node in selections.selections if selections else ():
            if isinstance(node, ast.FieldNode):
                yield from self._field(node, parent, level, in_list)
                continue
            if isinstance(node, ast.FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                owner: object = self.schema.type_map[fragment.type_condition.name.value]
                inner = fragment.selection_set
            elif isinstance(node, ast.InlineFragmentNode):
                condition, inner = node.type_condition, node.selection_set
                owner = self.schema.type_map[condition.name.value] if condition else parent
            else:
                continue
            yield from self.connections(inner, owner, level=level, in_list=in_list)

    def _field(
        self, node: ast.FieldNode, parent: object, level: int, in_list: bool
    ) -> Iterator[_Connection]:
        fields = getattr(parent, "fields", {})
        if node.name.value not in fields:
            return
        given = fields[node.name.value].type
        plain = given.of_type if isinstance(given, GraphQLNonNull) else given
        named = get_named_type(given)
        is_connection = isinstance(named, GraphQLObjectType) and named.name.endswith("Connection")
        if is_connection:
            yield _Connection(level + 1, in_list)
        owner_is_connection = str(parent).endswith(("Connection", "Edge"))
        is_list = isinstance(plain, GraphQLList) and not owner_is_connection
        yield from self.connections(
            node.selection_set,
            named,
            level=level + is_connection,
            in_list=in_list or is_list,
        )
