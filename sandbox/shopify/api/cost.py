"""What a query costs, and the bucket of points that it is paid from."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_argument_values, get_named_type
from graphql.execution.values import VariableValues
from graphql.language import ast

MUTATION_COST = 10
CONNECTION_COST = 2
UNKNOWN = object()


@dataclass(frozen=True)
class RateLimit:
    """A plan's limits in points, and the HTTP status of a throttled answer: 200 or 429."""

    maximum: float = 2000
    restore_rate: float = 100
    single_query: float = 1000
    throttled_status: int = 200


class Bucket:
    """The points that are left; they are restored steadily up to the maximum."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._available = limit.maximum
        self._at = time.monotonic()
        self._lock = Lock()

    def _restore(self) -> None:
        now = time.monotonic()
        restored = self._available + (now - self._at) * self.limit.restore_rate
        self._available, self._at = min(self.limit.maximum, restored), now

    def take(self, points: float) -> bool:
        """Take points out; False, and nothing taken, when there are too few."""
        with self._lock:
            self._restore()
            if points > self._available:
                return False
            self._available -= points
            return True

    def give_back(self, points: float) -> None:
        """Put back what was taken and not used."""
        with self._lock:
            self._restore()
            self._available = min(self.limit.maximum, self._available + points)

    def empty(self) -> None:
        """Take everything out, as another caller with the same app would."""
        with self._lock:
            self._available, self._at = 0.0, time.monotonic()

    def let_pass(self, seconds: float) -> None:
        """Restore what so many seconds restore, without waiting for them."""
        with self._lock:
            self._at -= seconds
            self._restore()

    def status(self) -> dict[str, float]:
        """The bucket as `throttleStatus` shows it."""
        with self._lock:
            self._restore()
            return {
                "maximumAvailable": float(self.limit.maximum),
                "currentlyAvailable": float(int(self._available)),
                "restoreRate": float(self.limit.restore_rate),
            }


def weight(size: int) -> int:
    """How many objects a list of `size` counts as.

    Shopify's documentation says only that connections are "sized by first and last". A recorded
    answer charges 24 points for 250 nodes of 2 points each, so large lists grow by their
    logarithm: 250 count as 11.
    """
    return size if size <= 2 else min(size, max(2, round(2 * math.log(size))))


@dataclass(frozen=True)
class CostOf:
    """The cost of the selections of one operation."""

    schema: GraphQLSchema
    fragments: dict[str, ast.FragmentDefinitionNode]
    variables: VariableValues

    def operation(self, operation: ast.OperationDefinitionNode, data: Any = UNKNOWN) -> int:
        """The points of an operation: at most, or with its answer what it came to."""
        if operation.operation is ast.OperationType.MUTATION:
            return MUTATION_COST * len(operation.selection_set.selections)
        root = self.schema.query_type
        return self._selections([operation.selection_set], root, data) if root else 0

    def _selections(self, sets: Sequence[ast.SelectionSetNode], owner: Any, data: Any) -> int:
        """Fields of an object; of an interface or union, those of the dearest type."""
        if isinstance(owner, GraphQLObjectType):
            concrete = [owner]
        else:
            concrete = list(self.schema.get_possible_types(owner))
        costs = [
            sum(self._field(node, kind, data) for node in self._fields(sets, kind))
            for kind in concrete
        ]
        return max(costs, default=0)

    def _fields(
        self, sets: Sequence[ast.SelectionSetNode], owner: GraphQLObjectType
    ) -> list[ast.FieldNode]:
        found: list[ast.FieldNode] = []
        for node in (node for chosen in sets for node in chosen.selections):
            if isinstance(node, ast.FieldNode):
                if node.name.value in owner.fields:
                    found.append(node)
                continue
            fragment: Any = node
            if isinstance(node, ast.FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
            condition = fragment.type_condition
            kind = self.schema.type_map[condition.name.value] if condition else owner
            possible = (
                [kind]
                if isinstance(kind, GraphQLObjectType)
                else (
                    self.schema.get_possible_types(kind)  # type: ignore[arg-type]
                )
            )
            if owner in possible:
                found += self._fields([fragment.selection_set], owner)
        return found

    def _field(self, node: ast.FieldNode, owner: GraphQLObjectType, data: Any) -> int:
        if node.selection_set is None:
            return 0
        definition = owner.fields[node.name.value]
        kind = get_named_type(definition.type)
        value = _member(data, node)
        if value is None:
            return 1
        arguments = get_argument_values(definition, node, self.variables)
        if kind.name == "PageInfo":
            return 0
        if kind.name.endswith("Connection"):
            return CONNECTION_COST + self._connection(node, kind, arguments, value)
        if isinstance(value, list):
            each = [1 + self._selections([node.selection_set], kind, one) for one in value if one]
            return weight(len(each)) * max(each, default=1)
        size = len(arguments["ids"]) if "ids" in arguments else arguments.get("first") or 1
        return weight(size) * (1 + self._selections([node.selection_set], kind, value))

    def _connection(
        self, node: ast.FieldNode, kind: Any, arguments: dict[str, Any], value: Any
    ) -> int:
        size = arguments.get("first") or arguments.get("last") or 0
        total = 0
        for inner in self._fields([node.selection_set], kind) if node.selection_set else ():
            chosen, path = self._node_set(inner)
            if chosen is None:
                continue
            named = get_named_type(kind.fields["nodes"].type)
            held = _members(value, inner, path)
            if held is UNKNOWN:
                each = 1 + self._selections([chosen], named, UNKNOWN)
                total += weight(size) * each
            else:
                costs = [1 + self._selections([chosen], named, one) for one in held]
                total += weight(len(costs)) * max(costs, default=0)
        return total

    def _node_set(self, node: ast.FieldNode) -> tuple[ast.SelectionSetNode | None, str]:
        if node.name.value == "nodes":
            return node.selection_set, ""
        if node.name.value != "edges" or node.selection_set is None:
            return None, ""
        for inner in node.selection_set.selections:
            if isinstance(inner, ast.FieldNode) and inner.name.value == "node":
                return inner.selection_set, (inner.alias or inner.name).value
        return None, ""


def _member(data: Any, node: ast.FieldNode) -> Any:
    if data is UNKNOWN:
        return UNKNOWN
    return (data or {}).get((node.alias or node.name).value)


def _members(value: Any, node: ast.FieldNode, path: str) -> Any:
    if value is UNKNOWN:
        return UNKNOWN
    held = (value or {}).get((node.alias or node.name).value) or []
    return [one[path] if path else one for one in held]
