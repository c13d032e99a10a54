"""Bulk operations: the shop writes all objects of a kind into one file, which is then streamed.

Which operation is under way is never noted here: the shop lists its operations with their
queries, so whoever comes next, in another process, finds the one for the same query.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pydantic_core

from connector.errors import CredentialsRefused, NotReady, Refused, TemporaryError, TooLarge
from connector.http import GuardedSession
from connector.shopify.documents import document
from connector.shopify.graphql import Client, nodes
from connector.shopify.ids import kind_of

LONGEST_LINE = 16 * 1024 * 1024
# A file is of use from its beginning for a while only, because changes since are missing in it,
# and to go on within for as long as the shop keeps it, which is seven days.
FRESH_FOR = timedelta(hours=1)
KEPT_FOR = timedelta(days=6)
# An operation that has run for so long is stuck, and is asked for anew.
STUCK_AFTER = timedelta(hours=24)

_UNDER_WAY = ("CREATED", "RUNNING")
_CHILD = b'"__parentId":'
_CONNECTIONS = {"LineItem": "lineItems", "ProductVariant": "variants", "Collection": "collections"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a file: seconds in all, and between two questions."""

    total: float = 60
    first: float = 0.25
    longest: float = 8


@dataclass(frozen=True, slots=True)
class BulkFile:
    """A finished file: where it is, None if it is empty, and how many objects it holds."""

    url: str | None
    total: int


class BulkFiles:
    """Asks a shop for files and reads them."""

    def __init__(
        self, client: Client, session: GuardedSession, patience: Patience | None = None
    ) -> None:
        self._client = client
        self._session = session
        self._patience = patience or Patience()

    def file(self, name: str, *, to_go_on: bool) -> BulkFile:
        """The file that the document `name` describes: one at hand, else a new one.

        Raises:
            NotReady: the shop is still at it. It tells by a webhook when it has finished.
            TemporaryError: the shop gave up, or its answers fail.
        """
        query = document(name)
        operation = self._at_hand(query, KEPT_FOR if to_go_on else FRESH_FOR)
        if operation is None:
            operation = self._start(query)
        ends = time.monotonic() + self._patience.total
        pause = self._patience.first
        while operation["status"] in _UNDER_WAY:
            if time.monotonic() + pause > ends:
                raise self._not_ready(name, operation)
            time.sleep(pause)
            pause = min(pause * 2, self._patience.longest)
            operation = self._look(str(operation["id"]))
        return _finished(name, operation)

    def objects(self, file: BulkFile, skip: int = 0) -> Iterator[dict[str, Any]]:
        """The objects of a file with their children, without the first `skip` of them."""
        if file.url is None:
            return
        parent: dict[str, Any] | None = None
        parents = 0
        for line in _lines(self._session.stream(file.url)):
            is_child = _CHILD in line
            parents += not is_child
            if skip and parents <= skip:
                continue
            node = _read(line)
            if is_child and "__parentId" in node:
                _put_back(parent, node)
                continue
            if parent is not None:
                yield parent
            parent = node
        if parent is not None:
            yield parent

    def _at_hand(self, query: str, not_older_than: timedelta) -> Mapping[str, Any] | None:
        """The newest operation for this query, if it may be used."""
        for operation in nodes(self._client.run("bulk_operations"), "bulkOperations"):
            if _squeezed(str(operation.get("query", ""))) != _squeezed(query):
                continue
            if operation["status"] in _UNDER_WAY:
                return dict(operation)
            is_usable = (
                operation["status"] == "COMPLETED"
                and _age(operation, "completedAt") < not_older_than
            )
            return dict(operation) if is_usable else None
        return None

    def _not_ready(self, name: str, operation: Mapping[str, Any]) -> NotReady:
        if _age(operation, "createdAt") > STUCK_AFTER:
            self._client.change("bulk_cancel", "bulkOperationCancel", id=operation["id"])
            return NotReady(f"{name}: the shop's operation was stuck and is begun anew")
        count = operation.get("rootObjectCount") or 0
        return NotReady(f"{name}: the shop is still writing its file ({count} objects yet)")

    def _start(self, query: str) -> Mapping[str, Any]:
        try:
            # Made twice it would run twice; a lost answer is found again in the list.
            payload = self._client.change(
                "bulk_start", "bulkOperationRunQuery", repeatable=False, query=query
            )
        except Refused as error:
            if error.code in ("OPERATION_IN_PROGRESS", "LIMIT_REACHED"):
                raise NotReady(str(error), retry_after=60) from None
            raise
        operation: Mapping[str, Any] = payload["bulkOperation"]
        return operation

    def _look(self, identifier: str) -> Mapping[str, Any]:
        operation = self._client.run("bulk_operation", id=identifier).get("bulkOperation")
        if not isinstance(operation, dict):
            raise TemporaryError("bulk_operation: the shop no longer knows the operation")
        return operation


def _finished(name: str, operation: Mapping[str, Any]) -> BulkFile:
    status, code = operation["status"], operation.get("errorCode")
    if status == "COMPLETED":
        url = operation.get("url")
        return BulkFile(str(url) if url else None, int(operation.get("rootObjectCount") or 0))
    if code == "ACCESS_DENIED":
        raise CredentialsRefused(f"{name}: the app may not read this; approve its scopes")
    raise TemporaryError(f"{name}: the shop's operation ended as {status} {code or ''}".strip())


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line for line in whole if line.strip())
        if len(rest) > LONGEST_LINE:
            raise TooLarge(f"a line of the shop's file is longer than {LONGEST_LINE:,} bytes")
    if rest.strip():
        yield rest


def _read(line: bytes) -> dict[str, Any]:
    try:
        node = pydantic_core.from_json(line)
    except ValueError:
        node = None
    if not isinstance(node, dict):
        raise TemporaryError("the shop's file has a line that is no JSON object")
    return node


def _put_back(parent: dict[str, Any] | None, child: dict[str, Any]) -> None:
    """Put a child under its parent, as the connection it was taken from."""
    if parent is None or child["__parentId"] != parent.get("id"):
        raise TemporaryError("the shop's file has an object that does not follow its parent")
    name = _CONNECTIONS.get(kind_of(str(child.get("id", ""))))
    if name is not None:
        parent.setdefault(name, {"nodes": []})["nodes"].append(child)


def _age(operation: Mapping[str, Any], since: str) -> timedelta:
    moment = operation.get(since)
    if not moment:
        return timedelta.max
    return datetime.now(UTC) - datetime.fromisoformat(str(moment))


def _squeezed(text: str) -> str:
    return "".join(text.split())
