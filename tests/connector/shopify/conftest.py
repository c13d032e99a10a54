"""Fixtures of the Shopify adapter's tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from connector.http import GuardedSession
from connector.platform import ConnectedStore
from tests.connector.recordings import Recorded, replaying_as
from tests.connector.shopify.pretend import QUICK, PretendShop
from tests.connector.shopify.sandboxed import SandboxShop, sandbox_shop

OpenShop = Callable[[dict[str, list[Recorded]]], PretendShop]


@pytest.fixture
def open_shop() -> Iterator[OpenShop]:
    """Opens a shop that answers operations, and paths such as "GET /file", as told."""
    with ExitStack() as stack:
        yield lambda answers: stack.enter_context(replaying_as(PretendShop, answers))


@pytest.fixture
def session() -> Iterator[GuardedSession]:
    """A quick session that may call loopback addresses."""
    session = GuardedSession(development=True, limits=QUICK)
    yield session
    session.close()


@pytest.fixture
def shop() -> Iterator[SandboxShop]:
    """The small shop, running."""
    with sandbox_shop() as shop:
        yield shop


@pytest.fixture
def store(shop: SandboxShop) -> Iterator[ConnectedStore]:
    """The shop as the adapter opens it."""
    opened = shop.platform.open(shop.credentials, region="IR", development=True)
    yield opened
    opened.close()
