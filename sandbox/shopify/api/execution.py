"""Answering a request to the Admin API: parse, check, charge, execute."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    execute_sync,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.values import get_variable_values
from graphql.language import ast

from sandbox.shopify.api.call import DOCUMENTATION, Call
from sandbox.shopify.api.cost import Bucket, CostOf
from sandbox.shopify.api.schema import AdminSchema

Body = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """An HTTP status and a JSON body."""

    status: int
    body: Body


class AdminApi:
    """The Admin API of one shop for one app."""

    def __init__(self, admin: AdminSchema, bucket: Bucket) -> None:
        self.admin = admin
        self.bucket = bucket
        self._read = lru_cache(maxsize=256)(self._parsed)

    def _parsed(self, query: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
        try:
            document = parse(query)
        except GraphQLError as error:
            return None, (error,)
        return document, tuple(validate(self.admin.schema, document, specified_rules))

    def answer(
        self, call: Call, query: str, variables: Body | None, operation_name: str | None
    ) -> Answer:
        """The answer to one request. What a resolver fails at by mistake is raised."""
        document, errors = self._read(query)
        if document is None or errors:
            return Answer(200, {"errors": [error.formatted for error in errors]})
        operation = get_operation_ast(document, operation_name)
        if operation is None:
            message = (
                "An operation name is required"
                if operation_name is None
                else (f'No operation named "{operation_name}"')
            )
            return Answer(200, {"errors": [{"message": message}]})
        coerced = get_variable_values(
            self.admin.schema, operation.variable_definitions or (), variables or {}
        )
        if isinstance(coerced, list):
            return Answer(200, {"errors": [error.formatted for error in coerced]})
        cost = CostOf(self.admin.schema, _fragments(document), coerced)
        requested = cost.operation(operation)
        if requested > self.bucket.limit.single_query:
            return self._too_dear(requested)
        if not self.bucket.take(requested):
            return self.throttled(requested)
        return self._executed(call, document, operation, variables or {}, cost)

    def _executed(
        self,
        call: Call,
        document: DocumentNode,
        operation: ast.OperationDefinitionNode,
        variables: Body,
        cost: CostOf,
    ) -> Answer:
        store = call.shop.store
        with store.change():
            result = execute_sync(
                self.admin.schema,
                document,
                context_value=call,
                variable_values=variables,
                operation_name=operation.name.value if operation.name else None,
            )
        for error in result.errors or ():
            mistake = error.original_error
            if mistake is not None and not isinstance(mistake, GraphQLError):
                raise mistake
        requested = cost.operation(operation)
        actual = min(requested, cost.operation(operation, result.data or {}))
        self.bucket.give_back(requested - actual)
        extensions = self._extensions(requested, actual)
        if call.warnings:
            extensions["search"] = call.warnings
        failed = {"errors": [one.formatted for one in result.errors]} if result.errors else {}
        return Answer(200, {"data": result.data, **failed, "extensions": extensions})

    def _extensions(self, requested: int, actual: int | None) -> Body:
        return {
            "cost": {
                "requestedQueryCost": requested,
                "actualQueryCost": actual,
                "throttleStatus": self.bucket.status(),
            }
        }

    def throttled(self, requested: int, status: int | None = None) -> Answer:
        """The refusal for want of points."""
        error = {
            "message": "Throttled",
            "extensions": {
                "code": "THROTTLED",
                "documentation": f"{DOCUMENTATION}/rate-limits",
            },
        }
        body = {"errors": [error], "extensions": self._extensions(requested, None)}
        return Answer(status or self.bucket.limit.throttled_status, body)

    def _too_dear(self, requested: int) -> Answer:
        most = int(self.bucket.limit.single_query)
        error = {
            "message": (
                f"Query cost is {requested}, which exceeds the single query max cost limit "
                f"({most}). See {DOCUMENTATION}/rate-limits for more information on how the cost "
                "of a query is calculated."
            ),
            "extensions": {
                "code": "MAX_COST_EXCEEDED",
                "cost": requested,
                "maxCost": most,
                "documentation": f"{DOCUMENTATION}/rate-limits",
            },
        }
        return Answer(200, {"errors": [error]})


def _fragments(document: DocumentNode) -> dict[str, ast.FragmentDefinitionNode]:
    return {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, ast.FragmentDefinitionNode)
    }
