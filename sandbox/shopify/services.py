"""What the routes of the pretend Shopify shop share."""

import json
from dataclasses import dataclass
from typing import Any, cast

from sandbox.records import Customer, Product
from sandbox.services import Services
from sandbox.services import services as shared_services
from sandbox.shopify.api.call import Call
from sandbox.shopify.api.execution import AdminApi
from sandbox.shopify.bulk.operations import BulkOperations
from sandbox.shopify.deliveries import ShopDeliveries
from sandbox.shopify.events import Events
from sandbox.shopify.gid import gid, number_in
from sandbox.shopify.installation import Installation
from sandbox.shopify.operations import Merchant
from sandbox.shopify.shop import Shop

RECOMMENDATIONS = "recommendations"


@dataclass(frozen=True)
class ShopServices(Services):
    """One running shop."""

    deliveries: ShopDeliveries
    shop: Shop
    events: Events
    bulk: BulkOperations
    api: AdminApi
    installation: Installation
    merchant: Merchant

    def new_call(self) -> Call:
        """What the resolvers of one request work with."""
        return Call(self.shop, self.events, self.bulk)

    def recommended_ids(self, product: Product) -> list[int]:
        """The product's `$app` metafield, as the theme's block reads it."""
        owner = gid("Product", product.id)
        found = self.shop.metafields.get(owner, "$app", RECOMMENDATIONS)
        listed = json.loads(found.value) if found else []
        numbers = (number_in(one, "Product") for one in listed)
        return [number for number in numbers if number is not None]

    def notes(self, customer: Customer) -> list[tuple[str, object]]:
        """The customer's metafields and tags; the app's own by their keys alone."""
        owner, own = gid("Customer", customer.id), self.shop.app.namespace
        shown: list[tuple[str, object]] = [
            (one.key if one.namespace == own else f"{one.namespace}.{one.key}", one.value)
            for one in self.shop.metafields.of(owner)
        ]
        tags = self.shop.tags.get(owner, ())
        return [*shown, ("tags", list(tags))] if tags else shown

    def counts(self) -> dict[str, int]:
        """How much the shop holds, with what only Shopify has."""
        own = {
            "subscriptions": len(self.shop.subscriptions.by_api()),
            "metafields": sum(map(len, self.shop.metafields.by_owner.values())),
            "bulk_operations": len(self.bulk.listed()),
            "installed": int(self.shop.scopes is not None),
            "refreshes": self.shop.tokens.refreshes,
        }
        return super().counts() | own


def services() -> ShopServices:
    """The shop that answers the request, and what works beside it."""
    return cast(ShopServices, shared_services())


def json_of(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
