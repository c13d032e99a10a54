"""Embedded servers with real processes: started, attached to, killed, taken over, stopped."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg
import pytest
import redis

from bazgasht.services import (
    PostgresServer,
    RunningServices,
    ServiceError,
    ValkeyServer,
    find_postgres,
    start_services,
)
from bazgasht.services.account import service_account
from bazgasht.services.processes import is_alive, wait_until

START_IN_ANOTHER_PROCESS = """
import sys, time
from pathlib import Path
from bazgasht.services import start_services
services = start_services(Path(sys.argv[1]), prefer_wheels=True)
urls = f"{services.app_url},{services.redis_url}"
processes = ",".join(str(server.process) for server in services.servers)
print("started", urls, processes, services.servers[0].attached, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A directory that the unprivileged account can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="bazgasht-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def services(folder: Path) -> Iterator[RunningServices]:
    with start_services(folder / "shared", prefer_wheels=True) as running:
        yield running


@pytest.fixture(scope="module")
def stopped(folder: Path) -> Path:
    """Directory of a PostgreSQL that has run and was stopped."""
    directory = folder / "a stopped one" / "postgresql"
    server = PostgresServer(directory, prefer_wheels=True)
    server.start()
    server.stop()
    return directory


@pytest.fixture
def postgres(services: RunningServices) -> PostgresServer:
    server = services.servers[0]
    assert isinstance(server, PostgresServer)
    return server


@pytest.fixture
def valkey(services: RunningServices) -> ValkeyServer:
    server = services.servers[1]
    assert isinstance(server, ValkeyServer)
    return server


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def kill(process: int | None) -> None:
    assert process is not None
    os.kill(process, signal.SIGKILL)


def spawn_starter(directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START_IN_ANOTHER_PROCESS, str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def initialisation_was_killed(postgresql: Path) -> bool:
    with spawn_starter(postgresql.parent) as starter:
        assert wait_until(lambda: any(postgresql.glob("data.new-*/data/base")), 20)
        os.killpg(starter.pid, signal.SIGKILL)
    return not (postgresql / "data").exists()


class Started(NamedTuple):
    urls: str
    processes: str
    attached: str


def wait_for_start(starter: subprocess.Popen[str]) -> Started:
    assert starter.stdout is not None
    lines = (line.split() for line in starter.stdout)
    return next(Started(*words[1:]) for words in lines if words[0] == "started")


def test_roles_are_what_row_level_security_needs(services: RunningServices) -> None:
    query = "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb"
    query += " FROM pg_roles WHERE rolname LIKE 'bazgasht%' ORDER BY 1"
    assert rows(services.app_url, query) == [
        ("bazgasht_app", True, False, False, False, False),
        ("bazgasht_owner", True, False, False, False, False),
    ]
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert rows(services.app_url, owner) == [("bazgasht_owner",)]
    with connect(services.owner_url) as connection:
        connection.execute("CREATE TABLE owned (id int)")
    with connect(services.app_url) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM owned")


def test_postgresql_is_durable_and_on_loopback(services: RunningServices) -> None:
    expected = {
        "data_checksums": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "listen_addresses": "127.0.0.1",
        "lc_collate_of_database": "C",
        "log_min_error_statement": "panic",
        "max_connections": "100",
        "max_wal_size": "1GB",
        "password_encryption": "scram-sha-256",
        "server_encoding": "UTF8",
        "shared_buffers": "128MB",
        "synchronous_commit": "on",
        "TimeZone": "UTC",
    }
    collation = expected.pop("lc_collate_of_database")
    for name, value in expected.items():
        assert rows(services.app_url, f"SHOW {name}") == [(value,)], name
    query = "SELECT datcollate FROM pg_database WHERE datname = current_database()"
    assert rows(services.app_url, query) == [(collation,)]


def test_postgresql_refuses_a_wrong_password(services: RunningServices) -> None:
    wrong = services.app_url.replace("bazgasht_app:", "bazgasht_app:wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(wrong)


def test_postgresql_runs_as_an_unprivileged_user(postgres: PostgresServer) -> None:
    account = service_account()
    expected = os.geteuid() if account is None else account.user
    assert expected != 0
    assert psutil.Process(postgres.process).uids().effective == expected


def test_valkey_keeps_an_append_only_file_behind_a_password(services: RunningServices) -> None:
    with redis.Redis.from_url(services.redis_url) as client:
        settings = client.config_get("append*", "maxmemory-policy", "save", "bind")
        assert settings["appendonly"] == "yes"
        assert settings["appendfsync"] == "everysec"
        assert settings["maxmemory-policy"] == "noeviction"
        assert settings["save"] == ""
        assert settings["bind"] == "127.0.0.1"
    address = services.redis_url.rpartition("@")[2]
    stranger = redis.Redis.from_url(f"redis://{address}")
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_secrets_are_private(services: RunningServices, folder: Path) -> None:
    secrets = []
    for name in ("postgresql", "valkey"):
        file = folder / "shared" / name / "credentials.json"
        assert file.stat().st_mode & 0o777 == 0o600
        secrets += json.loads(file.read_text()).values()
    assert len(set(secrets)) == 4
    assert not [secret for secret in secrets if secret in repr(services)]
    for server in services.servers:
        seen = " ".join(psutil.Process(server.process).cmdline())
        seen += " ".join(psutil.Process(server.process).environ().values())
        seen += (folder / "shared").joinpath("postgresql", "server.log").read_text()
        assert not [secret for secret in secrets if secret in seen]


def test_a_second_starter_attaches_and_its_stop_does_nothing(
    services: RunningServices, folder: Path
) -> None:
    second = start_services(folder / "shared", prefer_wheels=True)
    assert [server.attached for server in second.servers] == [True, True]
    assert second.app_url == services.app_url
    assert second.redis_url == services.redis_url
    second.stop()
    assert not any(server.is_running() for server in second.servers)
    assert all(server.is_running() for server in services.servers)
    assert rows(services.app_url, "SELECT 1") == [(1,)]


def test_a_server_that_was_never_started_stops_nobody(
    services: RunningServices, folder: Path
) -> None:
    PostgresServer(folder / "shared" / "postgresql").stop()
    ValkeyServer(folder / "shared" / "valkey").stop()
    assert all(server.is_running() for server in services.servers)


def test_committed_rows_survive_a_killed_postmaster(
    services: RunningServices, postgres: PostgresServer
) -> None:
    before = services.owner_url
    with closing(connect(before)) as connection:
        connection.execute("CREATE TABLE kept (id int PRIMARY KEY)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 500)")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO kept VALUES (501)")
        kill(postgres.process)
        assert wait_until(lambda: not postgres.is_running(), 5)
        assert postgres.ensure() is True
    assert services.owner_url == before == postgres.owner_url
    assert rows(services.owner_url, "SELECT count(*), max(id) FROM kept") == [(500, 500)]
    assert postgres.ensure() is False


def test_keys_older_than_a_second_survive_a_killed_valkey(
    services: RunningServices, valkey: ValkeyServer
) -> None:
    with redis.Redis.from_url(services.redis_url) as client:
        client.set("kept", "yes")
        time.sleep(1.2)
        kill(valkey.process)
        assert wait_until(lambda: not valkey.is_running(), 5)
        services.ensure()
        assert valkey.url == services.redis_url
        assert client.get("kept") == b"yes"


def test_a_clean_restart_keeps_rows_keys_and_urls(folder: Path) -> None:
    directory = folder / "restarted"
    with start_services(directory) as first:
        version = find_postgres().version
        assert rows(first.app_url, "SHOW server_version_num") == [
            (str(version[0] * 10000 + version[1]),)
        ]
        with connect(first.owner_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'مشتری' AS name")
        with redis.Redis.from_url(first.redis_url) as client:
            client.set("kept", "yes")
        processes = [server.process for server in first.servers]
    assert not any(psutil.pid_exists(process or 0) for process in processes)
    # The wheel's version is newer than the data's here and there; the data decide.
    with start_services(directory, prefer_wheels=True) as second:
        assert second.owner_url == first.owner_url
        assert rows(second.owner_url, "SELECT name FROM kept") == [("مشتری",)]
        with redis.Redis.from_url(second.redis_url) as client:
            assert client.get("kept") == b"yes"
    second.ensure()
    assert not any(server.is_running() for server in second.servers)


def test_of_two_starters_at_once_one_owns_and_killed_ones_are_taken_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = folder / "orphaned"
    with spawn_starter(directory) as one, spawn_starter(directory) as other:
        started = [wait_for_start(starter) for starter in (one, other)]
        assert started[0].urls == started[1].urls
        assert started[0].processes == started[1].processes
        assert sorted([started[0].attached, started[1].attached]) == ["False", "True"]
        for starter in (one, other):
            os.killpg(starter.pid, signal.SIGKILL)
    postmaster, orphan = map(int, started[0].processes.split(","))
    os.kill(orphan, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        # A hung server is never joined by a second one over the same files.
        patch.setattr("bazgasht.services.valkey.SECONDS_TO_ANSWER", 0.3)
        with pytest.raises(ServiceError, match="does not answer"):
            ValkeyServer(directory / "valkey", prefer_wheels=True).start()
    os.kill(orphan, signal.SIGCONT)
    with start_services(directory, prefer_wheels=True) as heir:
        assert f"{heir.app_url},{heir.redis_url}" == started[0].urls
        assert [server.attached for server in heir.servers] == [False, False]
        assert [server.process for server in heir.servers] == [postmaster, orphan]
    assert not is_alive(postmaster)
    assert not is_alive(orphan)


def test_an_initialisation_killed_midway_heals(folder: Path) -> None:
    # On a slow machine the kill may come too late; one attempt of five is in time.
    attempts = (folder / f"half{number}" / "postgresql" for number in range(5))
    postgresql = next(attempt for attempt in attempts if initialisation_was_killed(attempt))
    assert len(list(postgresql.glob("data.new-*"))) == 1
    server = PostgresServer(postgresql, prefer_wheels=True)
    server.start()
    try:
        assert rows(server.app_url, "SELECT 1") == [(1,)]
        assert not list(postgresql.glob("data.new-*"))
    finally:
        server.stop()


def test_a_process_id_reused_or_unreaped_and_a_port_taken_do_not_block(stopped: Path) -> None:
    server = PostgresServer(stopped, prefer_wheels=True)
    port = int((stopped / "port").read_text())
    with subprocess.Popen(["sleep", "0"]) as unreaped, socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        assert wait_until(lambda: psutil.Process(unreaped.pid).status() == "zombie", 5)
        for process in (os.getpid(), unreaped.pid):
            left = f"{process}\n{stopped / 'data'}\n1\n{port}\n"
            (stopped / "data" / "postmaster.pid").write_text(left)
            assert server.process is None
            server.start()
            assert rows(server.app_url, "SELECT 1") == [(1,)]
            assert f":{port}/" not in server.app_url
            server.stop()


def test_lost_credentials_are_named(stopped: Path) -> None:
    server = PostgresServer(stopped, prefer_wheels=True)
    credentials = stopped / "credentials.json"
    kept = credentials.read_text()
    credentials.unlink()
    with pytest.raises(ServiceError, match=str(credentials)):
        server.start()
    assert server.process is None
    credentials.write_text(kept)


def test_a_damaged_append_only_file_is_put_aside(folder: Path) -> None:
    directory = folder / "damaged"
    server = ValkeyServer(directory, prefer_wheels=True)
    server.start()
    server.stop()
    file = next((directory / "appendonlydir").glob("*.incr.aof"))
    file.write_bytes(b"this is no command\r\n" * 100)
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            assert client.dbsize() == 0
        aside = list(directory.glob("appendonlydir.damaged-*/*.incr.aof"))
        assert [kept.name for kept in aside] == [file.name]
    finally:
        server.stop()


def test_nothing_starts_where_urls_are_given(folder: Path) -> None:
    given = start_services(
        folder / "untouched", database_url="postgresql+psycopg://a@b/c", redis_url="redis://d/0"
    )
    assert given.owner_url == given.app_url == "postgresql+psycopg://a@b/c"
    assert given.redis_url == "redis://d/0"
    assert given.servers == ()
    given.ensure()
    given.stop()
    assert not (folder / "untouched").exists()


def test_a_failing_second_service_stops_the_first(
    stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_nothing(*, prefer_wheels: bool) -> None:
        raise ServiceError("no valkey-server")

    monkeypatch.setattr("bazgasht.services.valkey.find_valkey", find_nothing)
    with pytest.raises(ServiceError, match="no valkey-server"):
        start_services(stopped.parent, prefer_wheels=True)
    assert PostgresServer(stopped).process is None
