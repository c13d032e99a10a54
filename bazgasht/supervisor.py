"""Keeps the parts of the product running as processes of one foreground command."""

import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog

from bazgasht.services import follow

log = structlog.get_logger()

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_SECONDS_OF_HEALTH = 60.0
_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_BETWEEN_CHECKS = 1.0
_STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Part:
    """A program to keep running.

    Attributes:
        name: what the log calls it.
        argv: program and arguments.
        environment: added to the supervisor's own environment.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """Starts parts, starts again the ones that end, and stops them all on a signal.

    Each part leads a session of its own: a terminal's Ctrl-C reaches only the supervisor, which
    passes it on once, and what a part leaves behind is killed with its process group. A part
    also gets SIGTERM if the supervisor itself is killed. Output is the parts' own.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        ensure: Callable[[], object] | None = None,
        grace_period: float = 20.0,
    ) -> None:
        """Nothing starts before `run`.

        Args:
            parts: in the order of their start.
            ensure: called about every second from a thread, to start again services that died.
            grace_period: seconds that the parts have for ending before they are killed.
        """
        self._children = [_Child(part) for part in parts]
        self._ensure = ensure
        self._grace_period = grace_period
        self._signals: list[int] = []
        self._stopping = threading.Event()

    def run(self) -> int:
        """Keep the parts running until SIGINT, SIGTERM or SIGHUP, in the main thread.

        Returns:
            0 if every part ended by itself when told to, 1 if some had to be killed: because the
            grace period passed, or because a second signal said not to wait.
        """
        before = {number: signal.getsignal(number) for number in _STOPPING_SIGNALS}
        for number in _STOPPING_SIGNALS:
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, self._remember)
        watcher = threading.Thread(target=self._watch_services, daemon=True)
        watcher.start()
        try:
            while not self._signals:
                for child in self._children:
                    child.tend()
                time.sleep(_SECONDS_BETWEEN_LOOKS)
        finally:
            self._stopping.set()
            clean = self._stop()
            watcher.join(self._grace_period)
            for number, handler in before.items():
                signal.signal(number, handler)
        return 0 if clean else 1

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _watch_services(self) -> None:
        while self._ensure is not None and not self._stopping.wait(_SECONDS_BETWEEN_CHECKS):
            try:
                self._ensure()
            except Exception as error:  # noqa: BLE001  A watcher that ended would watch nothing.
                log.warning("service_not_restored", error=str(error))

    def _stop(self) -> bool:
        """Pass the signal on, wait, kill what is left; True if nothing had to be killed."""
        number = signal.Signals(self._signals[0] if self._signals else signal.SIGTERM)
        log.info("stopping", signal=number.name)
        for child in self._children:
            child.send(number)
        deadline = time.monotonic() + self._grace_period
        while any(child.is_running() for child in self._children):
            if time.monotonic() > deadline or len(self._signals) > 1:
                break
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        killed = [child.part.name for child in self._children if child.is_running()]
        for child in self._children:
            child.kill()
        if killed:
            log.warning("parts_killed", parts=killed)
        return not killed


class _Child:
    """A part and the process that runs it at the moment, if one does."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due = 0.0
        self._delay = _FIRST_DELAY

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def tend(self) -> None:
        """Start the process if it is due; note its end and when to start it again."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._due:
                self._start()
        elif not self.is_running():
            if now - self._started >= _SECONDS_OF_HEALTH:
                self._delay = _FIRST_DELAY
            log.warning(
                "part_ended",
                part=self.part.name,
                exit_code=self._process.returncode,
                restart_in_seconds=self._delay,
            )
            self.kill()
            self._due = now + self._delay
            self._delay = min(2 * self._delay, _LONGEST_DELAY)

    def send(self, number: signal.Signals) -> None:
        """Signal the process that leads the part, which knows how to end its own children."""
        if self._process is not None and self.is_running():
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kill and reap the process, and whatever is left of its group."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        how = "kernel" if platform.system() == "Linux" else "watcher"
        follower = [sys.executable, "-I", "-S", str(Path(follow.__file__)), how, str(os.getpid())]
        self._process = subprocess.Popen(
            [*follower, *self.part.argv],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.part.environment},
            start_new_session=True,
        )
        self._started = time.monotonic()
        log.info("part_started", part=self.part.name, process=self._process.pid)
