"""Fixtures of the pretend Shopify shop's tests."""

from collections.abc import Iterator

import pytest

from sandbox.shopify.deliveries import WebhookPolicy
from sandbox.shopify.server import RunningShop, ShopOptions
from sandbox.small import small_store
from tests.sandbox.shopify.client import Admin


@pytest.fixture
def shop() -> Iterator[RunningShop]:
    """The small shop in US dollars, which tries failed webhooks again at once."""
    options = ShopOptions(delivery=WebhookPolicy(retry_scale=0, timeout=0.5))
    with RunningShop(small_store(), options) as running:
        yield running


@pytest.fixture
def admin(shop: RunningShop) -> Iterator[Admin]:
    """The installed app."""
    found = Admin(shop, shop.new_token().access_token)
    yield found
    found.session.close()
