"""The running store: the Flask app, its server, and a helper for tests."""

import ssl
from threading import Thread
from types import TracebackType
from typing import Self

from flask import Flask

from sandbox import woocommerce
from sandbox.delivery import Deliveries
from sandbox.faults import Fault, Faults
from sandbox.live import LiveOrders
from sandbox.order_lists import OrderLists
from sandbox.records import ApiKey
from sandbox.rest.authentication import Authenticator
from sandbox.services import EXTENSION, Services
from sandbox.store import Store
from sandbox.wsgi import Server


def create_app(
    store: Store, *, deliveries: Deliveries | None = None, verify: bool | str | None = None
) -> Flask:
    """The app of a store.

    `verify` names the CA file trusted for webhook and wc-auth calls over TLS; without it
    REQUESTS_CA_BUNDLE does. The app delivers nothing until its deliveries are started.
    """
    app = Flask(__name__)
    app.url_map.strict_slashes = False
    app.extensions[EXTENSION] = Services(
        store=store,
        deliveries=deliveries or Deliveries(store, verify=verify),
        authenticator=Authenticator(store),
        faults=Faults(),
        live=LiveOrders(store),
        order_lists=OrderLists(store),
        verify=verify,
    )
    woocommerce.register(app)
    return app


class RunningStore:
    """A store that serves on a loopback port while the context lasts.

    `url` is its address. With `tls` it serves https. `verify`, `shuffle_seed` and
    `delivery_timeout` (seconds) shape how webhooks are delivered.
    """

    def __init__(
        self,
        store: Store,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        url: str | None = None,
        tls: ssl.SSLContext | None = None,
        verify: bool | str | None = None,
        shuffle_seed: int | None = None,
        delivery_timeout: float = 60,
        ping_timeout: float = 5,
    ) -> None:
        self.store = store
        self.deliveries = Deliveries(
            store,
            verify=verify,
            shuffle_seed=shuffle_seed,
            timeout=delivery_timeout,
            ping_timeout=ping_timeout,
        )
        self.app = create_app(store, deliveries=self.deliveries, verify=verify)
        self.services: Services = self.app.extensions[EXTENSION]
        self.server = Server((host, port), self.app, tls)
        store.url = url or f"{self.server.scheme}://{host}:{self.server.port}"
        self._thread = Thread(target=self._serve, name="sandbox store", daemon=True)

    def _serve(self) -> None:
        self.server.serve_forever(poll_interval=0.05)

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
