"""Sorted lists of orders, remembered until an order changes."""

from collections.abc import Callable

from sandbox.records import Order
from sandbox.store import Store

REMEMBERED_LISTS = 16


class OrderLists:
    """Lists by what was asked for.

    A backfill asks for the same list page after page; sorting 150,000 orders anew for
    each page would take most of the time.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._version = -1
        self._lists: dict[str, list[Order]] = {}

    def remembered(self, asked: str, compute: Callable[[], list[Order]]) -> list[Order]:
        """The list kept under `asked`, computed when none is kept or an order changed."""
        with self.store.lock:
            if self._version != self.store.orders_version or len(self._lists) > REMEMBERED_LISTS:
                self._lists.clear()
                self._version = self.store.orders_version
            if asked not in self._lists:
                self._lists[asked] = compute()
            return self._lists[asked]
