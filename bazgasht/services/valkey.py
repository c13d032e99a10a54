"""An embedded Valkey (or Redis) server: started, attached to, taken over and stopped."""

import contextlib
import subprocess
import threading
import time
from pathlib import Path

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from bazgasht.services.binaries import ValkeyBinary, find_valkey
from bazgasht.services.errors import ServiceError
from bazgasht.services.processes import end_of_log, open_log, server_environment, wait_until
from bazgasht.services.state import (
    LOOPBACK,
    FileLock,
    choose_port,
    make_directory,
    read_or_create_secrets,
    read_port,
    write_private,
)

log = structlog.get_logger()

_SECONDS_TO_ANSWER = 60.0
_SECONDS_TO_STOP = 30.0
_SECONDS_FOR_PASSING_TROUBLE = 10.0
_PASSING = ("Address already in use", "Failed listening")
_DAMAGED = ("Bad file format reading the append only file", "AOF manifest file")

_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir .
appendonly yes
appendfsync everysec
aof-load-truncated yes
save ""
maxmemory-policy noeviction
daemonize no
"""


class ValkeyServer:
    """Valkey over a directory of its own, on loopback.

    Two locks keep the append-only files safe: the owner's, held by the process that started the
    server or took it over, and the server's, held by the server itself for as long as it lives,
    even when its owner was killed.
    """

    def __init__(self, directory: Path, *, prefer_wheels: bool = False) -> None:
        """Nothing is touched before `start`.

        Args:
            directory: holds the data, the password, the port, the locks and the log.
            prefer_wheels: use the wheel's program even if the system has one.
        """
        self._directory = directory.resolve()
        self._log = self._directory / "server.log"
        self._port_file = self._directory / "port"
        self._prefer_wheels = prefer_wheels
        self._owner_lock = FileLock(self._directory / "lock")
        self._server_lock = FileLock(self._directory / "server.lock")
        self._turn = threading.RLock()
        self._child: subprocess.Popen[bytes] | None = None
        self._password = ""
        self._port = 0
        self.attached = False

    @property
    def url(self) -> str:
        """URL of database 0."""
        if self._port == 0:
            raise ServiceError("Valkey is not started")
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"

    @property
    def process(self) -> int | None:
        """Process id of the server that `start` gave us, or None if it does not answer."""
        try:
            with self._client(self._port) as client:
                return int(client.info("server")["process_id"])
        except redis.RedisError:
            return None

    def is_running(self) -> bool:
        """Whether the server that `start` gave us is alive."""
        if self._port == 0:
            return False
        if self._child is not None:
            return self._child.poll() is None
        return self._answers(self._port)

    def start(self) -> None:
        """Start the server, or attach to the one that runs; does nothing if that is done.

        A server that ended comes back on the port it had, so that its URL stays true.

        Raises:
            ServiceError: it cannot be found or started; the message says why.
        """
        with self._turn:
            if self.is_running():
                return
            make_directory(self._directory, 0o700)
            self.attached = False
            if not wait_until(self._own_or_attach, _SECONDS_TO_ANSWER):
                raise ServiceError(
                    f"another process holds {self._directory / 'lock'}, but its Valkey did not "
                    f"answer within {_SECONDS_TO_ANSWER:.0f} s"
                )
            if not self.attached:
                self._start_as_owner()

    def stop(self) -> None:
        """Stop the server with everything on disk if we own it; else leave it alone.

        Raises:
            ServiceError: it did not end.
        """
        with self._turn:
            if self._owner_lock.is_held:
                self._end_own()
                self._owner_lock.release()
            self._port = 0
            self.attached = False

    def _own_or_attach(self) -> bool:
        if self._owner_lock.acquire():
            return True
        port = read_port(self._port_file)
        secrets = self._directory / "credentials.json"
        if port is not None and secrets.exists():
            self._password = read_or_create_secrets(secrets, ["password"])["password"]
            self.attached = self._answers(port)
        if self.attached:
            self._port, self._child = port or 0, None
        return self.attached

    def _start_as_owner(self) -> None:
        secrets = self._directory / "credentials.json"
        try:
            self._password = read_or_create_secrets(secrets, ["password"])["password"]
            if not self._take_over():
                self._launch(find_valkey(prefer_wheels=self._prefer_wheels))
        except BaseException:
            self._end_own()
            self._owner_lock.release()
            raise

    def _take_over(self) -> bool:
        """Adopt a server whose owner was killed; False, with its lock held, if there is none."""
        port = read_port(self._port_file)
        if not wait_until(
            lambda: self._server_lock.acquire() or self._answers(port), _SECONDS_TO_ANSWER
        ):
            raise ServiceError(
                f"a Valkey that does not answer still holds {self._directory}; end the process "
                f"that has {self._directory / 'server.lock'} open"
            )
        if self._server_lock.is_held:
            return False
        log.warning("valkey_taken_over", port=port)
        self._port, self._child = port or 0, None
        return True

    def _launch(self, binary: ValkeyBinary) -> None:
        deadline = time.monotonic() + _SECONDS_FOR_PASSING_TROUBLE
        while True:
            port = self._port or choose_port(self._port_file)
            said_before = self._log.stat().st_size if self._log.exists() else 0
            self._child = self._spawn(binary, port)
            if self._becomes_ready(self._child, port):
                self._port = port
                self._server_lock.release()
                return
            said = end_of_log(self._log, said_before)
            if any(damage in said for damage in _DAMAGED):
                self._put_damage_aside()
            elif not any(trouble in said for trouble in _PASSING) or time.monotonic() > deadline:
                raise ServiceError(f"Valkey did not start; {self._log} ends with: {said}")
            time.sleep(0.1)

    def _spawn(self, binary: ValkeyBinary, port: int) -> subprocess.Popen[bytes]:
        configuration = self._directory / "valkey.conf"
        write_private(
            configuration, _CONFIGURATION.format(host=LOOPBACK, port=port, password=self._password)
        )
        with open_log(self._log) as output:
            # A session of its own keeps a terminal's Ctrl-C from the server.
            return subprocess.Popen(
                [binary.server, configuration],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._directory,
                env=server_environment(),
                start_new_session=True,
                umask=0o077,
                pass_fds=[self._server_lock.fileno()],
            )

    def _becomes_ready(self, child: subprocess.Popen[bytes], port: int) -> bool:
        answered = wait_until(
            lambda: child.poll() is not None or self._answers(port), _SECONDS_TO_ANSWER
        )
        if not answered:
            raise ServiceError(f"Valkey did not answer within {_SECONDS_TO_ANSWER:.0f} s")
        return child.poll() is None

    def _put_damage_aside(self) -> None:
        """Start over when the files are beyond reading: they hold only what can be queued again."""
        aside = self._directory / f"appendonlydir.damaged-{time.time_ns()}"
        log.error("valkey_append_only_files_damaged", kept_as=str(aside))
        (self._directory / "appendonlydir").rename(aside)

    def _end_own(self) -> None:
        self._server_lock.release()
        if self._child is not None:
            self._child.terminate()
            try:
                self._child.wait(_SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
            self._child = None
        elif self._port != 0:
            self._shut_down()

    def _shut_down(self) -> None:
        """End a server that is not our child."""
        with contextlib.suppress(redis.RedisError), self._client(self._port) as client:
            client.shutdown()
        if not wait_until(self._server_lock.acquire, _SECONDS_TO_STOP):
            raise ServiceError(f"the Valkey on port {self._port} did not stop")
        self._server_lock.release()

    def _answers(self, port: int | None) -> bool:
        """Whether the server on a port takes our password, which no other one does."""
        if port is None:
            return False
        try:
            with self._client(port) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _client(self, port: int) -> redis.Redis:
        return redis.Redis(
            host=LOOPBACK,
            port=port,
            password=self._password,
            socket_timeout=5,
            retry=Retry(NoBackoff(), 0),
        )
