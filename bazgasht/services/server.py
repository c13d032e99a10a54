"""What the embedded servers have in common: one owner, others attached, a fixed port, a log."""

import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import structlog

from bazgasht.services.account import Identity
from bazgasht.services.errors import ServiceError
from bazgasht.services.processes import end_of_log, open_log, server_environment, wait_until
from bazgasht.services.state import FileLock, choose_port

log = structlog.get_logger()

SECONDS_TO_ANSWER = 60.0
_SECONDS_FOR_PASSING_TROUBLE = 30.0


class EmbeddedServer(ABC):
    """A server over a directory of its own, on loopback.

    Whoever starts it first holds a lock for as long as it lives and owns the server; others
    attach to it. A server left running by an owner that was killed is taken over by the next
    one to start, so that a clean stop leaves nothing behind.

    Attributes:
        attached: whether the running server is owned by somebody else.
    """

    title: ClassVar[str]
    seconds_to_start: ClassVar[float]
    passing_troubles: ClassVar[Sequence[str]]

    def __init__(self, directory: Path) -> None:
        """Nothing is touched before `start`.

        Args:
            directory: holds the data, the secrets, the port, the lock and the log.
        """
        self._directory = directory.resolve()
        self._log = self._directory / "server.log"
        self._credentials = self._directory / "credentials.json"
        self._port_file = self._directory / "port"
        self._lock = FileLock(self._directory / "lock")
        self._turn = threading.RLock()
        self._child: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.attached = False

    @property
    @abstractmethod
    def process(self) -> int | None:
        """Process id of the running server, or None."""

    def is_running(self) -> bool:
        """Whether the server that `start` gave us is alive."""
        if self._port == 0:
            return False
        if self._child is not None:
            return self._child.poll() is None
        return self.process is not None

    def start(self) -> None:
        """Start the server, or attach to the one that runs; does nothing if that is done.

        A server that ended comes back on the port it had, so that its URLs stay true.

        Raises:
            ServiceError: it cannot be found, prepared or started; the message says why.
        """
        with self._turn:
            if self.is_running():
                return
            self._prepare_directory()
            self.attached = False
            if not wait_until(self._own_or_attach, SECONDS_TO_ANSWER):
                raise ServiceError(
                    f"another process holds {self._directory / 'lock'}, but its {self.title} did "
                    f"not answer within {SECONDS_TO_ANSWER:.0f} s"
                )
            if self.attached:
                return
            try:
                self._start_as_owner()
            except BaseException:
                self._end_own()
                self._lock.release()
                raise

    def ensure(self) -> bool:
        """Start the server again if it ended though nobody stopped it.

        Returns:
            Whether that was so.

        Raises:
            ServiceError: it does not start; asking again later may help.
        """
        with self._turn:
            died = self._port != 0 and not self.is_running()
            if died:
                log.warning("service_died", service=self.title)
                self.start()
                log.info("service_restored", service=self.title, attached=self.attached)
            return died

    def stop(self) -> None:
        """Stop the server cleanly if we own it; one that we attached to is left alone.

        Raises:
            ServiceError: it did not end.
        """
        with self._turn:
            if self._lock.is_held:
                self._end_own()
                self._lock.release()
            self._port = 0
            self.attached = False

    @abstractmethod
    def _prepare_directory(self) -> None:
        """Make the server's directory."""

    @abstractmethod
    def _port_to_attach_to(self) -> int | None:
        """Port of somebody else's server once it lets us in, None until then."""

    @abstractmethod
    def _start_as_owner(self) -> None:
        """Take over the server that an owner left, or launch one; the lock is held."""

    @abstractmethod
    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        """Start the server's process."""

    @abstractmethod
    def _answers(self, port: int) -> bool:
        """Whether the server on a port is that of our directory and lets us in."""

    @abstractmethod
    def _end_own(self) -> None:
        """End the server that we started or took over, if there is one."""

    def _own_or_attach(self) -> bool:
        if self._lock.acquire():
            return True
        port = self._port_to_attach_to()
        if port is None:
            return False
        self._port, self._child, self.attached = port, None, True
        return True

    def _adopt(self, port: int) -> None:
        self._port, self._child = port, None
        log.warning("service_taken_over", service=self.title, process=self.process)

    def _launch(self) -> None:
        deadline = time.monotonic() + _SECONDS_FOR_PASSING_TROUBLE
        while True:
            port = self._port or choose_port(self._port_file)
            said_before = self._log.stat().st_size if self._log.exists() else 0
            self._child = self._spawn(port)
            if self._becomes_ready(self._child, port):
                self._port = port
                return
            said = end_of_log(self._log, said_before)
            if not self._may_pass(said) or time.monotonic() > deadline:
                raise ServiceError(f"{self.title} did not start; {self._log} ends with: {said}")
            time.sleep(0.2)

    def _may_pass(self, said: str) -> bool:
        """Whether what a server that did not start says is a reason to try again."""
        return any(trouble in said for trouble in self.passing_troubles)

    def _becomes_ready(self, child: subprocess.Popen[bytes], port: int) -> bool:
        """Wait until the server answers; False if it ended instead."""
        answered = wait_until(
            lambda: child.poll() is not None or self._answers(port), self.seconds_to_start
        )
        if not answered:
            raise ServiceError(
                f"{self.title} did not answer within {self.seconds_to_start:.0f} s of its start"
            )
        return child.poll() is None

    def _run(
        self, command: Sequence[str | Path], identity: Identity, kept_open: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a process whose output goes to the log, in a session that no Ctrl-C reaches."""
        with open_log(self._log) as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._directory,
                env=server_environment(),
                start_new_session=True,
                umask=0o077,
                pass_fds=kept_open,
                **identity,
            )
