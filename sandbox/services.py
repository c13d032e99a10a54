"""What the routes share: the store and what works beside it."""

from dataclasses import dataclass

from sandbox.delivery import Deliveries
from sandbox.faults import Faults
from sandbox.live import LiveOrders
from sandbox.order_lists import OrderLists
from sandbox.rest.authentication import Authenticator
from sandbox.store import Store

EXTENSION = "sandbox"


@dataclass(frozen=True)
class Services:
    """One running store."""

    store: Store
    deliveries: Deliveries
    authenticator: Authenticator
    faults: Faults
    live: LiveOrders
    order_lists: OrderLists
