from connector.shopify.cost import LocalBucket, ThrottleStatus


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_those_who_come_later_wait_longer() -> None:
    bucket = LocalBucket(clock=lambda: 0.0)
    # 2,000 points at first, 100 a second.
    assert [bucket.reserve(900) for _ in range(4)] == [0, 0, 7, 16]


def test_points_come_back_with_time_up_to_the_maximum() -> None:
    clock = Clock()
    bucket = LocalBucket(clock)
    bucket.reserve(2000)
    clock.now = 5
    assert bucket.reserve(600) == 1
    clock.now = 1000
    assert bucket.reserve(2000) == 0
    assert bucket.reserve(100) == 1


def test_what_was_not_spent_is_given_back() -> None:
    bucket = LocalBucket(clock=lambda: 0.0)
    bucket.reserve(2000)
    bucket.settle(2000, 500, None)
    assert bucket.reserve(1500) == 0
    assert bucket.reserve(100) == 1


def test_the_shop_corrects_the_bucket_downwards_only() -> None:
    bucket = LocalBucket(clock=lambda: 0.0)
    bucket.reserve(100)
    bucket.settle(100, 10, ThrottleStatus(maximum=1000, available=200, restore_rate=50))
    assert bucket.reserve(300) == 2
    # Three hundred are under way, so that the shop's 900 are not all free.
    bucket.settle(0, 0, ThrottleStatus(maximum=1000, available=900, restore_rate=50))
    assert bucket.reserve(0) == 2


def test_no_call_asks_for_more_than_the_bucket_holds() -> None:
    bucket = LocalBucket(clock=lambda: 0.0)
    assert bucket.reserve(1e9) == 0
    bucket.settle(1e9, 0, None)
    assert bucket.reserve(2000) == 0
