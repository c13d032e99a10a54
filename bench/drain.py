"""How many events one worker handles in a second, and where the time goes."""

import time
from collections.abc import Iterator
from uuid import UUID

from bench.installation import SECRET, Installation, process
from bench.orders import bodies, headers
from bench.stopwatch import Stopwatch
from bench.tables import print_table
from connector.woocommerce.events import name_event
from database import inbox, stores
from database.inbox import Incoming
from jobs import apply, drain, queue, reading
from jobs.context import active_store

EVENTS = 20_000
TAKEN_APART = 5_000
MOST_SECONDS = 120.0

PLACES = {
    "lease and unpack": (inbox, "lease"),
    "read the bodies": (reading, "meaning_of"),
    "find what is known": (drain, "prepare"),
    "apply": (drain, "absorb"),
    "- keep orders and lines": (apply, "save_orders"),
    "- settle points": (apply, "settle_points"),
    "settle the events": (inbox, "settle"),
}


def measure(made: Installation) -> None:
    """Print events per second of a worker process, then where the time of such work goes."""
    store_id = made.add_store()
    fill(made, store_id, 0, EVENTS)
    with process(["-m", "bazgasht", "worker", queue.EVENTS], made.environment()):
        _wait_until_listening(made)
        began = time.perf_counter()
        queue.enqueue(made.context.redis, queue.DRAIN, store_id)
        _wait_until_drained(made, store_id)
        seconds = time.perf_counter() - began
    print_table(
        "2. Events drained by one worker (new orders of 4 lines, in batches)",
        ["events", "seconds", "events/s"],
        [[f"{EVENTS:,}", f"{seconds:.1f}", f"{EVENTS / seconds:,.0f}"]],
    )
    fill(made, store_id, EVENTS, TAKEN_APART)
    _take_apart(made, store_id)


def fill(made: Installation, store_id: UUID, first: int, count: int) -> None:
    """Put events of so many orders into the inbox, as deliveries would."""
    batch: list[Incoming] = []
    for event in _events(store_id, first, count):
        batch.append(event)
        if len(batch) == 500:
            inbox.keep(made.context.engine, batch)
            batch = []
    if batch:
        inbox.keep(made.context.engine, batch)


def _events(store_id: UUID, first: int, count: int) -> Iterator[Incoming]:
    for body in bodies(first, count):
        name = name_event(body, headers(body, SECRET))
        yield Incoming(store_id, name.key, name.topic, {}, body)


def _wait_until_listening(made: Installation) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while not made.context.redis.scard("rq:workers"):
        if time.monotonic() > deadline:
            raise TimeoutError("no worker has started")
        time.sleep(0.05)


def _wait_until_drained(made: Installation, store_id: UUID) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while any(
        h.waiting for h in stores.inbox_health(made.context.engine) if h.store_id == store_id
    ):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the worker has not drained its events in {MOST_SECONDS:.0f} s")
        time.sleep(0.05)


def _take_apart(made: Installation, store_id: UUID) -> None:
    with Stopwatch(PLACES) as watch:
        began = time.perf_counter()
        while drain.drain_batch(made.context, active_store(made.context, store_id)):
            pass
        whole = time.perf_counter() - began
    print_table(
        f"   Where the time goes ({TAKEN_APART:,} more events)",
        ["part", "µs per event", "share"],
        [
            [part, f"{seconds / TAKEN_APART * 1e6:.0f}", f"{seconds / whole:.0%}"]
            for part, seconds in watch.seconds.items()
        ],
    )
