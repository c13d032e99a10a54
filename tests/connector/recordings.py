"""The recordings of a running WooCommerce store, and a loopback server that replays answers."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

FOLDER = Path(__file__).parent.parent / "recordings" / "woocommerce"


@dataclass(frozen=True)
class Delivery:
    """One recorded webhook request."""

    scenario: str
    headers: Mapping[str, str]
    body: bytes
    secret: str | None
    signature_valid: bool | None

    @property
    def topic(self) -> str | None:
        return self.headers.get("X-WC-Webhook-Topic")


@lru_cache(maxsize=1)
def deliveries() -> tuple[Delivery, ...]:
    """Every recorded delivery and ping, in the order of the recordings."""
    found: list[Delivery] = []
    for path in sorted((FOLDER / "webhooks").glob("*.json")):
        recorded = json.loads(path.read_text())
        found.extend(
            Delivery(
                scenario=recorded["scenario"],
                headers=delivery["headers"],
                body=base64.b64decode(delivery["body_b64"]),
                secret=delivery.get("secret"),
                signature_valid=delivery.get("signature_valid"),
            )
            for delivery in recorded["deliveries"]
        )
    return tuple(found)


def delivered(scenario: str, topic: str) -> bytes:
    """The body of the scenario's first delivery of this topic."""
    return next(
        delivery.body
        for delivery in deliveries()
        if delivery.scenario == scenario and delivery.topic == topic
    )


@dataclass(frozen=True)
class Recorded:
    """An answer to replay; a `body` cut short is announced with its whole length."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


def recorded(name: str) -> Recorded:
    """The recorded answer `rest/<name>.json`, its body to the letter."""
    answer = json.loads((FOLDER / "rest" / f"{name}.json").read_text())["response"]
    kept = ("Content-Type", "X-WP-Total", "X-WP-TotalPages")
    headers = {key: answer["headers"][key] for key in kept if key in answer["headers"]}
    return Recorded(answer["body"].encode(), answer["status"], headers)


def content(name: str) -> Any:
    """The JSON of the recorded answer `rest/<name>.json`."""
    return json.loads(recorded(name).body)


def answer(value: object, status: int = 200, **headers: str) -> Recorded:
    """A JSON answer made up for a test."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    json_type = {"Content-Type": "application/json; charset=UTF-8"}
    return Recorded(json.dumps(value).encode(), status, {**json_type, **named})


@dataclass(frozen=True)
class Call:
    """A request that the replaying server got."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def content(self) -> Any:
        return json.loads(self.body)


class Replay:
    """Answers each request with the next answer for its method and path, the last one again."""

    def __init__(self, answers: Mapping[str, list[Recorded]], address: str) -> None:
        self.answers = {call: list(some) for call, some in answers.items()}
        self.calls: list[Call] = []
        self.url = address

    def next(self, call: Call) -> Recorded:
        self.calls.append(call)
        some = self.answers[f"{call.method} {call.path}"]
        return some.pop(0) if len(some) > 1 else some[0]


AnyReplay = TypeVar("AnyReplay", bound=Replay)


def replaying(answers: Mapping[str, list[Recorded]]) -> AbstractContextManager[Replay]:
    """A loopback store; `answers` is by method and path, such as "GET /wp-json/wc/v3/orders"."""
    return replaying_as(Replay, answers)


@contextmanager
def replaying_as(
    make: Callable[[Mapping[str, list[Recorded]], str], AnyReplay],
    answers: Mapping[str, list[Recorded]],
) -> Iterator[AnyReplay]:
    """The same with another way of choosing the next answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer_call(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length", "0"))
            call = Call(
                method=self.command,
                path=parts.path,
                query=dict(parse_qsl(parts.query)),
                headers=dict(self.headers),
                body=self.rfile.read(length),
                connection=self.client_address[1],
            )
            given = replay.next(call)
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            announced = len(given.body) if given.length is None else given.length
            self.send_header("Content-Length", str(announced))
            self.end_headers()
            self.wfile.write(given.body)
            self.close_connection = announced != len(given.body)

        do_GET = do_POST = do_PUT = do_DELETE = answer_call  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    replay = make(answers, f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
