"""What becomes of points with age, on tables small enough to be counted by hand."""

from collections.abc import Iterator

import pytest

from retention.point_lifetimes import GROUPS, NotEnough, Outlook, Stay, outlook


def found(stays: list[Stay]) -> Outlook:
    result = outlook(stays)
    assert isinstance(result, Outlook)
    return result


def alike(age: int, end: str, points: int) -> Iterator[Stay]:
    """The same stay of each of sixty customers, three in each group."""
    return (Stay(customer, age, end, points) for customer in range(3 * GROUPS))  # type: ignore[arg-type]


def test_with_too_few_customers_who_redeemed_nothing_is_said() -> None:
    stays = [Stay(customer, 5, "redeemed", 10) for customer in range(29)]
    assert outlook([*stays, Stay(99, 3, "out", 50), Stay(98, 9, "expired", 50)]) == NotEnough(
        29, 30
    )
    assert outlook([]) == NotEnough(0, 30)
    assert isinstance(outlook([*stays, Stay(29, 5, "redeemed", 1)]), Outlook)


def test_points_are_redeemed_expire_or_are_out_as_far_as_they_came() -> None:
    # Of 6 points each: 2 redeemed at the age of 10 days, 1 is out at 15, 3 expired at 20.
    stays = [*alike(10, "redeemed", 2), *alike(15, "out", 1), *alike(20, "expired", 3)]
    result = found(stays)
    assert (result.customers, result.horizon_days) == (60, 20)
    # A third is redeemed by day 10; all that got to day 20, two thirds, expired.
    assert result.redemption_rate.value == pytest.approx(1 / 3)
    assert result.expiry_rate == pytest.approx(2 / 3)
    # Those out are past the day on which others were redeemed.
    assert (result.redeemed.value, result.undecided) == pytest.approx((0, 0))
    assert result.expired == pytest.approx(60)


@pytest.mark.parametrize(
    ("age", "redeemed", "expired"),
    [
        (-1, 30, 60),  # pending: a third of all
        (0, 30, 60),
        (9, 30, 60),
        (10, 0, 90),  # past the day on which a third went
        (15, 0, 90),
        (20, 0, 0),  # past all that was ever seen
        (400, 0, 0),
    ],
)
def test_what_is_expected_follows_from_the_age(age: int, redeemed: float, expired: float) -> None:
    # The ninety points of one more customer hardly change the shares, and are kept out of them
    # by a thousand times as many of the others.
    stays = [
        *alike(10, "redeemed", 20_000),
        *alike(20, "expired", 40_000),
        Stay(500, age, "out", 90),
    ]
    result = found(stays)
    assert (result.redeemed.value, result.expired) == pytest.approx((redeemed, expired), abs=0.01)
    assert result.undecided == pytest.approx(90 - redeemed - expired, abs=0.01)


def test_points_that_are_out_lower_the_number_at_risk_only_after_their_age() -> None:
    # 4 points each: 1 is out at 5 days, 1 of the 3 that go on is redeemed at 8, 2 expire at 9.
    stays = [*alike(5, "out", 1), *alike(8, "redeemed", 1), *alike(9, "expired", 2)]
    result = found(stays)
    assert result.redemption_rate.value == pytest.approx(1 / 3)
    # On the day on which they were last seen they are at risk still.
    stays = [*alike(8, "out", 1), *alike(8, "redeemed", 1), *alike(9, "expired", 2)]
    result = found(stays)
    assert result.redemption_rate.value == pytest.approx(1 / 4)
    assert result.expiry_rate == pytest.approx(3 / 4)


def test_nothing_is_said_of_ages_that_too_few_have_seen() -> None:
    few = [Stay(customer, 300, "redeemed", 1) for customer in range(29)]
    stays = [*alike(10, "redeemed", 1), *alike(50, "out", 1), *few]
    result = found(stays)
    assert result.horizon_days == 50
    # Of 149 points at risk on day 10 sixty were redeemed; no later day up to 50 has any.
    assert result.redemption_rate.value == pytest.approx(60 / 149)
    assert (result.redeemed.value, result.undecided) == pytest.approx((0, 60))


def test_the_interval_leaves_out_one_group_of_customers_at_a_time() -> None:
    # Customers with an even number redeem all, the others let all expire; 600 points are pending.
    stays = [
        Stay(
            customer,
            2 if customer % 2 == 0 else 9,
            "redeemed" if customer % 2 == 0 else "expired",
            10,
        )
        for customer in range(3 * GROUPS)
    ]
    result = found([*stays, Stay(0, -1, "out", 600)])
    # Without a group 27 or 30 of 57 redeem, 1/38 from the half, ten groups of each: the variance is
    # 19/20 * 20 * (1/38)**2, and the half width 2.093024 (Student's t, 19 degrees) times its root.
    half = 2.0930240544 * (19 * (1 / 38) ** 2) ** 0.5
    rate = result.redemption_rate
    assert (rate.value, rate.low, rate.high) == pytest.approx((0.5, 0.5 - half, 0.5 + half))
    points = result.redeemed
    assert (points.value, points.low, points.high) == pytest.approx(
        (300, 300 - 600 * half, 300 + 600 * half)
    )


def test_an_interval_stays_within_what_there_is() -> None:
    # One customer of a group of its own has most of the points, and keeps them to expire.
    stays = [Stay(customer, 2, "redeemed", 1) for customer in range(3 * GROUPS)]
    stays += [Stay(0, 9, "expired", 600), Stay(0, -1, "out", 100)]
    result = found(stays)
    assert (result.redemption_rate.low, result.redemption_rate.high) == (0, 1)
    assert (result.redeemed.low, result.redeemed.high) == (0, 100)


def test_points_that_are_redeemed_on_their_first_day_count() -> None:
    stays = [*alike(0, "redeemed", 1), *alike(3, "expired", 1)]
    result = found([*stays, Stay(0, -1, "out", 40)])
    assert (result.redemption_rate.value, result.expiry_rate) == pytest.approx((0.5, 0.5))
    assert (result.redeemed.value, result.expired) == pytest.approx((20, 20))
