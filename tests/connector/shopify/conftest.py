"""Fixtures of the Shopify adapter's tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from connector.http import GuardedSession
from tests.connector.recordings import Recorded, replaying_as
from tests.connector.shopify.pretend import QUICK, PretendShop

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
