"""A small server that takes what the store sends and answers as the path says."""

import json
import ssl
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import trustme


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def topic(self) -> str | None:
        return self.headers.get("X-WC-Webhook-Topic") or self.headers.get("X-Shopify-Topic")

    @property
    def is_ping(self) -> bool:
        return self.body.startswith(b"webhook_id=")

    def json(self) -> Any:
        return json.loads(self.body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Received(self.command, self.path, dict(self.headers.items()), body)
        self.server.owner.requests.append(request)
        status = self.server.owner.status_for(request)
        self.send_response(status)
        if status in {301, 302, 307, 308}:
            self.send_header("Location", f"{self.server.owner.url}/followed")
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    do_POST = do_GET = _take  # noqa: N815


class _Server(ThreadingHTTPServer):
    owner: "Receiver"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A store that gave up waiting has closed the connection."""


@dataclass
class Receiver:
    """Answers `/ok` with 200, `/code/N` with N, `/slow/S` after S seconds.

    `ping_status` answers pings whatever their path.
    """

    tls: ssl.SSLContext | None = None
    ping_status: int | None = None
    authority: trustme.CA | None = None
    requests: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    def status_for(self, request: Received) -> int:
        if request.is_ping and self.ping_status is not None:
            return self.ping_status
        _empty, kind, *rest = request.path.split("/")
        if kind == "slow":
            time.sleep(float(rest[0]))
        return int(rest[0]) if kind == "code" else 200

    @property
    def deliveries(self) -> list[Received]:
        return [request for request in self.requests if not request.is_ping]

    @property
    def topics(self) -> list[str | None]:
        return [request.topic for request in self.deliveries]

    def forget(self) -> None:
        self.requests.clear()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
