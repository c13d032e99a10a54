"""A store of any platform that serves and delivers while a context lasts."""

import ssl
from threading import Thread
from types import TracebackType
from typing import Any, Self

from flask import Flask

from sandbox.delivery_queue import DeliveryQueue
from sandbox.faults import Fault
from sandbox.services import EXTENSION, Services
from sandbox.store import Store
from sandbox.wsgi import Server


class Running:
    """Serves an app whose extension holds `Services`.

    `url` is the store's address, without a trailing slash; by default a free loopback port.
    With `tls` it serves https.
    """

    def __init__(
        self,
        app: Flask,
        *,
        address: tuple[str, int] = ("127.0.0.1", 0),
        url: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.app = app
        shared: Services = app.extensions[EXTENSION]
        self.store: Store = shared.store
        self._shared = shared
        self.server = Server(address, app, tls)
        self.store.url = url or f"{self.server.scheme}://{address[0]}:{self.server.port}"
        self._thread = Thread(target=self._serve, name="sandbox store", daemon=True)

    def _serve(self) -> None:
        self.server.serve_forever(poll_interval=0.02)

    @property
    def url(self) -> str:
        """The store's address without a trailing slash."""
        return self.store.url

    @property
    def deliveries(self) -> DeliveryQueue[Any]:
        """The queue of webhook deliveries."""
        return self._shared.deliveries

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
        self._shared.live.stop()
        self.server.stop()
        self.deliveries.stop()
        self._thread.join()

    def wait(self) -> None:
        """Block until the store is stopped from elsewhere."""
        self._thread.join()

    def add_fault(self, fault: Fault) -> None:
        """Switch a fault on."""
        self._shared.faults.add(fault)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._shared.faults.clear()

    def drain_deliveries(self, timeout: float = 30) -> None:
        """Wait until no webhook delivery waits or is in flight."""
        self.deliveries.drain(timeout)
