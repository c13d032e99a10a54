"""PostgreSQL and Valkey, embedded: found, started, watched and stopped."""

from bazgasht.services.account import default_data_directory
from bazgasht.services.binaries import find_postgres, find_valkey
from bazgasht.services.errors import ServiceError
from bazgasht.services.postgres import PostgresServer
from bazgasht.services.running import RunningServices, start_services
from bazgasht.services.valkey import ValkeyServer

__all__ = [
    "PostgresServer",
    "RunningServices",
    "ServiceError",
    "ValkeyServer",
    "default_data_directory",
    "find_postgres",
    "find_valkey",
    "start_services",
]
