"""A pretend store as the demo meets it: over HTTP only, the same for every platform."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import requests

SECONDS = 60


class Levers:
    """What every running sandbox store has below /sandbox/."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def is_up(self) -> bool:
        """Whether it answers yet."""
        try:
            return self.session.get(f"{self.url}/sandbox/state", timeout=2).ok
        except requests.RequestException:
            return False

    def pull(self, lever: str, **content: object) -> dict[str, str]:
        """Pull a lever and return what it shows."""
        answer = self.session.post(f"{self.url}/sandbox/{lever}", json=content, timeout=SECONDS)
        answer.raise_for_status()
        shown: dict[str, str] = answer.json()
        return shown

    def state(self) -> dict[str, int]:
        """Counts of what it holds, and of its deliveries."""
        return self._look("state")

    def stream(self, orders: int, per_second: float) -> None:
        """Let the next orders of the data arrive as checkouts."""
        self.pull("live", orders=orders, per_second=per_second)

    def placed(self) -> int:
        """How many streamed orders were placed so far."""
        return self._look("live")["placed"]

    def _look(self, what: str) -> dict[str, int]:
        answer = self.session.get(f"{self.url}/sandbox/{what}", timeout=SECONDS)
        answer.raise_for_status()
        shown: dict[str, int] = answer.json()
        return shown


OURS = ("points", "points_pending", "second_purchase_category")
"""The manifest's names of what is written on an account, in the sequence of `Account`."""


class Account(NamedTuple):
    """An account with the points, the pending ones and the category that are written on it."""

    id: str
    points: str | None
    pending: str | None
    category: str | None


class DemoShop(Protocol):
    """A pretend store of one platform, which people call `title`."""

    platform: str
    title: str
    levers: Levers
    store_url: str
    live_orders: int
    live_per_second: float

    def install(self, app_url: str) -> None:
        """Install the app as a merchant does. RuntimeError says what went wrong."""
        ...

    def cross_sells(self) -> Iterator[tuple[str, list[str]]]:
        """Every product with its list, as the store's API tells it."""
        ...

    def accounts(self) -> Iterator[Account]:
        """Every account with what we have written on it."""
        ...

    def earned(self, account: str) -> int | None:
        """The account's points worked out anew from the store's own orders, None if it cannot."""
        ...

    def links(self, product: str, account: str) -> list[tuple[str, str]]:
        """Pages to look at, by what they show."""
        ...
