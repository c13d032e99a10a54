"""An embedded Valkey (or Redis) server."""

import contextlib
import subprocess
import time
from pathlib import Path

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from bazgasht.services.account import Identity
from bazgasht.services.binaries import find_valkey
from bazgasht.services.errors import ServiceError
from bazgasht.services.processes import wait_until
from bazgasht.services.server import SECONDS_TO_ANSWER, EmbeddedServer
from bazgasht.services.state import (
    LOOPBACK,
    FileLock,
    make_directory,
    read_or_create_secrets,
    read_port,
    write_private,
)

log = structlog.get_logger()

_SECONDS_TO_STOP = 30.0
_DAMAGES = ("Bad file format reading the append only file", "AOF manifest file")

_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir .
daemonize no
appendonly yes
appendfsync everysec
aof-load-truncated yes
save ""
maxmemory-policy noeviction
"""


class ValkeyServer(EmbeddedServer):
    """Valkey with append-only files that are synchronised every second.

    Beside the owner's lock there is the server's, which the server's process itself holds for as
    long as it lives, even when its owner was killed: two servers never open one set of files.
    """

    title = "Valkey"
    seconds_to_start = 120.0
    passing_troubles = ("Address already in use",)

    def __init__(self, directory: Path, *, prefer_wheels: bool = False) -> None:
        """Nothing is touched before `start`.

        Args:
            directory: holds the data, the password, the port, the locks and the log.
            prefer_wheels: use the wheel's program even if the system has one.
        """
        super().__init__(directory)
        self._prefer_wheels = prefer_wheels
        self._server_lock = FileLock(self._directory / "server.lock")
        self._password = ""

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

    def _prepare_directory(self) -> None:
        make_directory(self._directory, 0o700)

    def _read_password(self) -> None:
        self._password = read_or_create_secrets(self._credentials, ["password"])["password"]

    def _port_to_attach_to(self) -> int | None:
        port = read_port(self._port_file)
        if port is None or not self._credentials.exists():
            return None
        self._read_password()
        return port if self._answers(port) else None

    def _start_as_owner(self) -> None:
        self._read_password()
        port = read_port(self._port_file) or 0
        if not wait_until(
            lambda: self._server_lock.acquire() or self._answers(port), SECONDS_TO_ANSWER
        ):
            raise ServiceError(
                f"a Valkey that does not answer still uses {self._directory}; end the process "
                f"that has the file server.lock there open"
            )
        if self._server_lock.is_held:
            self._launch()
            self._server_lock.release()
        else:
            self._adopt(port)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        configuration = self._directory / "valkey.conf"
        text = _CONFIGURATION.format(host=LOOPBACK, port=port, password=self._password)
        write_private(configuration, text)
        binary = find_valkey(prefer_wheels=self._prefer_wheels)
        return self._run([binary.server, configuration], Identity(), [self._server_lock.fileno()])

    def _may_pass(self, said: str) -> bool:
        if any(damage in said for damage in _DAMAGES):
            # The files hold only what the database's tables can queue again.
            aside = self._directory / f"appendonlydir.damaged-{time.time_ns()}"
            log.error("valkey_files_damaged", kept_as=str(aside))
            (self._directory / "appendonlydir").rename(aside)
            return True
        return super()._may_pass(said)

    def _answers(self, port: int) -> bool:
        # No other server takes our password.
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
            socket_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )

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
            with contextlib.suppress(redis.RedisError), self._client(self._port) as client:
                client.shutdown()
            if not wait_until(self._server_lock.acquire, _SECONDS_TO_STOP):
                raise ServiceError(f"the Valkey on port {self._port} did not stop")
            self._server_lock.release()
