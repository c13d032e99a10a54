"""What happens in the demo, step by step, as a merchant and shoppers would cause it."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import requests

from bazgasht.demo.check import Findings, read_back
from bazgasht.demo.screen import Screen
from bazgasht.demo.store import DemoStore
from database import outbox, progress, results, stores
from database.inbox import received_since
from database.session import store_transaction
from jobs.context import Context, active_store
from jobs.history import BACKFILL

START_SECONDS = 180.0
LONGEST_STEP = 3600.0
STATE = re.compile(r'name="state" value="([^"]+)"')


class DemoFailed(Exception):
    """A step did not end as it should; the message says which and how."""


@dataclass(slots=True)
class Journey:
    """The demo under way, with what each step took in seconds."""

    context: Context
    shop: DemoStore
    screen: Screen
    live_orders: int
    live_per_second: float
    store_id: UUID = field(init=False)
    seconds: dict[str, float] = field(default_factory=dict)
    events: int = 0
    findings: Findings = field(default_factory=Findings)
    sizes: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        """Take every step; DemoFailed or requests' errors end it."""
        steps: list[tuple[str, Callable[[], None]]] = [
            ("The store and the app start", self._start),
            ("The app is installed into the store", self._install),
            ("Its order history is loaded", self._load_history),
            ("Affinities, second purchases and lists are computed", self._await_computation),
            ("Cross-sells and points are written to the store", self._await_writes),
            ("Further orders arrive as webhooks", self._stream),
            ("What they change reaches the store", self._settle),
            ("Everything is read back from the store", self._read_back),
        ]
        for text, step in steps:
            began = time.monotonic()
            with self.screen.step(text):
                step()
            self.seconds[text] = time.monotonic() - began

    def _start(self) -> None:
        self._wait(self._ready, "the app or the store does not start", START_SECONDS)

    def _ready(self) -> bool:
        try:
            ready = requests.get(f"{self.context.public_url}/readyz", timeout=2).ok
        except requests.RequestException:
            ready = False
        return ready and self.shop.is_up()

    def _install(self) -> None:
        page = requests.get(
            f"{self.context.public_url}/install/woocommerce",
            params={"store": self.shop.url},
            timeout=60,
        )
        state = STATE.search(page.text)
        if state is None:
            raise DemoFailed(f"the install page answered {page.status_code} without a form")
        key, secret = self.shop.new_key()
        answer = requests.post(
            f"{self.context.public_url}/install/woocommerce/development",
            data={"state": state[1], "key": key, "secret": secret},
            timeout=60,
        )
        found = stores.find(self.context.engine, "woocommerce", self.shop.url)
        if answer.status_code != 200 or found is None:
            raise DemoFailed(f"the installation was answered with {answer.status_code}")
        self.store_id = found
        with store_transaction(self.context.engine, found) as session:
            row = stores.get(session, lock=True)
            if row is not None:
                row.settings = {**row.settings, "recompute_after_seconds": 1}

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
        wanted = min(self.live_orders, self.shop.state()["upcoming_orders"])
        self.shop.stream(wanted, self.live_per_second)

        def arrived() -> bool:
            placed = self.shop.placed()
            self.screen.bar(placed, wanted, "orders")
            return placed >= wanted and self.shop.state()["pending_deliveries"] == 0

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
