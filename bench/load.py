"""A load generator in a process of its own: `python -m bench.load` reads a plan from its input.

An open loop sends each delivery at the moment it is due, whether or not earlier ones were
answered, and measures from that moment; so a server that stalls cannot hide how many shoppers'
stores had to wait. A closed loop has a number of senders, each of which sends its next delivery
when the last was answered.
"""

import asyncio
import gc
import json
import random
import sys
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter

from bench.orders import bodies, headers

MOST_CONNECTIONS = 512
WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class Plan:
    """What to send where.

    Attributes:
        rate: deliveries per second at random moments (a Poisson process); 0 for a closed loop.
        senders: how many deliveries a closed loop keeps under way.
        keep_alive: use connections again; else each delivery has its own, as WooCommerce does.
        first: number of the first order.
    """

    host: str
    port: int
    path: str
    secret: str
    first: int
    count: int
    keep_alive: bool
    rate: float = 0.0
    senders: int = 0


@dataclass
class Outcome:
    """What came of a plan; times in seconds.

    Attributes:
        latencies: from when each answered delivery was due until its answer.
        lateness: from when each delivery was due until it was handed to a connection.
        statuses: how often each HTTP status was answered; 0 for no answer.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)


class Connection(asyncio.Protocol):
    """One connection, with at most one request under way."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[int] | None = None
        self.is_open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  TCP gives no other.
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Finish the request once its answer's head has come; bodies are short or empty."""
        self._received += data
        head, found, _ = self._received.partition(b"\r\n\r\n")
        if found and self._answer is not None and not self._answer.done():
            self.is_open = self.is_open and b"connection: close" not in head.lower()
            self._answer.set_result(int(head[9:12]))

    def connection_lost(self, _error: Exception | None) -> None:
        """Fail the request under way, if there is one."""
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(0)

    async def send(self, request: bytes) -> int:
        """Send a request; the status of its answer, 0 if none came."""
        if self._transport is None or not self.is_open:
            return 0
        self._received, self._answer = b"", asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await asyncio.wait_for(self._answer, WAIT_SECONDS)
        except TimeoutError:
            return 0

    def close(self) -> None:
        """Close the connection."""
        self.is_open = False
        if self._transport is not None:
            self._transport.close()


class Load:
    """Sends the deliveries of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._idle: deque[Connection] = deque()
        self._free = asyncio.Semaphore(MOST_CONNECTIONS)
        self._statuses: Counter[int] = Counter()
        self._outcome = Outcome()
        self._requests = _requests(plan)

    async def run(self) -> Outcome:
        """Send everything and wait for the last answer."""
        began = perf_counter()
        await (self._open_loop() if self._plan.rate else self._closed_loop())
        self._outcome.seconds = perf_counter() - began
        self._outcome.statuses = {str(key): count for key, count in self._statuses.items()}
        while self._idle:
            self._idle.pop().close()
        return self._outcome

    async def _open_loop(self) -> None:
        chance = random.Random(self._plan.first)
        due = perf_counter()
        tasks = set()
        for request in self._requests:
            due += chance.expovariate(self._plan.rate)
            if (wait := due - perf_counter()) > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self._deliver(request, due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)

    async def _closed_loop(self) -> None:
        waiting = iter(self._requests)

        async def sender() -> None:
            for request in waiting:
                await self._deliver(request, perf_counter())

        await asyncio.gather(*(sender() for _ in range(self._plan.senders)))

    async def _deliver(self, request: bytes, due: float) -> None:
        async with self._free:
            self._outcome.lateness.append(perf_counter() - due)
            connection = self._idle.pop() if self._idle else await self._connect()
            status = await connection.send(request) if connection else 0
            done = perf_counter()
        self._statuses[status] += 1
        if status:
            self._outcome.latencies.append(done - due)
        if connection is not None:
            if self._plan.keep_alive and connection.is_open and status:
                self._idle.append(connection)
            else:
                connection.close()

    async def _connect(self) -> Connection | None:
        loop = asyncio.get_running_loop()
        try:
            _, made = await loop.create_connection(Connection, self._plan.host, self._plan.port)
        except OSError:
            return None
        return made


def _requests(plan: Plan) -> Sequence[bytes]:
    """Every request as bytes, made beforehand so that making them costs nothing under load."""
    return [_request(plan, body) for body in bodies(plan.first, plan.count)]


def _request(plan: Plan, body: bytes) -> bytes:
    lines = {
        "Host": f"{plan.host}:{plan.port}",
        **headers(body, plan.secret),
        "Content-Length": str(len(body)),
        "Connection": "keep-alive" if plan.keep_alive else "close",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {plan.path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def _run(plan: Plan) -> Outcome:
    load = Load(plan)
    # Searching the requests for garbage would only delay sending.
    gc.disable()
    gc.freeze()
    return await load.run()


def main() -> None:
    """Run the plan that standard input has as JSON and write the outcome as JSON."""
    plan = Plan(**json.load(sys.stdin))
    json.dump(asdict(asyncio.run(_run(plan))), sys.stdout)


if __name__ == "__main__":
    main()
