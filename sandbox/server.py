"""The running store: the Flask app, its server, and a helper for tests."""

import ssl
from threading import Thread
from types import TracebackType
from typing import Self

from flask import Flask

from sandbox import control, storefront, wc_auth, woocommerce
from sandbox.delivery import Deliveries, DeliveryPolicy
from sandbox.faults import Fault, Faults
from sandbox.live import LiveOrders
from sandbox.order_lists import OrderLists
from sandbox.records import ApiKey
from sandbox.rest.authentication import Authenticator
from sandbox.services import EXTENSION, Services
from sandbox.store import Store
from sandbox.wsgi import Server


def create_app(store: Store, deliveries: Deliveries | None = None) -> Flask:
    """The app of a store; it delivers nothing until its deliveries are started."""
    app = Flask(__name__)
    app.url_map.strict_slashes = False
    app.extensions[EXTENSION] = Services(
        store=store,
        deliveries=deliveries or Deliveries(store),
        authenticator=Authenticator(store),
        faults=Faults(),
        live=LiveOrders(store),
        order_lists=OrderLists(store),
    )
    woocommerce.register(app)
    app.register_blueprint(wc_auth.routes)
    app.register_blueprint(control.routes)
    app.register_blueprint(storefront.routes)
    return app


class RunningStore:
    """A store that serves and delivers while the context lasts.

    `url` is its address, without a trailing slash; by default a free loopback port. With
    `tls` it serves https. `delivery` shapes how webhooks are delivered.
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
        self.store = store
        self.deliveries = Deliveries(store, delivery)
        self.app = create_app(store, self.deliveries)
        self.services: Services = self.app.extensions[EXTENSION]
        self.server = Server(address, self.app, tls)
        store.url = url or f"{self.server.scheme}://{address[0]}:{self.server.port}"
        self._thread = Thread(target=self._serve, name="sandbox store", daemon=True)

    def _serve(self) -> None:
        self.server.serve_forever(poll_interval=0.02)

    @property
    def url(self) -> str:
        """The store's address without a trailing slash."""
        return self.store.url

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Serve and deliver."""
        self.deliveries.start()
        self._thread.start()

    def stop(self) -> None:
        """End serving and delivering."""
        self.services.live.stop()
        self.server.stop()
        self.deliveries.stop()
        self._thread.join()

    def new_key(self, role: str = "administrator", permissions: str = "read_write") -> ApiKey:
        """A REST key of a user with a role: administrator or shop_manager."""
        owner = self.store.user_with_role(role)
        return self.store.new_key(user_id=owner.id, permissions=permissions)

    def add_fault(self, fault: Fault) -> None:
        """Switch a fault on."""
        self.services.faults.add(fault)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.services.faults.clear()

    def drain_deliveries(self, timeout: float = 30) -> None:
        """Wait until no webhook delivery waits or is in flight."""
        self.deliveries.drain(timeout)
