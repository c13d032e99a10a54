"""From what happens in the store to the webhooks that tell of it."""

from collections.abc import Callable

from sandbox.shopify.deliveries import ShopDeliveries
from sandbox.shopify.gid import gid
from sandbox.shopify.order_state import is_paid
from sandbox.shopify.payloads import customers, orders, products, refunds
from sandbox.shopify.payloads.common import Payload, metafields
from sandbox.shopify.shop import Shop
from sandbox.shopify.subscriptions import Subscription

BodyFor = Callable[[Subscription], Payload]
TYPES = {"orders": "Order", "products": "Product", "customers": "Customer"}
TYPES |= {"collections": "Collection"}
SHARED_TOPICS = {
    "order.created": "orders/create",
    "order.updated": "orders/updated",
    "order.deleted": "orders/delete",
    "product.created": "products/create",
    "product.updated": "products/update",
    "product.deleted": "products/delete",
    "customer.created": "customers/create",
    "customer.updated": "customers/update",
    "customer.deleted": "customers/delete",
}


class Events:
    """Tells subscriptions of events, with bodies of the moment at which they happened."""

    def __init__(self, shop: Shop, deliveries: ShopDeliveries) -> None:
        self.shop = shop
        self.deliveries = deliveries
        shop.store.listener = self.happened

    def happened(self, fired: str, number: int) -> None:
        """Tell of an event about an object, named as the store or as Shopify names it."""
        topic = SHARED_TOPICS.get(fired, fired)
        if "/" not in topic:
            return
        self._tell_object(topic, number)
        order = self.shop.store.orders.get(number)
        if topic == "orders/create" and order is not None and is_paid(order):
            self._tell_object("orders/paid", number)

    def tell(self, topic: str, body: Payload) -> None:
        """Tell of an event with a body that is the same for everyone."""
        self._announce(topic, lambda _subscription: body)

    def _announce(self, topic: str, body_for: BodyFor) -> None:
        told = self.shop.subscriptions.listening(topic, self.shop.scopes)
        if told:
            self.deliveries.announce(topic, told, body_for)

    def _tell_object(self, topic: str, number: int) -> None:
        resource, event = topic.split("/")
        if event == "delete":
            gone = customers.deleted(number) if resource == "customers" else {"id": number}
            self.tell(topic, gone)
            return
        owner = gid(TYPES.get(resource, ""), number)
        body: Payload | None = None

        def body_for(subscription: Subscription) -> Payload:
            nonlocal body
            if body is None:
                body = self._body(resource, number)
            if not subscription.metafield_namespaces:
                return body
            return body | {"metafields": metafields(self.shop, subscription, owner)}

        if self._exists(resource, number):
            self._announce(topic, body_for)

    def _exists(self, resource: str, number: int) -> bool:
        shop, store = self.shop, self.shop.store
        if resource == "products":
            return shop.product(number) is not None
        if resource == "customers":
            return shop.customer(number) is not None
        if resource == "refunds":
            return number in store.refunds
        return number in (store.orders if resource == "orders" else store.categories)

    def _body(self, resource: str, number: int) -> Payload:
        store = self.shop.store
        if resource == "orders":
            return orders.order(self.shop, store.orders[number])
        if resource == "products":
            return products.product(self.shop, store.products[number])
        if resource == "customers":
            return customers.customer(self.shop, store.customers[number])
        if resource == "collections":
            return products.collection(self.shop, store.categories[number])
        refund = store.refunds[number]
        return refunds.refund(self.shop, store.orders[refund.order_id], refund)
