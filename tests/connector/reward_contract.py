"""What every platform's adapter must do with a reward of the kind "code"."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connector.errors import Refused, TemporaryError
from connector.platform import ConnectedStore, Reward
from tests.connector.platform_contract import Shop, read_order

END = datetime(2032, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)


class RewardContract:
    """The tests; a subclass's module gives the fixture `shop`."""

    @pytest.fixture
    def store(self, shop: Shop) -> Iterator[ConnectedStore]:
        opened = shop.platform.open(shop.credentials, region="IR", development=True)
        yield opened
        opened.close()

    @pytest.fixture
    def reward(self, shop: Shop) -> Reward:
        return Reward(
            code="BZ-7KQ2-M9XD",
            amount=Decimal("2.50"),
            currency=shop.currency,
            account_id=shop.account_ids()[0],
            email="ada@example.test",
            expires_at=END,
        )

    def test_a_reward_is_made_once_and_found(
        self, shop: Shop, store: ConnectedStore, reward: Reward
    ) -> None:
        issued = store.issue_reward(reward)
        assert issued.id
        assert store.issue_reward(reward) == issued
        assert shop.counted_rewards(reward.code) == 1

    @pytest.mark.parametrize("fault", ["lost", "server_error"])
    def test_a_lost_answer_makes_no_second_reward(
        self, shop: Shop, store: ConnectedStore, reward: Reward, fault: str
    ) -> None:
        if fault == "lost":
            shop.lose_an_answer(reward.amount.to_eng_string())
        else:
            shop.fail(fault, 1)
        store.issue_reward(reward)
        assert shop.counted_rewards(reward.code) == 1

    def test_a_store_that_does_not_answer_is_asked_again_later(
        self, shop: Shop, store: ConnectedStore, reward: Reward
    ) -> None:
        shop.fail("server_error", 100)
        with pytest.raises(TemporaryError):
            store.issue_reward(reward)

    def test_an_order_tells_its_code_and_has_its_lines_lowered(
        self, shop: Shop, store: ConnectedStore, reward: Reward
    ) -> None:
        store.issue_reward(reward)
        product = shop.product_ids()[0]
        order = read_order(store, shop.order_with_code(reward, product))
        assert order.coupon_codes == (reward.code.lower(),)
        assert order.discount == reward.amount
        assert order.net == shop.price_of(product) - reward.amount

    def test_a_reward_is_used_once_and_by_its_shopper_alone(
        self, shop: Shop, store: ConnectedStore, reward: Reward
    ) -> None:
        store.issue_reward(reward)
        product = shop.product_ids()[0]
        other = replace(reward, account_id=shop.account_ids()[1], email="eve@example.test")
        with pytest.raises((ValueError, AssertionError), match=r"(?i)not for this"):
            shop.order_with_code(other, product)
        shop.order_with_code(reward, product)
        with pytest.raises((ValueError, AssertionError), match=r"(?i)usage limit"):
            shop.order_with_code(reward, product)

    def test_a_reward_that_was_used_stays_until_its_order_is_thrown_away(
        self, shop: Shop, store: ConnectedStore, reward: Reward
    ) -> None:
        store.issue_reward(reward)
        order = shop.order_with_code(reward, shop.product_ids()[0])
        assert not store.withdraw_reward(reward)
        assert shop.counted_rewards(reward.code) == 1
        shop.trash_order(order)
        assert store.withdraw_reward(reward)

    @pytest.mark.parametrize("fault", [None, "server_error", "half_answer"])
    def test_a_withdrawn_reward_is_of_no_use(
        self, shop: Shop, store: ConnectedStore, reward: Reward, fault: str | None
    ) -> None:
        assert store.withdraw_reward(reward)
        store.issue_reward(reward)
        if fault:
            shop.fail(fault, 1)
        # When it is withdrawn the shopper may have been forgotten.
        assert store.withdraw_reward(replace(reward, email=None, account_id=None))
        with pytest.raises((ValueError, AssertionError), match=r"does not exist|is not valid"):
            shop.order_with_code(reward, shop.product_ids()[0])
        assert store.withdraw_reward(reward)

    def test_an_order_must_be_large_enough(
        self, shop: Shop, store: ConnectedStore, reward: Reward
    ) -> None:
        product = shop.product_ids()[0]
        store.issue_reward(replace(reward, minimum=shop.price_of(product) + 1))
        with pytest.raises((ValueError, AssertionError), match="needs a larger order"):
            shop.order_with_code(reward, product)

    def test_what_stands_there_otherwise_than_asked_is_refused(
        self, store: ConnectedStore, reward: Reward
    ) -> None:
        store.issue_reward(reward)
        with pytest.raises(Refused, match="amount"):
            store.issue_reward(replace(reward, amount=Decimal(3)))
