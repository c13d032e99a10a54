"""A queue of deliveries and the thread that empties it."""

import os
import random
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Hashable
from threading import Condition, Thread
from typing import Generic, TypeVar

import requests

Item = TypeVar("Item", bound=Hashable)


def new_session(verify: bool | str | None) -> requests.Session:
    """A session that trusts `verify` (a CA file), or what REQUESTS_CA_BUNDLE names."""
    session = requests.Session()
    session.trust_env = False
    session.headers.clear()
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True if verify is None else verify
    return session


class DeliveryQueue(ABC, Generic[Item]):
    """Items that are delivered one after the other, each once it is due.

    `hold` and `release` stop and start the queue. With a `shuffle_seed` what waits is taken in
    a random order. `patience` is how many seconds `stop` waits for the delivery in flight.
    """

    def __init__(self, *, shuffle_seed: int | None = None, patience: float = 60) -> None:
        self.delivered = 0
        self.failed = 0
        self._patience = patience
        self.shuffle(shuffle_seed)
        self._due: OrderedDict[Item, float] = OrderedDict()
        self._change = Condition()
        self._in_flight = 0
        self._held = False
        self._stopped = False
        self._thread = Thread(target=self._run, name="webhook delivery", daemon=True)

    @abstractmethod
    def deliver(self, item: Item) -> None:
        """Deliver one item."""

    def shuffle(self, seed: int | None) -> None:
        """Take what waits in a random order; None takes it as it came."""
        # Shuffling needs no secrecy.
        self._random = None if seed is None else random.Random(seed)  # noqa: S311

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """End after the delivery in flight; what waits is lost."""
        with self._change:
            self._stopped = True
            self._change.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=self._patience)

    def hold(self) -> None:
        """Let deliveries wait, as a store without traffic does."""
        with self._change:
            self._held = True

    def release(self) -> None:
        """Deliver again."""
        with self._change:
            self._held = False
            self._change.notify_all()

    def lose(self) -> int:
        """Forget everything that waits, as deliveries get lost; how many they were."""
        with self._change:
            lost = len(self._due)
            self._due.clear()
            self._change.notify_all()
        return lost

    @property
    def pending(self) -> int:
        """How many deliveries wait or are in flight."""
        with self._change:
            return len(self._due) + self._in_flight

    def drain(self, timeout: float = 30) -> None:
        """Wait until nothing waits and nothing is in flight.

        Raises TimeoutError when that takes longer than `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        with self._change:
            while self._due or self._in_flight:
                if not self._change.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"{len(self._due)} deliveries still wait")

    def put(self, *items: Item, after: float = 0) -> None:
        """Queue items that are due in `after` seconds; one that waits already stays as it is."""
        if not items:
            return
        due = time.monotonic() + after
        with self._change:
            for item in items:
                self._due.setdefault(item, due)
            self._change.notify_all()

    def _take(self) -> Item | None:
        """The item to deliver now, taken out of the queue; None when none is due."""
        moment = time.monotonic()
        ready = (item for item, due in self._due.items() if due <= moment)
        if self._held:
            return None
        if self._random is None:
            found = next(ready, None)
        else:
            listed = list(ready)
            found = self._random.choice(listed) if listed else None
        if found is not None:
            del self._due[found]
            self._in_flight = 1
        return found

    def _until_due(self) -> float | None:
        if self._held or not self._due:
            return None
        return max(0.0, min(self._due.values()) - time.monotonic())

    def _next(self) -> Item | None:
        with self._change:
            while not self._stopped:
                item = self._take()
                if item is not None:
                    return item
                self._change.wait(self._until_due())
            return None

    def _run(self) -> None:
        while (item := self._next()) is not None:
            try:
                self.deliver(item)
            finally:
                with self._change:
                    self._in_flight = 0
                    self._change.notify_all()
