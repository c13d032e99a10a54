"""A pretend store with the app installed, whose deliveries a story holds in its hands."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import current_thread
from typing import Protocol
from uuid import UUID

import pytest
import requests
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from jobs.context import Context
from sandbox import clock
from sandbox.faults import Fault
from sandbox.operations import orders
from sandbox.records import Customer, Order
from sandbox.small import small_store
from sandbox.store import Store
from tests.faults.traffic import Letter

HOUR, DAY = 3600, 86_400
STORE_KEPT = (
    *("url", "lock", "listener", "orders_version"),
    *("webhooks", "_webhook_ids", "keys", "_key_ids"),
)
GOODS = ("Green Tea", "Earl Grey", "House Blend Beans")


class Crash(BaseException):
    """The process is killed: nothing that comes after it is done."""


@contextmanager
def crashing(engine: Engine, after: int) -> Iterator[None]:
    """Kill what runs in the block when it has sent so many statements to the database.

    From then on each further one fails, too, so that nothing is tidied up; and with a process its
    connections end, which gives its locks back.
    """
    left, thread = [after], current_thread()

    def count_down(*_: object) -> None:
        if current_thread() is thread:
            left[0] -= 1
            if left[0] < 0:
                raise Crash

    event.listen(engine, "before_cursor_execute", count_down)
    try:
        yield
    except Crash:
        engine.dispose()
    finally:
        event.remove(engine, "before_cursor_execute", count_down)


@contextmanager
def skewed(seconds: int) -> Iterator[None]:
    """Let the store's clock be so far ahead of ours, or behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: int(time.time()) + seconds)
        yield


class Stage(Protocol):
    """What a story does at a store of one platform.

    Stories share a store: `renew` lets it be as it was when the app had just been installed.
    `letters` are deliveries that may be lost, `sure_letters` those that the platform repeats until
    they are taken and of which nothing else tells.
    """

    context: Context
    id: UUID
    letters: list[Callable[[], Letter]]
    sure_letters: list[Callable[[], Letter]]
    may_trash: bool
    may_merge: bool

    @property
    def store(self) -> Store: ...
    def renew(self) -> None: ...
    def fail(self, *faults: Fault) -> None:
        """Let the store's API have these faults, and no others."""

    def scope(self) -> AbstractContextManager[Session]: ...
    def catch_up(self) -> None: ...
    def buy(self, customer: int, email: str, names: Sequence[str], age: int, *, paid: bool) -> None:
        """Place an order, so many days ago, of an account or (0) of a guest."""

    def spend(self, customer: int, email: str, names: Sequence[str], code: str, paid: bool) -> bool:
        """Place an order of an account that uses a code; False if the store does not let it."""
        ...

    def codes_that_work(self) -> set[str]:
        """The codes that the store would take now, were it not for who uses them."""
        ...

    def pay(self, order: Order) -> None: ...
    def trash(self, order: Order) -> None:
        """Move an order to the trash, or take it out."""

    def delete(self, order: Order) -> None: ...
    def cancel(self, order: Order) -> None: ...
    def give_back(self, order: Order, percent: int) -> None:
        """Refund a share of what is left of an order's first line."""

    def open_account(self, email: str) -> None: ...
    def merge(self, kept: int, removed: int) -> None: ...
    def kept(self, order: Order) -> int: ...
    def shown(self, customer: Customer) -> dict[str, str]: ...


def renew_store(store: Store) -> None:
    """Let a store hold what a new one holds, and know the app as before."""
    renew(store, small_store(), STORE_KEPT)
    # Whoever remembers lists of orders asks by it whether they have changed.
    store.orders_version += 1


def renew(held: object, fresh: object, kept: Collection[str]) -> None:
    """Let an object hold what a new one of its kind holds, but for the members that are kept."""
    vars(held).update({name: one for name, one in vars(fresh).items() if name not in kept})


def counts(order: Order) -> bool:
    """Whether an order is paid, and not undone."""
    return order.status in orders.PAID_STATUSES


def post(letter: Letter) -> None:
    """Deliver a letter, which the app must take."""
    answer = requests.post(letter.url, letter.body, headers=letter.headers, timeout=30)
    assert answer.status_code == 200, answer.text
