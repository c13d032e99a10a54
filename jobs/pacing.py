"""A Shopify shop's bucket of points, kept in Redis, so that all workers share one pace."""

import structlog
from redis import Redis, RedisError

from connector.shopify.cost import MAXIMUM, RESTORE_RATE, LocalBucket, ThrottleStatus

log = structlog.get_logger()

FORGET_SECONDS = 3600

# Both scripts first refill the bucket by the time that has passed on the server's own clock.
_REFILL = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local kept = redis.call('HMGET', KEYS[1], 'maximum', 'rate', 'available', 'at')
local maximum = tonumber(kept[1] or ARGV[1])
local rate = tonumber(kept[2] or ARGV[2])
local available = tonumber(kept[3] or maximum)
available = math.min(maximum, available + math.max(0, now - tonumber(kept[4] or now)) * rate)
"""
_KEEP = """
redis.call('HSET', KEYS[1], 'maximum', maximum, 'rate', rate,
           'available', string.format('%.6f', available), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""
_RESERVE = (
    _REFILL
    + "available = available - math.min(tonumber(ARGV[4]), maximum)\n"
    + _KEEP
    + "return string.format('%.6f', math.max(0, -available / rate))"
)
_SETTLE = (
    _REFILL
    + """
available = available + math.min(tonumber(ARGV[4]), maximum) - tonumber(ARGV[5])
if ARGV[6] ~= '' then
  maximum = tonumber(ARGV[6])
  rate = math.max(tonumber(ARGV[7]), 1)
  available = math.min(available, tonumber(ARGV[8]))
end
"""
    + _KEEP
)


class RedisCostBucket:
    """One shop's bucket for all processes; see `connector.shopify.cost.CostBucket`.

    Where Redis does not answer, this process paces itself alone until it does: the shop then
    refuses what is too much, and is asked again later.
    """

    def __init__(self, redis: Redis, shop: str) -> None:
        self._key = f"bazgasht:cost:{shop}"
        self._reserve = redis.register_script(_RESERVE)
        self._settle = redis.register_script(_SETTLE)
        self._alone = LocalBucket()

    def reserve(self, cost: float) -> float:
        """Take `cost` points out and give the seconds to wait until they are there."""
        try:
            wait = self._reserve(keys=[self._key], args=[*self._defaults(), cost])
            return float(wait)
        except RedisError as error:
            log.warning("pacing alone, the queue's server is away", error=type(error).__name__)
            return self._alone.reserve(cost)

    def settle(self, reserved: float, spent: float, status: ThrottleStatus | None) -> None:
        """Give back what was reserved and not spent, and correct the bucket by what was told."""
        told = (status.maximum, status.restore_rate, status.available) if status else ("", "", "")
        try:
            self._settle(keys=[self._key], args=[*self._defaults(), reserved, spent, *told])
        except RedisError as error:
            log.warning("pacing alone, the queue's server is away", error=type(error).__name__)
            self._alone.settle(reserved, spent, status)

    @staticmethod
    def _defaults() -> tuple[float, float, int]:
        return MAXIMUM, RESTORE_RATE, FORGET_SECONDS
