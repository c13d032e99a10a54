"""The platform contract, kept by the Shopify adapter against the sandbox shop."""

from collections.abc import Iterator

import pytest

from tests.connector.platform_contract import PlatformContract
from tests.connector.reward_contract import RewardContract
from tests.connector.shopify.sandboxed import SandboxShop, sandbox_shop


@pytest.fixture
def shop() -> Iterator[SandboxShop]:
    with sandbox_shop() as shop:
        yield shop


class TestShopifyContract(PlatformContract):
    """All of the contract."""


class TestShopifyRewards(RewardContract):
    """All of the contract about rewards."""
