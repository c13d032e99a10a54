"""How often shoppers may ask, counted in Redis for all processes together, minute by minute."""

import math
import time
from hashlib import sha256
from typing import Literal
from uuid import UUID

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import Redis, RedisError

log = structlog.get_logger()

Kind = Literal["read", "redeem", "personal_data"]

PER_CUSTOMER: dict[Kind, int] = {"read": 30, "redeem": 5, "personal_data": 5}
PER_STORE: dict[Kind, int] = {"read": 1_200, "redeem": 120, "personal_data": 60}


class CannotCount(Exception):
    """Redis is away, and this may not be done uncounted."""


class RequestLimits:
    """Counts what customers of stores ask for. Safe in many threads and processes."""

    def __init__(self, redis: Redis) -> None:
        # The address only names the kind of storage: the connections are those of the process.
        storage = RedisStorage(
            "redis://", connection_pool=redis.connection_pool, key_prefix="bazgasht:limits"
        )
        self._windows = FixedWindowRateLimiter(storage)

    def wait(self, kind: Kind, store_id: UUID, account_id: str) -> int:
        """Count one request; the seconds to wait when it is one too many, 0 when it is not.

        While Redis is away reading goes on uncounted.

        Raises:
            CannotCount: Redis is away, and it is not only about reading.
        """
        # Some are named by their address, which is not to stand in Redis.
        whose = sha256(f"{store_id}:{account_id}".encode()).hexdigest()
        customer = (kind, str(store_id), whose)
        try:
            return self._count(PER_CUSTOMER[kind], *customer) or self._count(
                PER_STORE[kind], kind, str(store_id)
            )
        except RedisError as error:
            log.warning("requests are not counted", kind=kind, error=type(error).__name__)
            if kind == "read":
                return 0
            raise CannotCount from error

    def _count(self, amount: int, *whose: str) -> int:
        limit = RateLimitItemPerMinute(amount)
        if self._windows.hit(limit, *whose):
            return 0
        ends = self._windows.get_window_stats(limit, *whose).reset_time
        return max(1, math.ceil(ends - time.time()))
