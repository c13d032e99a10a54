"""Rewards in a store."""

from connector.errors import Refused
from connector.platform import IssuedReward, Reward, RewardState


class Rewards:
    """The calls that give a shopper something for points."""

    def issue_reward(self, reward: Reward) -> IssuedReward:
        """Make the reward in the store, or find it there."""
        raise Refused(f"a reward of kind {reward.kind} cannot be made in this store")

    def find_reward(self, reward: Reward) -> RewardState | None:
        """The reward as the store has it now."""
        raise Refused(f"a reward of kind {reward.kind} cannot be read in this store")

    def withdraw_reward(self, reward: Reward) -> bool:
        """Make sure that nobody can use the reward from now on."""
        raise Refused(f"a reward of kind {reward.kind} cannot be withdrawn in this store")
