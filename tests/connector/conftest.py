"""Fixtures of the connector's tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from connector.http import GuardedSession, Limits
from connector.platform import Credentials
from connector.woocommerce.platform import WooCommerceStore
from tests.connector.recordings import Recorded, Replay, replaying

QUICK = Limits(back_off_seconds=0.002, longest_back_off=0.01, total_seconds=10)
CONSUMER_KEY = f"ck_{'1' * 40}"
CONSUMER_SECRET = f"cs_{'2' * 40}"

Open = Callable[..., tuple[WooCommerceStore, Replay]]


@pytest.fixture
def open_store() -> Iterator[Open]:
    """Opens a store that answers as told: paths below wc/v3, or whole ones after a slash."""
    with ExitStack() as stack:

        def start(
            answers: dict[str, list[Recorded]], limits: Limits = QUICK
        ) -> tuple[WooCommerceStore, Replay]:
            whole = {}
            for call, some in answers.items():
                method, path = call.split(" ")
                whole[f"{method} {path if path[0] == '/' else f'/wp-json/wc/v3/{path}'}"] = some
            replay = stack.enter_context(replaying(whole))
            session = GuardedSession(development=True, limits=limits)
            credentials = Credentials(replay.url, CONSUMER_KEY, CONSUMER_SECRET)
            store = WooCommerceStore(credentials, session, "IR")
            stack.callback(store.close)
            return store, replay

        yield start
