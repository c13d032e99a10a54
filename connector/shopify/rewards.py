"""Rewards in a shop: a discount code for one customer, or credit on the customer's account."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from connector.errors import Refused
from connector.platform import CreditLeft, IssuedReward, Reward
from connector.shopify.answers import ScopeMissing
from connector.shopify.discount_codes import DiscountCodes
from connector.shopify.graphql import Client
from connector.shopify.store_credit import StoreCredit

Result = TypeVar("Result")


class _Kind(Protocol):
    def issue(self, reward: Reward) -> IssuedReward: ...
    def withdraw(self, reward: Reward) -> bool: ...


class Rewards:
    """The calls about rewards.

    The app works without the scopes that they need: a merchant who has not approved them is told
    so by `Refused` with the code "scope_missing", and the app stays connected.
    """

    _client: Client

    def issue_reward(self, reward: Reward) -> IssuedReward:
        """Make the reward, or find it; see `connector.platform.ConnectedStore`."""
        return _permitted(lambda: self._kind(reward).issue(reward))

    def credit_left(self, reward: Reward) -> CreditLeft | None:
        """What is left of a reward that is store credit; None when there is none of it."""
        return _permitted(lambda: StoreCredit(self._client).left(reward))

    def withdraw_reward(self, reward: Reward) -> bool:
        """Make sure that nobody can use the reward; False if it was used."""
        return _permitted(lambda: self._kind(reward).withdraw(reward))

    def _kind(self, reward: Reward) -> _Kind:
        return DiscountCodes(self._client) if reward.kind == "code" else StoreCredit(self._client)


def _permitted(call: Callable[[], Result]) -> Result:
    try:
        return call()
    except ScopeMissing as error:
        raise Refused(str(error), code="scope_missing") from None
