"""How fast deliveries are acknowledged, each after a durable commit."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from uuid import UUID

import numpy as np
import psutil
from sqlalchemy import func, select

from bench.installation import SECRET, Installation, free_port, process, wait_for
from bench.load import Outcome, Plan
from bench.tables import print_table
from database.models import InboxEvent
from database.session import store_transaction
from jobs import queue

SECONDS = 20
WARM_UP_SECONDS = 3
CLOSED_SENDERS = 32
CLOSED_COUNT = 8_000
MOST_SECONDS = 180


@dataclass(frozen=True)
class Load:
    """A row of the table: `rate` is 0 for a closed loop; `draining` lets a worker run beside."""

    name: str
    rate: int
    keep_alive: bool
    draining: bool = False


LOADS = (
    Load("300/s, connections kept", 300, keep_alive=True),
    Load("300/s, one connection each", 300, keep_alive=False),
    Load("300/s, one each, a worker draining", 300, keep_alive=False, draining=True),
    Load("1,000/s, connections kept", 1_000, keep_alive=True),
    Load("1,000/s, one connection each", 1_000, keep_alive=False),
    Load(f"{CLOSED_SENDERS} senders, as fast as they can", 0, keep_alive=True),
)


def measure(made: Installation) -> None:
    """Print the table of acknowledgements."""
    port = free_port()
    environment = {**made.environment(), "BAZGASHT_PORT": str(port)}
    with process(["-m", "bazgasht", "web"], environment) as web:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        runner = _Runner(made, port, web.pid)
        runner.run(Load("warm-up", 300, keep_alive=True), WARM_UP_SECONDS)
        rows = [runner.run(load, SECONDS) for load in LOADS]
    print_table(
        "1. Durable acknowledgements (signed orders of 10 KB; times in ms from when each was due)",
        ["load", "answers/s", "p50", "p99", "p99.9", "largest", "failed", "late p99", "cores"],
        rows,
    )
    print(
        "   late: how long after it was due the generator, on the same cores, sent a delivery.\n"
        "   cores: processor time of the web process and of PostgreSQL, per second."
    )


class _Runner:
    def __init__(self, made: Installation, port: int, web: int) -> None:
        self._made, self._port, self._sent = made, port, 0
        postgres = made.services.servers[0].process
        self._processes = [web, *([postgres] if postgres else [])]

    def run(self, load: Load, seconds: int) -> list[str]:
        """Apply a load to a fresh store; its row of the table."""
        store_id = self._made.add_store()
        count = load.rate * seconds or CLOSED_COUNT
        plan = Plan(
            host="127.0.0.1",
            port=self._port,
            path=f"/webhooks/woocommerce/{store_id}",
            secret=SECRET,
            first=self._sent,
            count=count,
            keep_alive=load.keep_alive,
            rate=load.rate,
            senders=CLOSED_SENDERS,
        )
        self._sent += count
        # What earlier stores asked for is not drained now.
        self._made.context.redis.flushdb()
        with _worker(self._made) if load.draining else _nobody():
            before = _cpu_seconds(self._processes)
            outcome = _generate(plan)
            spent = [b - a for a, b in zip(before, _cpu_seconds(self._processes), strict=True)]
        self._check(store_id, outcome)
        return _row(load, outcome, count, spent)

    def _check(self, store_id: UUID, outcome: Outcome) -> None:
        answered = outcome.statuses.get("200", 0)
        with store_transaction(self._made.context.engine, store_id) as session:
            kept = session.scalar(select(func.count()).select_from(InboxEvent)) or 0
        if kept < answered:
            raise RuntimeError(f"{answered} deliveries were answered 200, but {kept} are kept")


def _row(load: Load, outcome: Outcome, count: int, spent: list[float]) -> list[str]:
    milliseconds = np.percentile(np.array(outcome.latencies) * 1_000, [50, 99, 99.9, 100])
    late = np.percentile(np.array(outcome.lateness) * 1_000, 99) if load.rate else 0.0
    return [
        load.name,
        f"{outcome.statuses.get('200', 0) / outcome.seconds:,.0f}",
        *(f"{value:,.1f}" for value in milliseconds),
        f"{count - outcome.statuses.get('200', 0):,}",
        f"{late:,.1f}" if load.rate else "",
        " + ".join(f"{seconds / outcome.seconds:.2f}" for seconds in spent),
    ]


def _generate(plan: Plan) -> Outcome:
    finished = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(plan)).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=MOST_SECONDS,
    )
    answer: Mapping[str, object] = json.loads(finished.stdout)
    return Outcome(**answer)  # type: ignore[arg-type]


@contextmanager
def _worker(made: Installation) -> Iterator[None]:
    with process(["-m", "bazgasht", "worker", queue.EVENTS], made.environment()):
        yield


@contextmanager
def _nobody() -> Iterator[None]:
    yield


def _cpu_seconds(identifiers: list[int]) -> list[float]:
    """Processor time of processes with all that they started, ended ones included."""
    return [_tree_seconds(psutil.Process(identifier)) for identifier in identifiers]


def _tree_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    total = times.children_user + times.children_system
    for member in [process, *process.children(recursive=True)]:
        own = member.cpu_times()
        total += own.user + own.system
    return float(total)
