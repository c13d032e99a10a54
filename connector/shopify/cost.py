"""Pacing by cost: each shop gives an app a bucket of points that fills at a steady rate."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

MAXIMUM = 2000.0
RESTORE_RATE = 100.0


@dataclass(frozen=True, slots=True)
class ThrottleStatus:
    """The bucket as the shop tells it with every answer, in points and points a second."""

    maximum: float
    available: float
    restore_rate: float


class CostBucket(Protocol):
    """What is left of one shop's points, as far as is known here. Safe to share."""

    def reserve(self, cost: float) -> float:
        """Take `cost` points out and give the seconds to wait until they are there.

        Those who come later wait longer. Whoever does not make the call gives the points back.
        """
        ...

    def settle(self, reserved: float, spent: float, status: ThrottleStatus | None) -> None:
        """Give back what was reserved and not spent, and correct the bucket by what was told."""
        ...


class LocalBucket:
    """A bucket within one process. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._maximum, self._rate = MAXIMUM, RESTORE_RATE
        self._available, self._at = MAXIMUM, clock()

    def reserve(self, cost: float) -> float:
        """Take `cost` points out and give the seconds to wait until they are there."""
        with self._lock:
            self._refill()
            self._available -= min(cost, self._maximum)
            return max(-self._available / self._rate, 0.0)

    def settle(self, reserved: float, spent: float, status: ThrottleStatus | None) -> None:
        """Give back what was reserved and not spent, and correct the bucket by what was told."""
        with self._lock:
            self._refill()
            self._available += min(reserved, self._maximum) - spent
            if status is not None:
                self._maximum, self._rate = status.maximum, max(status.restore_rate, 1.0)
                # Never upwards: what is missing may be reserved by calls still under way.
                self._available = min(self._available, status.available)
            self._available = min(self._available, self._maximum)

    def _refill(self) -> None:
        now = self._clock()
        self._available = min(self._available + (now - self._at) * self._rate, self._maximum)
        self._at = now
