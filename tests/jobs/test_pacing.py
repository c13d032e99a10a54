"""The shared bucket, on a real server."""

import pytest

from connector.shopify.cost import ThrottleStatus
from jobs.context import Context
from jobs.pacing import RedisCostBucket


def test_two_workers_draw_from_one_bucket_and_the_later_waits_longer(context: Context) -> None:
    one = RedisCostBucket(context.redis, "a.myshopify.com")
    other = RedisCostBucket(context.redis, "a.myshopify.com")
    assert one.reserve(1500) == 0
    assert other.reserve(1000) == pytest.approx(5.0, abs=0.1)
    assert one.reserve(100) == pytest.approx(6.0, abs=0.1)
    assert RedisCostBucket(context.redis, "b.myshopify.com").reserve(1500) == 0


def test_what_was_not_spent_comes_back_and_the_shop_is_believed(context: Context) -> None:
    bucket = RedisCostBucket(context.redis, "a.myshopify.com")
    bucket.reserve(1900)
    bucket.settle(1900, 400, None)
    assert bucket.reserve(1600) == 0
    bucket.settle(1600, 0, ThrottleStatus(maximum=1000, available=50, restore_rate=50))
    assert bucket.reserve(100) == pytest.approx(1.0, abs=0.1)
