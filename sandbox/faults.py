"""Faults that can be switched on for a store's API."""

import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from threading import Lock

from flask import Flask, Response, g, request

KINDS = (
    "too_many_requests",
    "server_error",
    "timeout",
    "half_answer",
    "revoked_key",
    "throttled",
)


@dataclass
class Fault:
    """One fault: of a kind, for requests to the API whose path starts with `path`.

    It strikes the next `times` requests (None: until it is cleared), each with a
    `probability`. `seconds` is how long a timeout sleeps and what Retry-After says. A half
    answer is cut off after the request was carried out. `consumer_key` is the revoked key or
    access token; empty revokes every one. Without a `path` it strikes the whole API; with a
    `text` only requests whose body has it, such as the name of a mutation.
    """

    kind: str
    times: int | None = None
    probability: float = 1.0
    seconds: float = 60.0
    path: str = ""
    consumer_key: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}; it must be one of {', '.join(KINDS)}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability is {self.probability}; it must lie within 0 and 1")


class Faults:
    """The faults that are switched on; `kinds` are those that the platform's API can have."""

    def __init__(self, kinds: tuple[str, ...] = KINDS, seed: int = 0) -> None:
        self._kinds = kinds
        self._faults: list[Fault] = []
        self._lock = Lock()
        # Striking at random needs no secrecy.
        self._random = random.Random(seed)  # noqa: S311

    def add(self, fault: Fault) -> None:
        """Switch a fault on. Raises ValueError when the platform knows no such fault."""
        if fault.kind not in self._kinds:
            raise ValueError(f"kind is {fault.kind!r}; here it is one of {', '.join(self._kinds)}")
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[dict[str, object]]:
        """The faults that are still on."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def strike(self, path: str, consumer_key: str, body: str = "") -> Fault | None:
        """The fault that strikes a request to the API, counted as used; None when none does."""
        with self._lock:
            for fault in self._faults:
                if not path.startswith(fault.path) or fault.text not in body:
                    continue
                if fault.consumer_key and fault.consumer_key != consumer_key:
                    continue
                if self._random.random() >= fault.probability:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
        return None


def install(
    app: Flask,
    faults: Faults,
    key_of_request: Callable[[], str | None],
    answer: Callable[[Fault], Response],
) -> None:
    """Let faults strike an app's API.

    `key_of_request` gives the key that the request shows ("" for none), or None when the request
    is not one to the API. `answer` makes the platform's answer to a fault that has one.
    """

    def apply() -> Response | None:
        key = key_of_request()
        body = request.get_data(as_text=True) if key is not None else ""
        fault = None if key is None else faults.strike(request.path, key, body)
        if fault is None:
            return None
        if fault.kind == "timeout":
            time.sleep(fault.seconds)
            return None
        if fault.kind == "half_answer":
            g.half_answer = True
            return None
        return answer(fault)

    app.before_request(apply)
    app.after_request(_cut_in_half)


def _cut_in_half(response: Response) -> Response:
    if g.get("half_answer"):
        response.direct_passthrough = False
        whole = response.get_data()
        response.set_data(whole[: len(whole) // 2])
        response.headers["Content-Length"] = str(len(whole))
        response.headers["Connection"] = "close"
    return response
