"""Bulk operations, as the API starts and shows them."""

from typing import Any

from sandbox.shopify.api import search
from sandbox.shopify.api.call import Call, Resolvers, user_error
from sandbox.shopify.api.connections import Page, page
from sandbox.shopify.bulk.checks import problem_of
from sandbox.shopify.bulk.operations import BulkOperation
from sandbox.shopify.gid import gid, number_in
from sandbox.shopify.times import utc_text


def _run(
    _root: Any,
    call: Call,
    query: str,
    groupObjects: bool = False,  # noqa: N803
) -> dict[str, Any]:
    if call.bulk.is_full:
        message = "Bulk operations limit reached. Please try again later."
        error = user_error(message, code="LIMIT_REACHED")
        return {"bulkOperation": None, "userErrors": [error]}
    problem = problem_of(call.bulk.schema, query)
    if problem is not None:
        error = user_error(problem, "query", code="INVALID")
        return {"bulkOperation": None, "userErrors": [error]}
    return {"bulkOperation": call.bulk.run(query, grouped=groupObjects), "userErrors": []}


def _cancel(_root: Any, call: Call, id: str) -> dict[str, Any]:  # noqa: A002
    operation = call.bulk.get(number_in(id, "BulkOperation"))
    if operation is None:
        error = user_error("Bulk operation does not exist", "id")
        return {"bulkOperation": None, "userErrors": [error]}
    if operation.is_over:
        message = f"A bulk operation cannot be canceled when it is {operation.status.lower()}"
        return {"bulkOperation": operation, "userErrors": [user_error(message)]}
    call.bulk.cancel(operation)
    return {"bulkOperation": operation, "userErrors": []}


def _operations(_root: Any, call: Call, **arguments: Any) -> Page:
    fields: search.Fields = {
        "status": search.Texts(lambda one: [one.status]),
        "created_at": search.Moment(lambda one: one.created),
        "id": search.Number(lambda one: one.id),
    }
    matches = search.matcher(call, arguments.get("query"), fields)
    found = sorted(filter(matches, call.bulk.listed()), key=lambda one: one.id)
    return page(call, found, lambda one: (one.id,), arguments)


def _url(operation: BulkOperation, call: Call, *, partial: bool) -> str | None:
    return call.bulk.url_of(operation, call.shop.store.url, partial=partial)


RESOLVERS: Resolvers = {
    "QueryRoot": {
        "bulkOperations": _operations,
        "currentBulkOperation": lambda _root, call, **_kind: call.bulk.latest(),
    },
    "Mutation": {"bulkOperationRunQuery": _run, "bulkOperationCancel": _cancel},
    "BulkOperation": {
        "id": lambda one, _call: gid("BulkOperation", one.id),
        "status": lambda one, _call: one.status,
        "errorCode": lambda one, _call: one.error_code,
        "type": lambda _one, _call: "QUERY",
        "query": lambda one, _call: one.query,
        "createdAt": lambda one, _call: utc_text(one.created),
        "completedAt": lambda one, _call: utc_text(one.completed) if one.completed else None,
        "objectCount": lambda one, _call: one.object_count,
        "rootObjectCount": lambda one, _call: one.root_object_count,
        "fileSize": lambda one, _call: one.file_size,
        "url": lambda one, call: _url(one, call, partial=False),
        "partialDataUrl": lambda one, call: _url(one, call, partial=True),
    },
}
