"""A small threaded HTTP/1.1 server with keep-alive for a WSGI application.

The servers that come with the standard library and with Flask close the connection after
each answer, which would cost a client of the REST API most of its speed.
"""

import socket
import ssl
import sys
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from threading import Lock
from typing import Any, TypeAlias
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication

LARGEST_BODY = 64 * 1024 * 1024
Address: TypeAlias = Any
ClientSocket: TypeAlias = socket.socket


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: "Server"

    def handle_one_request(self) -> None:
        """Read a request, answer it, and end quietly when the client has gone."""
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            self.close_connection = True

    def finish(self) -> None:
        """Close the connection's files even when the client has gone."""
        try:
            super().finish()
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write no access log: addresses carry signatures."""

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _mark, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.server.scheme,
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            self.send_error(413)
            self.close_connection = True
            return
        body = self.rfile.read(length)
        status_line: list[str] = []
        header_lines: list[tuple[str, str]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _failure: object = None
        ) -> Any:
            status_line.append(status)
            header_lines.extend(headers)

        started: StartResponse = start_response
        chunks = self.server.application(self._environ(body), started)
        try:
            content = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        self._send(status_line[0], header_lines, content)

    def _send(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        code, _space, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        names = {name.lower() for name, _value in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in names:
            self.send_header("Content-Length", str(len(content)))
        if self.close_connection and "connection" not in names:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer  # noqa: N815


class Server(ThreadingMixIn, TCPServer):
    """Serves an application, one thread for each connection.

    `stop` also closes the connections that clients keep alive.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        application: WSGIApplication,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.application = application
        self.scheme = "https" if tls else "http"
        self._tls = tls
        self._clients: set[ClientSocket] = set()
        self._clients_lock = Lock()
        super().__init__(address, Handler)

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self.server_address[1])

    def get_request(self) -> tuple[ClientSocket, Address]:
        """Accept a connection; the TLS handshake waits for the connection's own thread."""
        client, address = self.socket.accept()
        if self._tls is not None:
            client = self._tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        with self._clients_lock:
            self._clients.add(client)
        return client, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that has ended."""
        with self._clients_lock:
            self._clients.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Address) -> None:
        """Show an error, unless the client has merely gone."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop listening and close every connection."""
        self.shutdown()
        self.server_close()
        with self._clients_lock:
            clients = list(self._clients)
        for client in clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
