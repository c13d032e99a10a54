"""What the routes of every platform share: the store and what works beside it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from flask import current_app

from sandbox.delivery_queue import DeliveryQueue
from sandbox.faults import Faults
from sandbox.live import LiveOrders
from sandbox.records import Customer, Product
from sandbox.store import Store

EXTENSION = "sandbox"


@dataclass(frozen=True)
class Services(ABC):
    """One running store, whatever its platform."""

    store: Store
    deliveries: DeliveryQueue[Any]
    faults: Faults
    live: LiveOrders

    @abstractmethod
    def recommended_ids(self, product: Product) -> list[int]:
        """The products that a product's page recommends, in their order."""

    @abstractmethod
    def notes(self, customer: Customer) -> list[tuple[str, object]]:
        """What apps have written about a customer, by key."""

    def counts(self) -> dict[str, int]:
        """How much the store holds; called while its lock is held."""
        return {
            "products": len(self.store.products),
            "categories": len(self.store.categories),
            "customers": len(self.store.customers),
            "orders": len(self.store.orders),
            "refunds": len(self.store.refunds),
            "upcoming_orders": len(self.store.upcoming),
        }


def services() -> Services:
    """The store that answers the request, and what works beside it."""
    found: Services = current_app.extensions[EXTENSION]
    return found
