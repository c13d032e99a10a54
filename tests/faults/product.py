"""The whole product as processes of its own, to be killed and started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import requests
from psycopg.rows import dict_row
from redis import Redis

PATIENCE = 180.0
PARTS = ("web", "scheduler", "events", "compute", "writes", "history")
SERVERS = ("postgres", "valkey")


def free_port() -> int:
    """A loopback port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], problem: str, seconds: float = PATIENCE) -> None:
    """Wait until the condition holds; fail with the problem when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{problem}, after {seconds:.0f} seconds"
        time.sleep(0.1)


class Product:
    """`bazgasht run` with embedded services, and the processes that it consists of.

    They go by short names: those of PARTS and SERVERS, and `run` for the command itself.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.endswith("_URL")},
            "BAZGASHT_DATA_DIRECTORY": str(directory),
            "BAZGASHT_PORT": str(self.port),
            "BAZGASHT_PUBLIC_URL": self.url,
            "BAZGASHT_DEVELOPMENT": "true",
            "BAZGASHT_LOG_LEVEL": "WARNING",
        }
        self._run: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with (self.directory / "run.log").open("ab") as log:
            self._run = subprocess.Popen(
                [sys.executable, "-m", "bazgasht", "run"],
                env=self.environment,
                cwd=Path(__file__).parents[2],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until database, queue and web answer."""
        wait_for(self.is_ready, "the product is not ready")

    def is_ready(self) -> bool:
        """Whether database, queue and web answer."""
        with suppress(requests.RequestException):
            return requests.get(f"{self.url}/readyz", timeout=10).ok
        return False

    def log(self) -> str:
        """The end of what it has written."""
        return (self.directory / "run.log").read_text("utf-8")[-2000:]

    def processes(self, name: str = "") -> list[psutil.Process]:
        """Its processes, services included, whoever started them: all, or those of a name."""
        return [process for process in psutil.process_iter() if self._is_ours(process, name)]

    def _is_ours(self, process: psutil.Process, name: str) -> bool:
        with suppress(psutil.Error):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                return False
            # The servers work in the data directory, the parts are told of it.
            if not Path(process.cwd()).is_relative_to(self.directory):
                directory = process.environ().get("BAZGASHT_DATA_DIRECTORY")
                if directory != str(self.directory):
                    return False
            return not name or _is_named(process.cmdline(), name)
        return False

    def kill(self, name: str = "") -> int:
        """kill -9 every process, or those of a name; how many there were."""
        victims = self.processes(name)
        for process in victims:
            with suppress(psutil.Error):
                process.kill()
        if self._run is not None and name in ("", "run"):
            self._run.wait(PATIENCE)
        return len(victims)

    def interrupt(self) -> int:
        """Press Ctrl-C, and return the exit code."""
        assert self._run is not None
        self._run.send_signal(signal.SIGINT)
        return self._run.wait(PATIENCE)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Rows of all stores, as the role that owns the tables and may only read them."""
        with self._connect("bazgasht_owner") as connection:
            return connection.execute(query.encode()).fetchall()

    def change(self, store_id: object, *statements: str) -> None:
        """Change rows of a store, as the app's own role."""
        with self._connect("bazgasht_app") as connection:
            connection.execute("SELECT set_config('bazgasht.store', %s, true)", [str(store_id)])
            for statement in statements:
                connection.execute(statement.encode())

    def _connect(self, role: str) -> psycopg.Connection[dict[str, Any]]:
        folder = self.directory / "postgresql"
        return psycopg.connect(
            host="127.0.0.1",
            port=int((folder / "port").read_text("ascii")),
            user=role,
            password=json.loads((folder / "credentials.json").read_text("ascii"))[role],
            dbname="bazgasht",
            connect_timeout=5,
            row_factory=dict_row,
        )

    def redis(self) -> Redis:
        """The queue's server."""
        folder = self.directory / "valkey"
        return Redis(
            port=int((folder / "port").read_text("ascii")),
            password=json.loads((folder / "credentials.json").read_text("ascii"))["password"],
        )


def _is_named(words: list[str], name: str) -> bool:
    if name == "postgres":
        return "-D" in words
    if name == "valkey":
        return any(program in words[0] for program in ("valkey-server", "redis-server"))
    return "bazgasht" in words and words[-1] == name
