"""What a new PostgreSQL data directory is given: its encoding, its database and its roles."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from bazgasht.services.account import Account
from bazgasht.services.binaries import PostgresBinaries
from bazgasht.services.errors import ServiceError
from bazgasht.services.processes import server_environment
from bazgasht.services.state import sync_directory

SUPERUSER = "postgres"
OWNER = "bazgasht_owner"
APP = "bazgasht_app"
DATABASE = "bazgasht"
ROLES = (SUPERUSER, OWNER, APP)

# Given on the command line, where neither a file nor ALTER SYSTEM can overrule them. Statements
# and details of errors hold customers' data and therefore stay out of the server's log.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_wal_size": "1GB",
    # A history grows from nothing within minutes; plans made for empty tables are slow ones.
    "autovacuum_naptime": "10s",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def command(binaries: PostgresBinaries, data: Path, port: int) -> list[str]:
    """Command line of a server over a data directory."""
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    return [str(binaries.postgres), "-D", str(data), "-p", str(port), *settings]


def major_version(data: Path) -> int | None:
    """Major version of the PostgreSQL that made a data directory, None if there is none yet."""
    try:
        return int((data / "PG_VERSION").read_text("ascii"))
    except FileNotFoundError:
        return None


def initialise(
    binaries: PostgresBinaries, data: Path, account: Account | None, password: str
) -> None:
    """Make a data directory whole or not at all: beside its place first, then renamed.

    Args:
        binaries: whose `initdb` is run.
        data: the directory to make; what an earlier attempt left beside it is removed.
        account: who shall own it, None for ourselves.
        password: of the superuser.

    Raises:
        ServiceError: `initdb` failed; the message has its output.
    """
    for abandoned in data.parent.glob(f"{data.name}.new-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(dir=data.parent, prefix=f"{data.name}.new-"))
    try:
        _run_initdb(binaries, scratch, account, password)
        (scratch / "data").rename(data)
        sync_directory(data.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run_initdb(
    binaries: PostgresBinaries, scratch: Path, account: Account | None, password: str
) -> None:
    password_file = scratch / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password, "ascii")
    if account is not None:
        for path in (scratch, password_file):
            os.chown(path, account.user, account.group)
    locale = ["--locale=C"]
    if binaries.version[0] >= 17:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    arguments = [
        *(f"--pgdata={scratch / 'data'}", f"--username={SUPERUSER}", f"--pwfile={password_file}"),
        *("--encoding=UTF8", *locale, "--data-checksums"),
        *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256"),
    ]
    result = subprocess.run(
        [binaries.initdb, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=scratch,
        env=server_environment(),
        **(account.identity() if account is not None else {}),
    )
    if result.returncode != 0:
        output = (result.stdout + result.stderr)[-2000:].strip()
        raise ServiceError(f"{binaries.initdb} could not make a data directory: {output}")


def ensure_database(connection: psycopg.Connection, secrets: dict[str, str]) -> None:
    """Make the two roles and the database, or bring those there are to what they should be.

    Args:
        connection: of the superuser, in autocommit.
        secrets: passwords by role.
    """
    for role in (OWNER, APP):
        _ensure_role(connection, role, secrets[role])
    names = {"database": sql.Identifier(DATABASE), "owner": sql.Identifier(OWNER)}
    names["app"] = sql.Identifier(APP)
    if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
        connection.execute(sql.SQL("CREATE DATABASE {database} OWNER {owner}").format(**names))
    for grant in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {database} TO {app}",
    ):
        connection.execute(sql.SQL(grant).format(**names))


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    # Only the verifier is sent, so that the password itself can reach no log of the server.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL(
            "ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS "
            "PASSWORD {}"
        ).format(sql.Identifier(role), sql.Literal(verifier.decode()))
    )


def _exists(connection: psycopg.Connection, query: LiteralString, name: str) -> bool:
    return connection.execute(query, (name,)).fetchone() is not None
