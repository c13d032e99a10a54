"""The whole product as processes of its own, to be killed and started again."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import requests

PATIENCE = 60.0


def free_port() -> int:
    """A loopback port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], problem: str, seconds: float = PATIENCE) -> None:
    """Wait until the condition holds; fail with the problem when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{problem}, after {seconds:.0f} seconds"
        time.sleep(0.1)


class Product:
    """`bazgasht run` with embedded services, and the processes that it consists of."""

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
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with (self.directory / "run.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bazgasht", "run"],
                env=self.environment,
                cwd=Path(__file__).parents[2],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        wait_for(self.is_ready, f"the product does not start: {self.log()}")

    def log(self) -> str:
        """The end of what it has written."""
        return (self.directory / "run.log").read_text("utf-8")[-2000:]

    def is_ready(self) -> bool:
        """Whether database, queue and web answer."""
        with suppress(requests.RequestException):
            return requests.get(f"{self.url}/readyz", timeout=2).ok
        return False

    def processes(self, pattern: str = "") -> list[psutil.Process]:
        """Its processes, services included, whose command line matches."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                line = " ".join(process.cmdline())
                if self._is_ours(process, line) and re.search(pattern, line):
                    found.append(process)
        return found

    def _is_ours(self, process: psutil.Process, line: str) -> bool:
        if str(self.directory) in line:
            return True
        if process.pid == os.getpid() or "python" not in line:
            return False
        return process.environ().get("BAZGASHT_DATA_DIRECTORY") == str(self.directory)

    def kill(self, pattern: str = "") -> int:
        """kill -9 every process that matches; how many there were."""
        victims = self.processes(pattern)
        for process in victims:
            with suppress(psutil.Error):
                process.kill()
        if self.process and not pattern:
            self.process.wait()
        return len(victims)

    def interrupt(self) -> int:
        """Press Ctrl-C, and return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)
