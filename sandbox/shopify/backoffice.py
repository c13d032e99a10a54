"""What merchants do with products, collections and customers, each with its events."""

from sandbox import clock
from sandbox.operations import categories, products
from sandbox.operations import customers as accounts
from sandbox.records import Customer, Product
from sandbox.shopify.events import Events
from sandbox.shopify.gid import gid
from sandbox.shopify.payloads import customers as customer_payloads
from sandbox.shopify.shop import Shop

STATUSES = {"ACTIVE": "publish", "DRAFT": "draft", "ARCHIVED": "private"}


class Backoffice:
    """The merchant at everything but orders.

    Every method takes the numbers in the global ids, and raises KeyError when there is no such
    object.
    """

    def __init__(self, shop: Shop, events: Events) -> None:
        self.shop = shop
        self.store = shop.store
        self.events = events

    def change_product(
        self, product_id: int, *, title: str | None = None, status: str | None = None
    ) -> Product:
        """Rename a product or change its ProductStatus: products/update."""
        with self.store.change():
            product = self.store.products[product_id]
            product.name = product.name if title is None else title
            if status is not None:
                product.status = STATUSES[status]
            products.changed(self.store, product)
            return product

    def delete_product(self, product_id: int) -> None:
        """Delete a product: products/delete."""
        with self.store.change():
            products.delete(self.store, self.store.products[product_id])
            self.shop.metafields.by_owner.pop(gid("Product", product_id), None)
            self.store.fire("products/delete", product_id)

    def rename_collection(self, collection_id: int, title: str) -> None:
        """Rename a collection: collections/update."""
        with self.store.change():
            self.store.categories[collection_id].name = title
            self.store.fire("collections/update", collection_id)

    def delete_collection(self, collection_id: int) -> None:
        """Delete a collection: collections/delete and nothing about its products."""
        with self.store.change():
            categories.delete(self.store, collection_id)
            self.store.fire("collections/delete", collection_id)

    def fill_collection(self, collection_id: int, product_id: int, *, take_out: bool) -> None:
        """Put a product into a collection or take it out, by hand: collections/update."""
        with self.store.change():
            product = self.store.products[product_id]
            rest = tuple(one for one in product.category_ids if one != collection_id)
            self.store.file_product(product, rest if take_out else (*rest, collection_id))
            self.store.fire("collections/update", collection_id)

    def create_customer(self, email: str, first_name: str = "", last_name: str = "") -> Customer:
        """Open an account: customers/create and customers/update."""
        with self.store.change():
            made = Customer(
                id=self.store.next_user_id(),
                email=email,
                username=email.split("@", maxsplit=1)[0],
                created=clock.now(),
                first_name=first_name,
                last_name=last_name,
                billing={"email": email, "first_name": first_name, "last_name": last_name},
            )
            accounts.create(self.store, made)
            return made

    def merge_customers(self, kept: int, removed: int) -> None:
        """Make two customers one: the orders of the removed one become the kept one's."""
        with self.store.change():
            gone = self.store.customers.pop(removed)
            self.store.customer_ids_by_email[gone.email.lower()] = kept
            for order in self.store.orders.values():
                if order.customer_id == removed:
                    order.customer_id = kept
            self.store.orders_version += 1
            self.shop.metafields.by_owner.pop(gid("Customer", removed), None)
            accounts.changed(self.store, self.store.customers[kept])
            self.events.tell("customers/merge", customer_payloads.merged(kept, removed))

    def delete_customer(self, customer_id: int) -> None:
        """Delete a customer: customers/delete; the orders stay, without a customer."""
        with self.store.change():
            accounts.delete(self.store, self.store.customers[customer_id])
            self.shop.metafields.by_owner.pop(gid("Customer", customer_id), None)

    def pick(self, product_id: int, namespace: str, key: str, type_name: str, value: str) -> None:
        """Set a metafield of a product by hand, as a merchant does: products/update."""
        with self.store.change():
            owner = gid("Product", product_id)
            self.shop.metafields.put(owner, namespace, key, type_name, value)
            products.changed(self.store, self.store.products[product_id])
