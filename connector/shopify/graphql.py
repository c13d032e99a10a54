"""The calls to a shop's GraphQL API: one token, one bucket of points, our tree of errors."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pydantic_core
import requests

from connector.errors import RateLimited, Refused, TemporaryError
from connector.http import Answer, GuardedSession
from connector.shopify.answers import GraphProblem, Reply, TokenRejected, read_answer
from connector.shopify.cost import CostBucket, ThrottleStatus
from connector.shopify.documents import document
from connector.shopify.shop import graphql_address

FIRST_ESTIMATE = 100.0


class AccessTokens(Protocol):
    """Gives the token to call with."""

    def token(self) -> str:
        """An access token that has not run out."""
        ...

    def renewed(self, spent: str) -> str:
        """Another access token than `spent`, which the shop has rejected."""
        ...


@dataclass(slots=True)
class _Reservation:
    """Points taken out for one call, to be settled once, whatever becomes of it."""

    bucket: CostBucket
    points: float = 0.0

    def take(self, points: float) -> float:
        self.points = points
        return self.bucket.reserve(points)

    def give_back(self) -> None:
        """No call was made."""
        self._settle(0.0, None)

    def settle(self, reply: Reply) -> None:
        """The call was answered, and its cost told."""
        self._settle(reply.spent, reply.throttle)

    def write_off(self) -> None:
        """Whether the call was charged is not known: its points count as spent."""
        if self.points:
            self._settle(self.points, None)

    def _settle(self, spent: float, status: ThrottleStatus | None) -> None:
        points, self.points = self.points, 0.0
        self.bucket.settle(points, spent, status)


@dataclass(frozen=True, slots=True)
class _Call:
    """One call; `is_whole` says that data with anything missing in it is of no use."""

    name: str
    variables: Mapping[str, Any]
    repeatable: bool
    is_whole: bool

    def raise_passing(self, reply: Reply) -> None:
        """Raise what is wrong for now only, so that the call is made again."""
        for problem in reply.problems:
            if problem.is_throttled:
                told = str(problem.as_error(self.name))
                raise RateLimited(told, retry_after=reply.restored_in)
            if problem.is_passing and (self.is_whole or not reply.data):
                raise problem.as_error(self.name)


class Client:
    """One shop's GraphQL API. Safe to use from several threads.

    Calls wait for their turn in the shop's bucket, are repeated while they fail for now or are
    throttled, and are made once more with a new token when the old one is rejected.
    """

    def __init__(
        self, address: str, tokens: AccessTokens, session: GuardedSession, bucket: CostBucket
    ) -> None:
        self.address = address
        self._tokens = tokens
        self._session = session
        self._bucket = bucket
        self._costs: dict[str, float] = {}

    def run(self, name: str, *, repeatable: bool = True, **variables: Any) -> Mapping[str, Any]:
        """The data that the document `documents/<name>.graphql` gives, complete.

        Raises:
            Refused: the shop has errors about the request; `code` is its own.
            ConnectorError: see `connector.shopify.answers.read_answer`.
        """
        reply = self._run(name, variables, repeatable=repeatable, is_whole=True)
        if reply.problems:
            raise reply.problems[0].as_error(name)
        return reply.data

    def run_partial(
        self, name: str, **variables: Any
    ) -> tuple[Mapping[str, Any], Sequence[GraphProblem]]:
        """The data as far as there is any, and what is wrong with the rest."""
        reply = self._run(name, variables, repeatable=True, is_whole=False)
        if reply.problems and not reply.data:
            raise reply.problems[0].as_error(name)
        return reply.data, reply.problems

    def change(
        self, name: str, field: str, *, repeatable: bool = True, **variables: Any
    ) -> Mapping[str, Any]:
        """What the mutation `field` in the document gives.

        Raises:
            Refused: the shop has user errors; `code` is the first one's.
        """
        payload = self.run(name, repeatable=repeatable, **variables).get(field)
        if not isinstance(payload, dict):
            raise TemporaryError(f"{name}: the shop answered nothing about {field}")
        for error in payload.get("userErrors") or ():
            place = ".".join(map(str, error.get("field") or ()))
            told = f"{name}: {place}: {str(error.get('message', ''))[:200]}"
            raise Refused(told, code=str(error.get("code") or "USER_ERROR"))
        return payload

    def _run(
        self, name: str, variables: Mapping[str, Any], *, repeatable: bool, is_whole: bool
    ) -> Reply:
        token = self._tokens.token()
        call = _Call(name, variables, repeatable, is_whole)
        try:
            return self._call(call, token)
        except TokenRejected:
            return self._call(call, self._tokens.renewed(token))

    def _call(self, call: _Call, token: str) -> Reply:
        address = graphql_address(self.address, token)
        body = pydantic_core.to_json({"query": document(call.name), "variables": call.variables})
        headers = {
            "X-Shopify-Access-Token": token,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        reservation = _Reservation(self._bucket)

        def build() -> requests.Request:
            reservation.write_off()
            self._wait(call.name, reservation)
            return requests.Request("POST", address, headers=headers, data=body)

        def read(answer: Answer) -> Reply:
            reply = read_answer(answer, call.name)
            if reply.requested:
                self._costs[call.name] = reply.requested
            reservation.settle(reply)
            call.raise_passing(reply)
            return reply

        try:
            return self._session.call(build, read, repeatable=call.repeatable)
        finally:
            reservation.write_off()

    def _wait(self, name: str, reservation: _Reservation) -> None:
        """Sleep until it is this call's turn; RateLimited if that is too long to sleep."""
        seconds = reservation.take(self._costs.get(name, FIRST_ESTIMATE))
        if seconds > self._session.limits.longest_wait:
            reservation.give_back()
            raise RateLimited(f"{name}: the shop's points are used up", retry_after=seconds)
        if seconds:
            time.sleep(seconds)


def nodes(data: Mapping[str, Any], *path: str) -> list[Any]:
    """The nodes of the connection at this path; TemporaryError if there is none."""
    found: Any = data
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    listed = found.get("nodes") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise TemporaryError(f"the shop answered no list of {path[-1]}")
    return listed


def next_cursor(data: Mapping[str, Any], *path: str) -> str | None:
    """Where the connection at this path goes on, None at its end."""
    found: Any = data
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    info = found.get("pageInfo") if isinstance(found, dict) else None
    if not isinstance(info, dict) or not info.get("hasNextPage"):
        return None
    return str(info["endCursor"])
