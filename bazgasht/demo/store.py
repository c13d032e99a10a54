"""The pretend store, as the demo meets it: over HTTP only."""

from collections.abc import Iterator
from typing import Any

import requests
from woocommerce import API

SECONDS = 60


class DemoStore:
    """A running sandbox store: its levers, and its REST interface with a key of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._api: API | None = None

    def is_up(self) -> bool:
        """Whether it answers yet."""
        try:
            return self._session.get(f"{self.url}/sandbox/state", timeout=2).ok
        except requests.RequestException:
            return False

    def state(self) -> dict[str, int]:
        """Counts of what it holds, and of its deliveries."""
        answer = self._session.get(f"{self.url}/sandbox/state", timeout=SECONDS)
        answer.raise_for_status()
        counts: dict[str, int] = answer.json()
        return counts

    def new_key(self) -> tuple[str, str]:
        """A key as a merchant makes one in the store's admin."""
        answer = self._session.post(
            f"{self.url}/sandbox/keys", json={"description": "Bazgasht"}, timeout=SECONDS
        )
        answer.raise_for_status()
        key = answer.json()
        return key["consumer_key"], key["consumer_secret"]

    def stream(self, orders: int, per_second: float) -> None:
        """Let the next orders of the data arrive as checkouts."""
        self._session.post(
            f"{self.url}/sandbox/live",
            json={"orders": orders, "per_second": per_second},
            timeout=SECONDS,
        ).raise_for_status()

    def placed(self) -> int:
        """How many streamed orders were placed so far."""
        answer = self._session.get(f"{self.url}/sandbox/live", timeout=SECONDS)
        answer.raise_for_status()
        return int(answer.json()["placed"])

    def everything(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every object of a listing, as the store's REST interface gives it."""
        if self._api is None:
            key, secret = self.new_key()
            self._api = API(self.url, key, secret, version="wc/v3", timeout=SECONDS)
        page = 1
        while True:
            query = {"per_page": 100, "page": page, "orderby": "id", "order": "asc", **parameters}
            answer = self._api.get(path, params=query)
            answer.raise_for_status()
            yield from answer.json()
            if page >= int(answer.headers.get("X-WP-TotalPages", "1")):
                return
            page += 1
