"""A bound on the whole time of an HTTP exchange, for `requests` over urllib3.

The timeouts of a socket start anew with every byte, so a server that sends a byte now and then
could hold a worker for hours. Here a timer shuts the socket down instead.
"""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Any, Self

from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

_under_way = threading.local()


class Deadline:
    """Ends the exchange made within it by this thread when `seconds` have passed.

    The exchange then fails, or seems to end early: `expired` tells.
    """

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        _under_way.deadline = self
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        _under_way.deadline = None

    def watch(self, used: socket.socket | None) -> None:
        """End the exchange over this socket; TimeoutError if it is too late already."""
        self._socket = used
        if self.expired:
            raise TimeoutError

    def _expire(self) -> None:
        self.expired = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # It may be closed already.
                # The method of the plain socket: that of TLS would wait for the other side.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class DeadlineAdapter(IPFilterAdapter):  # type: ignore[misc]  # The library has no types.
    """The guard against private addresses, over connections that keep to a `Deadline`."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools of connections, as `requests` does, of our own kind."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def _watch(connection: HTTPConnection) -> None:
    deadline: Deadline | None = getattr(_under_way, "deadline", None)
    if deadline is not None:
        deadline.watch(connection.sock)


class _Connection(HTTPConnection):
    # The request is sent and the socket is there: from here on the server sets the pace.
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        _watch(self)
        return super().getresponse()


class _SecureConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        _watch(self)
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
