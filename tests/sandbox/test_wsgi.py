"""The small server: keep-alive, concurrent connections, and clients that go away."""

import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from sandbox.wsgi import Server

MEETING = Barrier(4, timeout=5)


def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/meet":
        MEETING.wait()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_METHOD']} {environ['QUERY_STRING']} ".encode(), body]


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server(("127.0.0.1", 0), application)
    thread = Thread(target=found.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found
    found.stop()
    thread.join()


def ask(server: Server, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def test_connection_is_kept_for_further_requests(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.connect()
    first_socket = connection.sock
    for number in range(3):
        connection.request("POST", f"/x?n={number}", body=b"abc")
        assert connection.getresponse().read() == f"POST n={number} abc".encode()
    assert connection.sock is first_socket
    connection.close()


def test_connection_is_closed_when_asked(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/", headers={"Connection": "close"})
    response = connection.getresponse()
    assert response.headers["Connection"] == "close"
    response.read()
    connection.close()


def test_requests_are_answered_side_by_side(server: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, [server] * 4, ["/meet"] * 4))
    assert answers == [b"GET  "] * 4


def test_client_that_goes_away_harms_nobody(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    assert ask(server, "/") == b"GET  "


def test_body_beyond_the_limit_is_refused(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")
