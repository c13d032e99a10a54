"""The demo's store, with the app installed and its history loaded by the product's own parts."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import requests
from woocommerce import API

from bench.installation import Installation, free_port, process, wait_for
from connector.platform import Credentials
from database import progress, stores
from database.session import store_transaction
from jobs import installation as installing
from jobs import queue
from jobs.context import ActiveStore, Context, active_store
from jobs.history import BACKFILL

MOST_SECONDS = 1800.0


@dataclass(frozen=True)
class DemoStore:
    """The running store and our view of it."""

    context: Context
    id: UUID
    url: str
    api: API

    @property
    def store(self) -> ActiveStore:
        """The store as jobs see it."""
        return active_store(self.context, self.id)


@contextmanager
def demo_store(made: Installation, households: int) -> Iterator[DemoStore]:
    """The store in a process of its own and every part of the product in theirs.

    `households` is how many of the data's there are, 0 for all.
    """
    shop, app = free_port(), free_port()
    environment = {
        **made.environment(),
        "BAZGASHT_PORT": str(app),
        "BAZGASHT_PUBLIC_URL": f"http://127.0.0.1:{app}",
    }
    parts = [["web"], ["scheduler"], *(["worker", name] for name in queue.QUEUES)]
    with ExitStack() as stack:
        options = ["--port", str(shop), "--households", str(households)]
        stack.enter_context(process(["-m", "sandbox", *options], environment))
        for part in parts:
            stack.enter_context(process(["-m", "bazgasht", *part], environment))
        wait_for(f"http://127.0.0.1:{shop}/sandbox/state", MOST_SECONDS)
        wait_for(f"http://127.0.0.1:{app}/readyz")
        yield _install(made.context, f"http://127.0.0.1:{shop}", f"http://127.0.0.1:{app}")


def _install(context: Context, url: str, public_url: str) -> DemoStore:
    answer = requests.post(f"{url}/sandbox/keys", json={}, timeout=30).json()
    key, secret = answer["consumer_key"], answer["consumer_secret"]
    context = replace(context, public_url=public_url)
    store_id = installing.connect(context, "woocommerce", Credentials(url, key, secret))
    demo = DemoStore(context, store_id, url, API(url, key, secret, version="wc/v3", timeout=60))
    wait_until_loaded(demo)
    wait_until_still(demo)
    return demo


def wait_until_loaded(demo: DemoStore) -> None:
    """Return once the whole history is there."""
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        with store_transaction(demo.context.engine, demo.id) as session:
            done = [t for t in progress.all_tasks(session) if t.state == "done"]
        if {task.task for task in done} >= set(BACKFILL.values()):
            return
        time.sleep(0.2)
    raise TimeoutError("the history is not loaded")


def wait_until_still(demo: DemoStore) -> None:
    """Return once nothing is left to deliver, to handle, to compute and to write."""
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        with store_transaction(demo.context.engine, demo.id) as session:
            row = stores.get(session)
            is_dirty = row is None or row.dirty_since is not None
        health = stores.inbox_health(demo.context.engine)
        is_written = demo.id not in stores.to_write(demo.context.engine)
        waiting = sum(store.waiting for store in health if store.store_id == demo.id)
        state = requests.get(f"{demo.url}/sandbox/state", timeout=30).json()
        waiting += int(state["pending_deliveries"])
        if not is_dirty and is_written and not waiting:
            return
        time.sleep(0.2)
    raise TimeoutError("the store does not come to rest")
