"""Faults that can be switched on for the REST API."""

import random
from dataclasses import asdict, dataclass
from threading import Lock

KINDS = ("too_many_requests", "server_error", "timeout", "half_answer", "revoked_key")


@dataclass
class Fault:
    """One fault: of a kind, for requests whose path starts with `path`.

    It strikes the next `times` requests (None: until it is cleared), each with a
    `probability`. `seconds` is how long a timeout sleeps and what Retry-After says.
    `consumer_key` is the revoked key; empty revokes every key.
    """

    kind: str
    times: int | None = None
    probability: float = 1.0
    seconds: float = 60.0
    path: str = "/wp-json/"
    consumer_key: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}; it must be one of {', '.join(KINDS)}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability is {self.probability}; it must lie within 0 and 1")


class Faults:
    """The faults that are switched on."""

    def __init__(self, seed: int = 0) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()
        # Striking at random needs no secrecy.
        self._random = random.Random(seed)  # noqa: S311

    def add(self, fault: Fault) -> None:
        """Switch a fault on."""
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

    def strike(self, path: str, consumer_key: str) -> Fault | None:
        """The fault that strikes a request, counted as used; None when none does."""
        with self._lock:
            for fault in self._faults:
                if not path.startswith(fault.path):
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
