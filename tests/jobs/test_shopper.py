"""What a shopper sees of an account's points."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from database import stores
from jobs.context import NotActive
from jobs.redemptions import redeem
from jobs.shopper import ShopperPoints, shopper_points
from tests.conftest import Installed
from tests.jobs.conftest import order_days_ago, set_settings, settle

ADA = "ada@example.test"


@pytest.fixture
def account(installed: Installed) -> str:
    """Ada's account, with points of a day of which nothing is left to chance."""
    set_settings(
        installed,
        points_expiry_days=30,
        points_tiers=["silver|نقره‌ای=20", "gold=100"],
        point_value="0.05",
        redemption_minimum_points=10,
        redemption_step=4,
    )
    order_days_ago(installed, 3, "House Blend Beans", email=ADA)
    settle(installed)
    return str(installed.sandbox.store.customer_ids_by_email[ADA])


def seen(installed: Installed, account: str) -> ShopperPoints:
    found = shopper_points(installed.context, installed.id, account)
    assert found is not None
    return found


def test_all_that_there_is_at_one_moment(installed: Installed, account: str) -> None:
    before = seen(installed, account)
    assert (before.available, before.pending, before.expiring) == (23, 0, 23)
    assert before.next_expiry is not None
    left = before.next_expiry - datetime.now(UTC).date()
    assert timedelta(days=26) <= left <= timedelta(days=30)
    assert (before.tier, before.tier_second_name) == ("silver", "نقره‌ای")
    assert (before.most, before.value, before.redemptions) == (0, None, ())

    set_settings(installed, redemption_enabled=True)
    after = seen(installed, account)
    assert (after.most, after.value) == (20, Decimal("1.15"))
    made = redeem(installed.context, installed.id, account_id=account, points=12, key="a")
    last = seen(installed, account)
    assert (last.available, last.most, last.redemptions) == (11, 0, (made,))


def test_somebody_unknown_has_nothing(installed: Installed, account: str) -> None:
    stranger = seen(installed, "999")
    assert stranger == ShopperPoints(stranger.rule)
    assert seen(installed, "") == stranger


def test_a_programme_that_is_off_shows_nothing(installed: Installed, account: str) -> None:
    set_settings(installed, points_enabled=False)
    assert shopper_points(installed.context, installed.id, account) is None
    set_settings(installed, redemption_enabled=True)
    assert seen(installed, account).most == 20


def test_a_store_that_is_not_connected_tells_nobody(installed: Installed, account: str) -> None:
    with installed.scope() as session:
        assert stores.change_state(session, "active", "disconnected")
    with pytest.raises(NotActive):
        shopper_points(installed.context, installed.id, account)
