"""What a shop's GraphQL API answers, and what its errors mean in our tree."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pydantic_core

from connector.errors import (
    ConnectorError,
    CredentialsRefused,
    NotFound,
    RateLimited,
    Refused,
    TemporaryError,
)
from connector.http import Answer, retry_after
from connector.shopify.cost import ThrottleStatus

THROTTLED = "THROTTLED"
_PASSING = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})


class TokenRejected(CredentialsRefused):
    """The access token has run out or was revoked: another may be accepted."""


class ScopeMissing(CredentialsRefused):
    """The merchant has not approved a scope that this call needs; other calls may work."""


@dataclass(frozen=True, slots=True)
class GraphProblem:
    """One error of an answer. `path` leads to the field of the data that it left empty."""

    code: str
    message: str
    path: tuple[str | int, ...] = ()
    needed: str = ""

    @property
    def is_throttled(self) -> bool:
        """Whether the shop made nothing of the call, for want of points."""
        return self.code == THROTTLED

    @property
    def is_passing(self) -> bool:
        """Whether the same call may succeed later."""
        return self.code in _PASSING

    def as_error(self, call: str) -> ConnectorError:
        """The same in our tree. No personal data is ever sent, so none is quoted."""
        place = ".".join(map(str, self.path))
        told = f"{call}: {self.code} {place}: {self.message}"
        if self.code == "ACCESS_DENIED":
            return ScopeMissing(f"{told}; approve in the shop: {self.needed or 'the scope'}")
        if self.is_throttled:
            return RateLimited(told)
        if self.is_passing:
            return TemporaryError(told)
        return Refused(told, code=self.code)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that could be read: its data, its errors, and what it cost in points.

    `requested` is what the call may cost at most, which must be there before it is made;
    `spent` is what it did cost. `throttle` is the shop's bucket afterwards. `asked` are the
    seconds that the shop asks to wait, None when it does not say.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[GraphProblem, ...] = ()
    requested: float = 0.0
    spent: float = 0.0
    throttle: ThrottleStatus | None = None
    asked: float | None = None

    @property
    def restored_in(self) -> float | None:
        """The seconds until the points that the call needs are there, None when not told."""
        if self.throttle is None or self.throttle.restore_rate <= 0:
            return self.asked
        missing = self.requested - self.throttle.available
        return max(missing / self.throttle.restore_rate, self.asked or 0, 0.1)


def read_answer(answer: Answer, call: str) -> Reply:
    """The answer to `call`, which names it in errors; errors within it are left to the caller.

    Raises:
        TokenRejected: 401.
        CredentialsRefused: 403, the app may not do this in this shop.
        NotFound: 404, there is no such shop.
        RateLimited: 429, unless the answer itself says that it was throttled.
        TemporaryError: other 5xx, a locked or frozen shop, and what is no GraphQL answer.
        Refused: anything else.
    """
    content = _read_json(answer.body)
    told = f"{call}: answered {answer.status}"
    is_graph = isinstance(content, dict) and ("data" in content or _has_list(content))
    if is_graph and answer.status in (200, 429):
        return _reply(content, answer, told)
    if answer.status == 401:
        raise TokenRejected(f"{told}; open the app in the shop to connect it again")
    if answer.status == 403:
        raise CredentialsRefused(f"{told}; the shop does not let the app do this")
    if answer.status == 404:
        raise NotFound(f"{told}; there is no such shop, or it was closed")
    if answer.status == 429:
        raise RateLimited(told, retry_after=retry_after(answer.headers))
    if answer.status in (200, 402, 408, 423, 430) or answer.status >= 500:
        raise TemporaryError(_why(answer, told), retry_after=retry_after(answer.headers))
    raise Refused(told, code=f"http_{answer.status}")


def _reply(content: dict[str, Any], answer: Answer, told: str) -> Reply:
    extensions = _mapping(content.get("extensions"))
    cost = _mapping(extensions.get("cost"))
    problems = tuple(_problem(one) for one in content.get("errors") or ())
    data = _mapping(content.get("data"))
    if not problems and not isinstance(content.get("data"), dict):
        raise TemporaryError(f"{told} without data")
    if answer.status == 429 and not any(one.is_throttled for one in problems):
        raise RateLimited(told, retry_after=retry_after(answer.headers))
    requested = _number(cost.get("requestedQueryCost"))
    actual = cost.get("actualQueryCost")
    asked = retry_after(answer.headers)
    return Reply(data, problems, requested, _number(actual), _throttle(cost), asked)


def _problem(error: object) -> GraphProblem:
    found = _mapping(error)
    extensions = _mapping(found.get("extensions"))
    path = found.get("path")
    return GraphProblem(
        code=str(extensions.get("code") or "GRAPHQL_ERROR"),
        message=str(found.get("message", ""))[:200],
        path=tuple(path) if isinstance(path, list) else (),
        needed=str(extensions.get("requiredAccess") or ""),
    )


def _throttle(cost: Mapping[str, Any]) -> ThrottleStatus | None:
    status = _mapping(cost.get("throttleStatus"))
    maximum = _number(status.get("maximumAvailable"))
    if not maximum:
        return None
    return ThrottleStatus(
        maximum, _number(status.get("currentlyAvailable")), _number(status.get("restoreRate"))
    )


def _why(answer: Answer, told: str) -> str:
    if answer.status == 200:
        return f"{told} with {len(answer.body)} bytes that are no GraphQL answer, or half of one"
    if answer.status == 402:
        return f"{told}: the shop is frozen until its plan is paid"
    return told


def _has_list(content: Mapping[str, Any]) -> bool:
    return isinstance(content.get("errors"), list)


def _read_json(body: bytes) -> Any:
    try:
        return pydantic_core.from_json(body)
    except ValueError:
        return None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
