"""The running WooCommerce store: its Flask app, and a helper for tests."""

import ssl

from flask import Flask

from sandbox import control, storefront, wc_auth, wc_control, woocommerce
from sandbox.delivery import Deliveries, DeliveryPolicy
from sandbox.faults import Faults
from sandbox.live import LiveOrders
from sandbox.order_lists import OrderLists
from sandbox.records import ApiKey
from sandbox.rest.authentication import Authenticator
from sandbox.rest.services import WooCommerceServices
from sandbox.running import Running
from sandbox.services import EXTENSION
from sandbox.store import Store


def create_app(store: Store, deliveries: Deliveries | None = None) -> Flask:
    """The app of a store; it delivers nothing until its deliveries are started."""
    app = Flask(__name__)
    app.url_map.strict_slashes = False
    app.extensions[EXTENSION] = WooCommerceServices(
        store=store,
        deliveries=deliveries or Deliveries(store),
        authenticator=Authenticator(store),
        faults=Faults(woocommerce.FAULT_KINDS),
        live=LiveOrders(store),
        order_lists=OrderLists(store),
    )
    woocommerce.register(app)
    app.register_blueprint(wc_auth.routes)
    app.register_blueprint(control.routes)
    app.register_blueprint(wc_control.routes)
    app.register_blueprint(storefront.routes)
    return app


class RunningStore(Running):
    """A WooCommerce store that serves and delivers while the context lasts.

    `delivery` shapes how webhooks are delivered; the rest is as for every `Running` store.
    """

    def __init__(
        self,
        store: Store,
        *,
        address: tuple[str, int] = ("127.0.0.1", 0),
        url: str | None = None,
        tls: ssl.SSLContext | None = None,
        delivery: DeliveryPolicy | None = None,
    ) -> None:
        app = create_app(store, Deliveries(store, delivery))
        super().__init__(app, address=address, url=url, tls=tls)
        self.services: WooCommerceServices = app.extensions[EXTENSION]

    def new_key(self, role: str = "administrator", permissions: str = "read_write") -> ApiKey:
        """A REST key of a user with a role: administrator or shop_manager."""
        owner = self.store.user_with_role(role)
        return self.store.new_key(user_id=owner.id, permissions=permissions)
