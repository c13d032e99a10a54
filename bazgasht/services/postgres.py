"""An embedded PostgreSQL server: started, attached to, taken over and stopped."""

import subprocess
import threading
import time
from pathlib import Path

import psycopg
import structlog

from bazgasht.services import postgres_setup as setup
from bazgasht.services import postmaster
from bazgasht.services.account import SYSTEM_DIRECTORY, require_reachable, service_account
from bazgasht.services.binaries import PostgresBinaries, find_postgres, make_reachable
from bazgasht.services.errors import ServiceError
from bazgasht.services.processes import (
    end_of_log,
    open_log,
    server_environment,
    wait_until,
)
from bazgasht.services.state import (
    LOOPBACK,
    FileLock,
    choose_port,
    make_directory,
    read_or_create_secrets,
)

log = structlog.get_logger()

_SECONDS_TO_ANSWER = 60.0
_SECONDS_TO_RECOVER = 600.0
_SECONDS_FOR_PASSING_TROUBLE = 30.0

# What passes by itself: backends of a killed server still winding up, a port just taken.
_PASSING = ("still in use", "could not bind", "could not create any TCP/IP sockets")


class PostgresServer:
    """PostgreSQL over a data directory of its own, on loopback.

    Whoever starts it first holds a lock for as long as it lives and owns the server; others
    attach to it. A server left running by an owner that was killed is taken over by the next
    one to start, so that a clean stop leaves nothing behind.
    """

    def __init__(
        self, directory: Path, *, prefer_wheels: bool = False, copies: Path | None = None
    ) -> None:
        """Nothing is touched before `start`.

        Args:
            directory: holds the data, the credentials, the port, the lock and the log.
            prefer_wheels: use the wheel's programs even if the system has some.
            copies: where programs go that the server's account cannot run in their place.
        """
        self._directory = directory.resolve()
        self._data = self._directory / "data"
        self._log = self._directory / "server.log"
        self._credentials = self._directory / "credentials.json"
        self._account = service_account(self._data)
        self._prefer_wheels = prefer_wheels
        self._copies = copies or (SYSTEM_DIRECTORY if self._account else self._directory)
        self._lock = FileLock(self._directory / "lock")
        self._turn = threading.RLock()
        self._child: subprocess.Popen[bytes] | None = None
        self._secrets: dict[str, str] = {}
        self._port = 0
        self.attached = False

    @property
    def owner_url(self) -> str:
        """URL of the database as the role that owns it, for migrations."""
        return self._url(setup.OWNER, setup.DATABASE)

    @property
    def app_url(self) -> str:
        """URL of the database as the role that owns nothing, for everything else."""
        return self._url(setup.APP, setup.DATABASE)

    @property
    def superuser_url(self) -> str:
        """URL of the maintenance database as the superuser."""
        return self._url(setup.SUPERUSER, "postgres")

    @property
    def process(self) -> int | None:
        """Process id of the server that runs over our data, or None."""
        return postmaster.running_process(self._data)

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
            ServiceError: it cannot be found, initialised or started; the message says why.
        """
        with self._turn:
            if self.is_running():
                return
            self._prepare_directory()
            self.attached = False
            if not wait_until(self._own_or_attach, _SECONDS_TO_ANSWER):
                raise ServiceError(
                    f"another process holds {self._directory / 'lock'}, but its PostgreSQL did "
                    f"not answer within {_SECONDS_TO_ANSWER:.0f} s"
                )
            if not self.attached:
                self._start_as_owner()

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

    def _url(self, role: str, database: str) -> str:
        if self._port == 0:
            raise ServiceError("PostgreSQL is not started")
        password = self._secrets[role]
        return f"postgresql+psycopg://{role}:{password}@{LOOPBACK}:{self._port}/{database}"

    def _prepare_directory(self) -> None:
        make_directory(self._directory, 0o755 if self._account else 0o700)
        if self._account is not None:
            require_reachable(self._directory, self._account)

    def _own_or_attach(self) -> bool:
        if self._lock.acquire():
            return True
        port = postmaster.port_in_use(self._data)
        if port is not None and self._credentials.exists():
            self._secrets = read_or_create_secrets(self._credentials, setup.ROLES)
            # The app's role can connect only once the owner of the server has made it all.
            self.attached = self._lets_in(port, setup.APP, setup.DATABASE)
        if self.attached:
            self._port, self._child = port or 0, None
        return self.attached

    def _start_as_owner(self) -> None:
        try:
            self._secrets = read_or_create_secrets(self._credentials, setup.ROLES)
            if not self._take_over():
                self._launch(self._prepare_data())
            with self._connect(self._port, setup.SUPERUSER, "postgres") as connection:
                setup.ensure_database(connection, self._secrets)
        except BaseException:
            self._end_own()
            self._lock.release()
            raise

    def _take_over(self) -> bool:
        """Adopt a server whose owner was killed; False if there is none or it had to be ended."""
        process = self.process
        if process is None:
            return False
        log.warning("postgresql_taken_over", process=process)
        wait_until(lambda: self.process is None or self._answers(), _SECONDS_TO_ANSWER)
        if self._answers():
            self._port, self._child = postmaster.port_in_use(self._data) or 0, None
            return True
        postmaster.end(process)
        return False

    def _prepare_data(self) -> PostgresBinaries:
        """The programs to run the data with, which are made if there are none."""
        made_by = setup.major_version(self._data)
        found = find_postgres(prefer_wheels=self._prefer_wheels, major=made_by)
        binaries = make_reachable(found, self._account, self._copies)
        if self._account is not None:
            log.info("postgresql_runs_unprivileged", user=self._account.name)
        if made_by is None:
            superuser = self._secrets[setup.SUPERUSER]
            setup.initialise(binaries, self._data, self._account, superuser)
        postmaster.forget(self._data)
        return binaries

    def _launch(self, binaries: PostgresBinaries) -> None:
        deadline = time.monotonic() + _SECONDS_FOR_PASSING_TROUBLE
        while True:
            port = self._port or choose_port(self._directory / "port")
            said_before = self._log.stat().st_size if self._log.exists() else 0
            self._child = self._spawn(setup.command(binaries, self._data, port))
            if self._becomes_ready(self._child):
                self._port = port
                return
            said = end_of_log(self._log, said_before)
            if not any(trouble in said for trouble in _PASSING) or time.monotonic() > deadline:
                raise ServiceError(f"PostgreSQL did not start; {self._log} ends with: {said}")
            time.sleep(0.2)

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with open_log(self._log) as output:
            # A session of its own keeps a terminal's Ctrl-C from the server.
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._directory,
                env=server_environment(),
                start_new_session=True,
                **(self._account.identity() if self._account else {}),
            )

    def _becomes_ready(self, child: subprocess.Popen[bytes]) -> bool:
        """Wait through recovery; False if the server ended instead."""
        answered = wait_until(
            lambda: child.poll() is not None or self._answers(), _SECONDS_TO_RECOVER
        )
        if not answered:
            raise ServiceError(f"PostgreSQL did not answer within {_SECONDS_TO_RECOVER:.0f} s")
        return child.poll() is None

    def _end_own(self) -> None:
        if self._child is None:
            process = self.process
        else:
            process = self._child.pid if self._child.poll() is None else None
        if process is not None:
            postmaster.end(process)
        if self._child is not None:
            self._child.wait()
            self._child = None

    def _answers(self) -> bool:
        """Whether the server that runs over our data lets the superuser in."""
        port = postmaster.port_in_use(self._data)
        return port is not None and self._lets_in(port, setup.SUPERUSER, "postgres")

    def _lets_in(self, port: int, role: str, database: str) -> bool:
        try:
            self._connect(port, role, database).close()
        except psycopg.OperationalError as error:
            # The other roles are refused only until the owner of the server has made them.
            if role == setup.SUPERUSER and "password authentication failed" in str(error):
                raise ServiceError(
                    f"PostgreSQL does not take the passwords in {self._credentials}; put back "
                    f"the file that belongs to the data"
                ) from None
            return False
        return True

    def _connect(self, port: int, role: str, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=LOOPBACK,
            port=port,
            user=role,
            password=self._secrets[role],
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )
