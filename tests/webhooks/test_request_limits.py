"""How often shoppers may ask."""

from uuid import uuid4

import pytest

from bazgasht.composition import redis_client
from jobs.context import Context
from webhooks import request_limits
from webhooks.request_limits import CannotCount, RequestLimits

STORE = uuid4()


def test_each_customer_has_a_number_of_requests_a_minute(context: Context) -> None:
    limits, another_process = RequestLimits(context.redis), RequestLimits(context.redis)
    assert [limits.wait("redeem", STORE, "1") for _ in range(5)] == [0] * 5
    assert 1 <= another_process.wait("redeem", STORE, "1") <= 60
    assert limits.wait("redeem", STORE, "2") == 0
    assert limits.wait("redeem", uuid4(), "1") == 0
    assert limits.wait("read", STORE, "1") == 0


def test_a_store_has_one_for_all_its_customers(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(request_limits.PER_STORE, "redeem", 3)
    limits = RequestLimits(context.redis)
    waits = [limits.wait("redeem", STORE, str(account)) for account in range(4)]
    assert waits[:3] == [0, 0, 0]
    assert 1 <= waits[3] <= 60
    assert limits.wait("redeem", uuid4(), "1") == 0


def test_while_redis_is_away_only_reading_goes_on() -> None:
    limits = RequestLimits(redis_client("redis://127.0.0.1:1"))
    assert limits.wait("read", STORE, "1") == 0
    for kind in ("redeem", "personal_data"):
        with pytest.raises(CannotCount):
            limits.wait(kind, STORE, "1")


def test_nobody_is_named_where_requests_are_counted(context: Context) -> None:
    assert RequestLimits(context.redis).wait("personal_data", STORE, "email:ada@example.test") == 0
    counted = [key for key in context.redis.keys("bazgasht:limits*") if b"personal_data" in key]
    assert counted
    assert [key for key in counted if b"ada" in key] == []
