"""Fixtures of the pretend store's tests."""

from collections.abc import Iterator

import pytest

from sandbox.delivery import DeliveryPolicy
from sandbox.server import RunningStore
from sandbox.small import small_store
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver
from tests.sandbox.recorded_store import ADMIN_KEY, recorded_store


@pytest.fixture
def recorded() -> Iterator[RunningStore]:
    """The store of the recordings, quick to give up on a receiver."""
    policy = DeliveryPolicy(timeout=0.5, ping_timeout=0.3)
    with RunningStore(recorded_store(), delivery=policy) as running:
        yield running


@pytest.fixture
def api(recorded: RunningStore) -> Iterator[Client]:
    client = Client(recorded.url, ADMIN_KEY)
    yield client
    client.close()


@pytest.fixture
def small() -> Iterator[RunningStore]:
    with RunningStore(small_store()) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.stop()
