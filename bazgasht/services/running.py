"""The services the product needs, started where no URL says that they run elsewhere."""

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from bazgasht.services.postgres import PostgresServer
from bazgasht.services.valkey import ValkeyServer


@dataclass(frozen=True)
class RunningServices:
    """URLs of the services, and the embedded servers behind them.

    Attributes:
        owner_url: PostgreSQL as the role that owns the database, for migrations.
        app_url: PostgreSQL as the role that owns nothing, for everything else.
        redis_url: Valkey or Redis.
        servers: those that are embedded; a service given by its URL has none here.
    """

    owner_url: str = field(repr=False)
    app_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    servers: tuple[PostgresServer | ValkeyServer, ...]

    def ensure(self) -> None:
        """Start an embedded server again that ended though nobody stopped it, where it was.

        Raises:
            ServiceError: it does not start; asking again later may help.
        """
        for server in self.servers:
            server.ensure()

    def stop(self) -> None:
        """Stop the embedded servers that are ours, the last started first."""
        for server in reversed(self.servers):
            server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_services(
    data_directory: Path,
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
    prefer_wheels: bool = False,
) -> RunningServices:
    """Start the services that have no URL, with their data under a directory.

    Args:
        data_directory: gets the folders `postgresql` and `valkey`.
        database_url: a PostgreSQL that runs elsewhere; it then serves as `owner_url` and as
            `app_url`, so give the app's role where row-level security shall hold.
        redis_url: a Redis or Valkey that runs elsewhere.
        prefer_wheels: use the wheels' programs even if the system has some.

    Raises:
        ServiceError: a server cannot be found or started; none is left running then.
    """
    servers: list[PostgresServer | ValkeyServer] = []
    try:
        if database_url is None:
            postgres = PostgresServer(data_directory / "postgresql", prefer_wheels=prefer_wheels)
            servers.append(postgres)
            postgres.start()
            owner_url, app_url = postgres.owner_url, postgres.app_url
        else:
            owner_url = app_url = database_url
        if redis_url is None:
            valkey = ValkeyServer(data_directory / "valkey", prefer_wheels=prefer_wheels)
            servers.append(valkey)
            valkey.start()
            redis_url = valkey.url
    except BaseException:
        for server in reversed(servers):
            server.stop()
        raise
    return RunningServices(owner_url, app_url, redis_url, tuple(servers))
