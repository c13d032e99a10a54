"""What happens in the demo, step by step, as a merchant and shoppers would cause it."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

import requests

from bazgasht.demo.check import Findings, read_back
from bazgasht.demo.screen import Screen
from bazgasht.demo.shop import DemoShop
from database import outbox, progress, results, stores
from database.inbox import received_since
from database.session import store_transaction
from jobs.context import Context, active_store
from jobs.history import BACKFILL

START_SECONDS = 180.0
LONGEST_STEP = 3600.0


class DemoFailed(Exception):
    """A step did not end as it should; the message says which and how."""


@dataclass(slots=True)
class Journey:
    """The demo under way on one store, step by step."""

    context: Context
    shop: DemoShop
    screen: Screen
    store_id: UUID = field(init=False)
    events: int = 0
    findings: Findings = field(default_factory=Findings)
    sizes: dict[str, int] = field(default_factory=dict)

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        """Every step with what it shows, in order."""
        return [
            ("The store and the app start", self._start),
            ("The app is installed into the store", self._install),
            ("Its order history is loaded", self._load_history),
            ("Affinities, second purchases and lists are computed", self._await_computation),
            ("Cross-sells and points are written to the store", self._await_writes),
            ("Further orders arrive as webhooks", self._stream),
            ("What they change reaches the store", self._settle),
            ("Everything is read back from the store", self._read_back),
        ]

    def _start(self) -> None:
        self._wait(self._ready, "the app or the store does not start", START_SECONDS)

    def _ready(self) -> bool:
        try:
            ready = requests.get(f"{self.context.public_url}/readyz", timeout=2).ok
        except requests.RequestException:
            ready = False
        return ready and self.shop.levers.is_up()

    def _install(self) -> None:
        self.shop.install(self.context.public_url)
        found = stores.find(self.context.engine, self.shop.platform, self.shop.store_url)
        if found is None:
            raise DemoFailed("the app does not know the store after its installation")
        self.store_id = found

    def _load_history(self) -> None:
        self._wait(self._history_loaded, "the history is not loaded")

    def _history_loaded(self) -> bool:
        with store_transaction(self.context.engine, self.store_id) as session:
            tasks = {row.task: row for row in progress.all_tasks(session)}
        orders = tasks[BACKFILL["order"]]
        self.screen.bar(orders.done, orders.total, "orders")
        return all(tasks[task].state == "done" for task in BACKFILL.values())

    def _await_computation(self) -> None:
        self._wait(self._computed, "nothing is computed")

    def _computed(self) -> bool:
        with store_transaction(self.context.engine, self.store_id) as session:
            row = stores.get(session)
            return row is not None and row.dirty_since is None

    def _await_writes(self) -> None:
        self._wait(self._written, "not everything is written")

    def _written(self) -> bool:
        with store_transaction(self.context.engine, self.store_id) as session:
            counts = outbox.counts(session)
        waiting = sum(number for (_, state), number in counts.items() if state == "waiting")
        done = sum(number for (_, state), number in counts.items() if state == "done")
        self.screen.bar(done, done + waiting, "objects")
        return waiting == 0

    def _stream(self) -> None:
        with store_transaction(self.context.engine, self.store_id) as session:
            began = stores.now(session)
        levers = self.shop.levers
        wanted = min(self.shop.live_orders, levers.state()["upcoming_orders"])
        levers.stream(wanted, self.shop.live_per_second)

        def arrived() -> bool:
            placed = levers.placed()
            self.screen.bar(placed, wanted, "orders")
            return placed >= wanted and levers.state()["pending_deliveries"] == 0

        self._wait(arrived, "the live orders do not arrive")
        with store_transaction(self.context.engine, self.store_id) as session:
            self.events = received_since(session, began)

    def _settle(self) -> None:
        self._wait(self._is_quiet, "the app does not come to rest")

    def _is_quiet(self) -> bool:
        waiting = {row.store_id: row.waiting for row in stores.inbox_health(self.context.engine)}
        return not waiting.get(self.store_id) and self._computed() and self._written()

    def _read_back(self) -> None:
        store = active_store(self.context, self.store_id)
        with store_transaction(self.context.engine, self.store_id) as session:
            self.findings = read_back(session, store, self.shop)
            self.sizes = results.sizes(session)
        if self.findings.differences:
            some = "\n  ".join(self.findings.differences[:10])
            raise DemoFailed(f"the store differs from what we claim:\n  {some}")

    def _wait(
        self, condition: Callable[[], bool], problem: str, seconds: float = LONGEST_STEP
    ) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise DemoFailed(f"{problem}, after {seconds:.0f} seconds")
            time.sleep(0.2)


def run_together(journeys: Sequence[Journey]) -> None:
    """Take every step for all stores at once; the first failure ends it."""
    for together in zip(*(journey.steps() for journey in journeys), strict=True):
        with journeys[0].screen.step(together[0][0]), ThreadPoolExecutor() as pool:
            for done in [pool.submit(step) for _, step in together]:
                done.result()
