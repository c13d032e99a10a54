"""What the routes of the pretend WooCommerce store share."""

from dataclasses import dataclass

from sandbox.delivery import Deliveries
from sandbox.order_lists import OrderLists
from sandbox.payloads.accounts import is_hidden_meta
from sandbox.records import Customer, Product
from sandbox.rest.authentication import Authenticator
from sandbox.services import Services


@dataclass(frozen=True)
class WooCommerceServices(Services):
    """One running WooCommerce store."""

    deliveries: Deliveries
    authenticator: Authenticator
    order_lists: OrderLists

    def recommended_ids(self, product: Product) -> list[int]:
        """The product's cross-sells."""
        ids = product.cross_sell_ids
        return ids if isinstance(ids, list) else list(ids.values())

    def notes(self, customer: Customer) -> list[tuple[str, object]]:
        """The account's meta data, what REST hides left out."""
        return [(row.key, row.value) for row in customer.meta if not is_hidden_meta(row.key)]

    def counts(self) -> dict[str, int]:
        """How much the store holds, with its webhooks and keys."""
        own = {"webhooks": len(self.store.webhooks), "keys": len(self.store.keys)}
        return super().counts() | own
